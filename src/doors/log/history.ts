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
import type { LogEvent, ReplayEvent, Submission } from '../../core/event.ts';
import { type LogLines, openLogLines } from '../../core/logs/log-lines.ts';
import { domainOf } from '../../formats/message/address.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';

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
  #lines: LogLines | undefined;

  take(line: string, context: HistoryContext): readonly ReplayEvent[] {
    this.#lines ??= openLogLines(context);
    return this.#seen(this.#lines.take(line));
  }

  end(): readonly ReplayEvent[] {
    const rest = this.#seen(this.#lines?.end() ?? []);
    return [...rest, ...this.#due(Number.POSITIVE_INFINITY as Millis)];
  }

  #seen(events: readonly LogEvent[]): readonly ReplayEvent[] {
    for (const event of events) {
      if (event.at > this.#newest) this.#newest = event.at;
      this.#event(event);
    }
    return events.length === 0 ? [] : this.#due((this.#newest - waitMs) as Millis);
  }

  #event(event: LogEvent): void {
    switch (event.kind) {
      case 'login':
        this.#login(event);
        break;
      case 'delivery':
        this.#delivery(event);
        break;
      case 'queued':
        this.#inQueue(event);
        break;
      case 'removed':
        if (event.how === 'removed') this.#open.delete(event.queueId);
        break;
      case 'entered':
        if (event.login !== undefined) {
          this.#begin(event.queueId, event.login, event.client, event.at);
        } else if (event.uid !== undefined) {
          const account = localAccount(event.sender ?? '');
          this.#begin(event.queueId, account, '', event.at, event.uid);
        }
        break;
      default:
    }
  }

  #login(event: Extract<LogEvent, { kind: 'login' }>): void {
    const { account, at, client, ok } = event;
    if (account === undefined) return;
    for (let nth = 0; nth < Math.min(event.times, timesMax); nth++) {
      this.#wait({ kind: 'login', at, account, client, ok });
    }
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

  #inQueue({ at, queueId, sender }: Extract<LogEvent, { kind: 'queued' }>): void {
    const mail = this.#open.get(queueId);
    if (mail === undefined || mail.isQueued) return; // delivery is tried again
    mail.isQueued = true;
    mail.at = at;
    mail.sender = sender;
    this.#wait(mail);
  }

  #delivery(event: Extract<LogEvent, { kind: 'delivery' }>): void {
    const { at, original: key, queueId, outcome, recipient, reply, requeuedAs, service } = event;
    const mail = this.#open.get(queueId);
    if (mail === undefined) return;
    const own = domainOf(mail.account);
    const isLocal = localDelivery.test(service) || (own !== '' && domainOf(key) === own);
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
