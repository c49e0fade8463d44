/**
 * Turns old mail logs into the events that `postern replay` replays: submissions, logins,
 * recipients that do not exist.
 *
 * Postfix logs one message in several lines: who submitted it, when it entered the queue, and each
 * recipient when delivery was first tried. So a message waits here for its recipients for 15
 * minutes of log time, and all later events wait with it. Logs have no subject, From: and body; the
 * guard judges without them.
 */

import type { Account, DefaultDomain } from '../../core/account-name.ts';
import { localAccount } from '../../core/account-name.ts';
import type { LogFact, ReplayEvent, Submission } from '../../core/event.ts';
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import { dovecotFact } from './dovecot.ts';
import { postfixFact } from './postfix.ts';
import { parseSyslog, type SyslogLine, timeOf } from './syslog-line.ts';

export type HistoryContext = {
  readonly defaultDomain: DefaultDomain;
  /** When the log was last written to. Needed because traditional time stamps have no year. */
  readonly writtenAt: Millis;
};

export type LogHistory = {
  /** Takes a line; returns the events that are complete now, in order of time. */
  take(line: string, context: HistoryContext): readonly ReplayEvent[];
  /** Returns the remaining events. */
  end(): readonly ReplayEvent[];
};

const waitMs = 15 * minuteMs;
/**
 * Limits of messages whose lines are being joined, and of waiting events. Over the limit, the
 * oldest is passed on without its missing lines.
 */
const openMax = 200_000;
const waitingMax = 500_000;
/** Failed logins that one line may count for. */
const timesMax = 100;

/** Every line that matters has one of these; looked for first, because most lines have none. */
const telling = /status=|sasl_username=|SASL |-login: | uid=|, nrcpt=|: removed/;
const queued = /^([0-9A-Za-z]{5,32}): from=<(.*)>, size=\d+, nrcpt=\d+ /;
const submitted = /^([0-9A-Za-z]{5,32}): (?:client=|uid=(\d+) from=<(.*?)>)/;
const removed = /^([0-9A-Za-z]{5,32}): removed/;
/** Postfix's programs that deliver on this server. */
const localDelivery = /\/(?:local|virtual|lmtp|pipe)$/;

type Mail = {
  readonly kind: 'mail';
  readonly id: string;
  at: Millis;
  readonly account: Account;
  readonly client: string;
  /** Of mail of sendmail(1). */
  readonly uid: number | undefined;
  sender: string;
  readonly outside: Set<string>;
  readonly local: Set<string>;
  isQueued: boolean;
};
type Waiting = Mail | ReplayEvent;

export function openHistory(): LogHistory {
  return new JoinedLogs();
}

class JoinedLogs implements LogHistory {
  /** By queue id, oldest first. */
  readonly #open = new Map<string, Mail>();
  /** In order of time. */
  #waiting: Waiting[] = [];
  /** How many of the waiting events were handed out. */
  #gone = 0;
  #newest = 0 as Millis;

  take(line: string, context: HistoryContext): readonly ReplayEvent[] {
    if (!telling.test(line)) return [];
    const parts = parseSyslog(line);
    if (parts === undefined) return [];
    const at = timeOf(parts.stamp, context.writtenAt) as Millis;
    if (Number.isNaN(at)) return [];
    if (at > this.#newest) this.#newest = at;
    this.#line(parts, at, context.defaultDomain);
    return this.#due((this.#newest - waitMs) as Millis);
  }

  end(): readonly ReplayEvent[] {
    return this.#due(Number.POSITIVE_INFINITY as Millis);
  }

  #line({ tag, text, times }: SyslogLine, at: Millis, defaultDomain: DefaultDomain): void {
    const fact =
      tag === 'dovecot'
        ? dovecotFact(text, times, defaultDomain)
        : postfixFact(tag, text, times, defaultDomain);
    if (fact?.kind === 'login') this.#login(fact, text, at);
    else if (fact?.kind === 'delivery') this.#delivery(fact, tag, at);
    else if (fact === undefined && tag.endsWith('/pickup')) this.#pickedUp(text, at);
    else if (fact === undefined && tag.endsWith('/qmgr')) this.#inQueue(text, at);
  }

  #login(fact: Extract<LogFact, { kind: 'login' }>, text: string, at: Millis): void {
    const { account, client, ok } = fact;
    if (account === undefined) return;
    const id = submitted.exec(text)?.[1];
    if (id !== undefined) this.#begin(id, account, client, at);
    for (let nth = 0; nth < Math.min(fact.times, timesMax); nth++) {
      this.#wait({ kind: 'login', at, account, client, ok });
    }
  }

  #pickedUp(text: string, at: Millis): void {
    const found = submitted.exec(text);
    if (found?.[1] === undefined || found[3] === undefined) return;
    this.#begin(found[1], localAccount(found[3]), '', at, Number(found[2]));
  }

  #begin(id: string, account: Account, client: string, at: Millis, uid?: number): void {
    this.#open.delete(id); // Postfix uses short queue ids again
    if (this.#open.size >= openMax) {
      const oldest = this.#open.keys().next();
      if (oldest.done !== true) this.#open.delete(oldest.value);
    }
    const lists = { outside: new Set<string>(), local: new Set<string>() };
    const mail: Mail = {
      kind: 'mail',
      id,
      at,
      account,
      client,
      uid,
      sender: '',
      isQueued: false,
      ...lists,
    };
    this.#open.set(id, mail);
  }

  #inQueue(text: string, at: Millis): void {
    const found = queued.exec(text);
    if (found === null) {
      const id = removed.exec(text)?.[1];
      if (id !== undefined) this.#open.delete(id);
      return;
    }
    const mail = this.#open.get(found[1] ?? '');
    if (mail === undefined || mail.isQueued) return; // delivery is tried again
    mail.isQueued = true;
    mail.at = at;
    mail.sender = addressKey(found[2] ?? '');
    this.#wait(mail);
  }

  #delivery(fact: Extract<LogFact, { kind: 'delivery' }>, tag: string, at: Millis): void {
    const { original: key, queueId, outcome, recipient, reply, requeuedAs } = fact;
    const mail = this.#open.get(queueId);
    if (mail === undefined) return;
    const own = domainOf(mail.account);
    const isLocal = localDelivery.test(tag) || (own !== '' && domainOf(key) === own);
    if (key !== '') (isLocal ? mail.local : mail.outside).add(key);
    // A filter returns the message under a new queue id; later lines still belong to this message.
    if (requeuedAs !== '') this.#open.set(requeuedAs, mail);
    if (outcome !== 'bounced') return;
    this.#wait({ kind: 'delivery', at, id: mail.id, recipient, outcome, reply });
  }

  /**
   * Inserts in order of time, searching from the end: lines of several programs are out of order.
   */
  #wait(event: Waiting): void {
    const waiting = this.#waiting;
    let place = waiting.length;
    while (place > this.#gone && (waiting[place - 1]?.at ?? 0) > event.at) place--;
    waiting.splice(place, 0, event);
  }

  #due(until: Millis): readonly ReplayEvent[] {
    const due: ReplayEvent[] = [];
    const waiting = this.#waiting;
    for (; this.#gone < waiting.length; this.#gone++) {
      const next = waiting[this.#gone];
      if (next === undefined) break;
      if (next.at > until && waiting.length - this.#gone <= waitingMax) break;
      const event = next.kind === 'mail' ? this.#submission(next) : next;
      if (event !== undefined) due.push(event);
    }
    if (this.#gone > 1_000 && this.#gone * 2 > waiting.length) {
      this.#waiting = waiting.slice(this.#gone);
      this.#gone = 0;
    }
    return due;
  }

  #submission(mail: Mail): Submission | undefined {
    const { id, at, account, client, uid, sender } = mail;
    if (mail.outside.size + mail.local.size === 0) return undefined; // dropped, or still on hold
    const lists = { outside: [...mail.outside], local: [...mail.local] };
    return {
      kind: 'send',
      id,
      at,
      account,
      sender,
      ...lists,
      ...(client === '' ? {} : { client }),
      ...(uid === undefined ? {} : { uid }),
    };
  }
}
