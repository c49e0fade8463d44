/**
 * Turns what a mail log says into the events that `postern replay` judges: submissions, logins,
 * recipients that do not exist.
 *
 * A message is judged at the time of its hand-over, with all its recipients, however late the log
 * names them. So events wait, at most `waitingMax` of them, and leave in order of time. This also
 * sorts hosts with other clocks and files in any order. A message that must leave before its last
 * recipient is known gets recipients without a name, as many as the mail server counted.
 *
 * Logs have no subject, From: and body; the guard judges without them.
 */
import type { Account } from '../../core/account-name.ts';
import type { LogEvent, LoginSeen, ReplayEvent, Submission } from '../../core/event.ts';
import { openJoin } from '../../core/fate/join.ts';
import type { DeliveryEvent, JoinedMail } from '../../core/fate/joined-mail.ts';
import type { JoinLimits, MessageJoin } from '../../core/fate/message-join.ts';
import type { RecipientState } from '../../core/fate/recipients.ts';
import { SeenOnce } from '../../core/fate/seen-once.ts';
import { manners } from '../../core/logs/client-manners.ts';
import { domainOf } from '../../formats/message/address.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { EventHeap } from './event-heap.ts';

/** What the log told of and was not judged, by reason. */
export type LeftOut = {
  /** Handed over before the log begins: it is not known who did. */
  startMissing: number;
  /** The client left, or the message never came into the queue. */
  neverQueued: number;
  refused: number;
  /** Never left the hold queue, so no line names its recipients. */
  onHold: number;
  twice: number;
  /** So much older than what was read before that it cannot be judged in order. */
  outOfOrder: number;
  /** More were in flight than are followed. */
  evicted: number;
};

export type LoggedEvents = {
  /** Takes a fact; returns the events that are due now, in order of time. */
  take(event: LogEvent): readonly ReplayEvent[];
  /** The remaining events. */
  end(): Iterable<ReplayEvent>;
  leftOut(): LeftOut;
  /** Mail that came in from elsewhere. Postern does not judge it. */
  cameIn(): number;
  /** Messages that were judged with recipients that no line names, and how many of these. */
  unnamed(): { readonly messages: number; readonly recipients: number };
};

/** Some 150 MB. */
const waitingMax = 200_000;
const joinLimits: JoinLimits = { openMax: 200_000, seenMax: 1_000_000 };
/** Failed logins that one line may count for. */
const timesMax = 100;
/** Recipients without a name of one message. */
const unnamedMax = 10_000;
/** A host's own clock goes back no further than this; then other files come. */
const backMs = hourMs;
/** What is older than the newest event of its host by this much may have been read before. */
const behindMs = minuteMs;
/** Between the line that names the account of a failed login and the one that reports it. */
const pairMs = 15 * secondMs;
const mismatchesMax = 1_000;
/** Names of accounts and clients: some 10 MB. */
const namesMax = 50_000;

type Waiting =
  | { readonly kind: 'mail'; readonly mail: JoinedMail }
  | { readonly kind: 'delivery'; readonly mail: JoinedMail; readonly delivery: DeliveryEvent }
  | LoginSeen;

/** The clock of one host. `ahead` is added to its times, so that they follow those of others. */
type HostClock = { newest: Millis; ahead: number; readonly seed: number };

export function openLoggedEvents(
  limits: { readonly waitingMax: number } = { waitingMax },
): LoggedEvents {
  return new Logged(limits.waitingMax);
}

class Logged implements LoggedEvents {
  readonly #waitingMax: number;
  readonly #join: MessageJoin;
  readonly #heap = new EventHeap<Waiting>();
  readonly #clocks = new Map<string, HostClock>();
  readonly #mismatches = new RecentMap<string, Extract<LogEvent, { kind: 'mismatch' }>>(
    mismatchesMax,
  );
  readonly #logins = new SeenOnce(joinLimits.seenMax);
  readonly #names = new RecentMap<string, string>(namesMax);
  readonly #leftOut: Omit<LeftOut, 'twice' | 'evicted' | 'neverQueued'> = {
    startMissing: 0,
    refused: 0,
    onHold: 0,
    outOfOrder: 0,
  };
  readonly #unnamed = { messages: 0, recipients: 0 };
  #cameIn = 0;
  /** The time of the newest event that was handed out. */
  #handedOut = 0 as Millis;

  constructor(limit: number) {
    this.#waitingMax = limit;
    this.#join = openJoin(
      {
        message: (mail, isNew) => {
          if (isNew) this.#mail(mail);
        },
        attempt: (mail, _, delivery) => {
          if (delivery === undefined || delivery.outcome === 'sent') return;
          // A try to which no other server answered says nothing about the sender.
          if (delivery.outcome === 'deferred' && delivery.relay !== 'other') return;
          if (mail.account === undefined) return;
          if (mail.isForeign(delivery.queueId)) return;
          this.#wait({ kind: 'delivery', mail, delivery }, delivery.at, mail.host);
        },
        merged: () => undefined, // left out when its turn comes
      },
      joinLimits,
    );
  }

  take(event: LogEvent): readonly ReplayEvent[] {
    if (event.kind === 'login') this.#login(event);
    else if (event.kind === 'mismatch') this.#mismatches.set(event.client, event);
    else this.#join.seen(event);
    return this.#heap.size > this.#waitingMax ? this.#due() : none;
  }

  *end(): Generator<ReplayEvent> {
    this.#join.end();
    while (this.#heap.size > 0) {
      const event = this.#next();
      if (event !== undefined) yield event;
    }
  }

  leftOut(): LeftOut {
    return { ...this.#leftOut, ...this.#join.counts };
  }

  cameIn(): number {
    return this.#cameIn;
  }

  unnamed(): { readonly messages: number; readonly recipients: number } {
    return this.#unnamed;
  }

  #mail(mail: JoinedMail): void {
    if (mail.account !== undefined) this.#wait({ kind: 'mail', mail }, mail.at, mail.host);
    else if (mail.origin === 'client') this.#cameIn++;
    else if (mail.origin === 'missing') this.#leftOut.startMissing++;
  }

  #login(event: Extract<LogEvent, { kind: 'login' }>): void {
    const { at, client, host = '', ok } = event;
    const account = event.account ?? (ok ? undefined : this.#accountOfFailure(event));
    if (account === undefined) return;
    const clock = this.#clock(host, at);
    const seed = (at % 0x7fffffff) ^ clock.seed ^ (ok ? event.times : -event.times);
    const hash = hash53(account, hash53(client, seed));
    const isBehind = at < clock.newest - behindMs;
    if (isBehind && this.#logins.has(hash)) return;
    this.#logins.add(hash);
    const login: LoginSeen = {
      kind: 'login',
      at,
      account: this.#name(account) as Account,
      client: this.#name(client),
      ok,
      ...manners(event),
    };
    for (let nth = 0; nth < Math.min(event.times, timesMax); nth++) this.#wait(login, at, host);
  }

  /** The account whose login failed, for mail servers that do not name it. */
  #accountOfFailure({ at, client }: LogEvent & { readonly client: string }): Account | undefined {
    const found = this.#mismatches.get(client);
    return found !== undefined && Math.abs(at - found.at) <= pairMs ? found.account : undefined;
  }

  /** One string for equal ones, without the line that it was cut from. */
  #name(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    this.#names.set(text, text);
    return text;
  }

  #clock(host: string, at: Millis): HostClock {
    let clock = this.#clocks.get(host);
    if (clock === undefined) {
      clock = { newest: at, ahead: 0, seed: hash53(host, 0) % 0x7fffffff };
      this.#clocks.set(host, clock);
    } else if (at > clock.newest) clock.newest = at;
    return clock;
  }

  #wait(value: Waiting, logged: Millis, host: string): void {
    const clock = this.#clock(host, logged);
    let at = (logged + clock.ahead) as Millis;
    if (at < this.#handedOut) {
      if (logged < clock.newest - backMs) {
        if (value.kind === 'mail') this.#leftOut.outOfOrder++;
        return;
      }
      // The clock of this host is behind: its events follow as they arrive.
      clock.ahead += this.#handedOut - at;
      at = this.#handedOut;
    }
    this.#heap.add(at, value);
  }

  #due(): readonly ReplayEvent[] {
    const due: ReplayEvent[] = [];
    while (this.#heap.size > this.#waitingMax) {
      const event = this.#next();
      if (event !== undefined) due.push(event);
    }
    return due;
  }

  #next(): ReplayEvent | undefined {
    const next = this.#heap.take();
    if (next === undefined) return undefined;
    const { at, value } = next;
    this.#handedOut = at;
    if (value.kind === 'mail') return this.#submission(value.mail, at);
    if (value.kind === 'login') return value.at === at ? value : { ...value, at };
    const { mail, delivery } = value;
    const { outcome, recipient, relay, reply } = delivery;
    const mxHost = relay === 'other' ? delivery.mxHost : '';
    return { kind: 'delivery', at, id: mail.queueId, recipient, outcome, reply, mxHost };
  }

  #submission(mail: JoinedMail, at: Millis): Submission | undefined {
    const { account, queueId, sender, uid } = mail;
    if (mail.state === 'merged' || account === undefined) return undefined;
    if (mail.isRefused) {
      this.#leftOut.refused++;
      return undefined;
    }
    const lists = this.#recipients(mail, account);
    if (lists.outside.length + lists.local.length === 0) {
      this.#leftOut.onHold++;
      return undefined;
    }
    const client = mail.firstClient === '' ? mail.client : mail.firstClient;
    return {
      kind: 'send',
      id: queueId,
      at,
      account,
      sender,
      ...lists,
      ...(client === '' ? {} : { client }),
      ...(uid === undefined ? {} : { uid }),
      ...traitsOf(mail),
    };
  }

  #recipients(
    mail: JoinedMail,
    account: Account,
  ): { readonly outside: readonly string[]; readonly local: readonly string[] } {
    const own = domainOf(account);
    const states = mail.recipients.all();
    const [only] = states;
    if (only !== undefined && states.length === 1 && mail.recipientCount <= 1) {
      const { isForeign, original } = only;
      // Most messages have one recipient.
      if (!isForeign && original !== '') {
        return isHere(only, own)
          ? { outside: [], local: [original] }
          : { outside: [original], local: [] };
      }
    }
    const outside = new Set<string>();
    const local = new Set<string>();
    for (const state of states) {
      const { isForeign, original } = state;
      if (isForeign || original === '') continue;
      (isHere(state, own) ? local : outside).add(original);
    }
    const unnamed = Math.min(mail.unknownRecipients(), unnamedMax);
    if (unnamed > 0) {
      this.#unnamed.messages++;
      this.#unnamed.recipients += unnamed;
    }
    for (let nth = 1; nth <= unnamed; nth++) {
      outside.add(`unnamed-${nth}@${mail.queueId.toLowerCase()}.invalid`);
    }
    return { outside: [...outside], local: [...local] };
  }
}

/** What a log tells of the client; it shows nothing of the text. */
function traitsOf({ auth, tls }: JoinedMail): Pick<Submission, 'traits'> {
  return auth === undefined && tls === undefined ? {} : { traits: manners({ auth, tls }) };
}

/** A recipient of this server, or of the domain of the account. */
function isHere({ isLocal, original }: RecipientState, own: string): boolean {
  return isLocal || (own !== '' && domainOf(original) === own);
}

const none: readonly ReplayEvent[] = [];
