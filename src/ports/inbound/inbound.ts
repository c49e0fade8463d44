/**
 * Mail that comes in and is not delivered at once: what waits in the mail server's hold queue, what
 * is in quarantine, what was put off; and what is known about those who write to us. Types only.
 */
import type { InboundDayCount, InboundDaySum } from '../../core/inbound/day-counts.ts';
import type {
  CountedKind,
  Deferral,
  Known,
  SentKind,
} from '../../core/inbound/greylist/knowledge.ts';
import type { Millis } from '../../lib/time.ts';

/**
 * `observed`: it was delivered at once, and would have waited; `observed-junk`: it would have got
 * the field for Junk. `junk`: delivered at once with that field. `waiting` and
 * `quarantined` messages are in the hold queue.
 * `expired`: deleted after its time in quarantine. `gone`: somebody else took it out of the queue.
 */
export const inboundStates = [
  'observed',
  'observed-junk',
  'junk',
  'waiting',
  'quarantined',
  'released',
  'dropped',
  'expired',
  'gone',
] as const;
export type InboundState = (typeof inboundStates)[number];

/** One message that came in and that Postern did something with. */
export type InboundRow = {
  readonly queueId: string;
  readonly at: Millis;
  readonly state: InboundState;
  /** While it waits: when it is judged again. In quarantine: when it is deleted. Else 0. */
  readonly due: Millis;
  readonly changedAt: Millis;
  readonly by: string;
  readonly client: string;
  readonly clientName: string;
  readonly helo: string;
  readonly sender: string;
  /** The first recipients (addresses), and the number of all. */
  readonly recipients: readonly string[];
  readonly recipientCount: number;
  readonly subject: string;
  readonly bytes: number;
  /** What the content filter gave, compared with its limit: 1 is spam. Undefined: not scanned. */
  readonly likeness: number | undefined;
  readonly points: number;
  /** Why, a sentence each. */
  readonly reasons: readonly string[];
  /** What it was judged by, for the second judgement (JSON); empty once it does not wait. */
  readonly facts: string;
  /** When its recipients were told that it is in quarantine; 0: not yet. */
  readonly toldAt: Millis;
  /** The configuration directory of the instance of the mail server that holds it. */
  readonly instance: string;
};

/** Mail that was put off with a 451. Its key is a hash with the ledger's seed. */
export type DeferredRow = Deferral & {
  readonly key: number;
  /** It looks honest: `postern inbound at-risk` lists it while it has not come back. */
  readonly isHonest: boolean;
  readonly client: string;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
  readonly points: number;
  readonly reasons: readonly string[];
};

/** One entry of what is known: a hash with the ledger's seed, and when it was seen. */
export type KnownRow = Known & { readonly kind: CountedKind; readonly key: number };

/** Hashes of names of mail that left, which came together. */
export type SentRow = { readonly at: Millis; readonly names: readonly number[] };

/** Asked for when it is written, as it grows until then. The ledger forgets all before `since`. */
export type SentChange = {
  readonly kind: SentKind;
  readonly at: Millis;
  readonly since: () => Millis;
  readonly names: () => readonly number[];
};

/** Entries of this kind go if they were not seen since. `once`: of those that were seen once. */
export type KnownOlderThan = {
  readonly kind: CountedKind;
  readonly before: Millis;
  readonly once: Millis;
};

/** What the operator allows to pass without waiting: an address, a domain or a network. */
export type AllowedRow = {
  readonly what: string;
  readonly note: string;
  readonly by: string;
  readonly at: Millis;
};

/** `about`: an address, a domain, words of the subject, a client address or a queue id. */
export type InboundFilter = {
  readonly state?: InboundState;
  readonly since?: Millis;
  readonly about?: string;
  readonly limit: number;
};

/** What the ledger keeps of mail that comes in. All lists are bounded and pruned. */
export type InboundLedger = {
  /** Newest first. With `about`, only the newest are looked through (`inboundSearchedMax`). */
  inboundMail(filter: InboundFilter): readonly InboundRow[];
  inboundOne(queueId: string): InboundRow | undefined;
  /** Waiting or in quarantine, the first to be due first. */
  inboundDue(until: Millis, limit: number): readonly InboundRow[];
  /** Since this time, by day and state. */
  inboundByDay(since: Millis): readonly InboundDaySum[];
  /**
   * Honest-looking mail that could have come back before this time and has not, the latest first.
   */
  notBack(before: Millis, limit: number): readonly DeferredRow[];
  /** How much `notBack` would list without a limit. */
  countNotBack(before: Millis): number;
  deferredOne(key: number): DeferredRow | undefined;
  known(kind: CountedKind, key: number): KnownRow | undefined;
  countKnown(kind: CountedKind): number;
  /** After this time, the oldest first. */
  sentNames(kind: SentKind, after: Millis, limit: number): readonly SentRow[];
  inboundAllowed(): readonly AllowedRow[];
};

export type InboundChange =
  | { readonly kind: 'inbound'; readonly row: InboundRow }
  | { readonly kind: 'inbound-deferred'; readonly row: DeferredRow }
  | { readonly kind: 'inbound-known'; readonly row: KnownRow }
  | { readonly kind: 'inbound-sent'; readonly row: SentChange }
  | { readonly kind: 'inbound-forgotten'; readonly known: Pick<KnownRow, 'kind' | 'key'> }
  | { readonly kind: 'inbound-allowed'; readonly row: AllowedRow }
  | { readonly kind: 'inbound-disallowed'; readonly what: string };

/**
 * A list outside the guard of messages that wait, from which the root helper releases what is
 * overdue if the guard does not come back. `add` answers false if the list could not be written:
 * then the message must not be held.
 */
export type LetGoList = {
  add(queueId: string, due: Millis): Promise<boolean>;
  /** Never rejects: what stays on the list is released once more, which changes nothing. */
  remove(queueIds: readonly string[]): Promise<void>;
};

export type InboundStatus = {
  readonly stance: 'observe' | 'wait' | 'defer';
  /** How long suspicious mail waits or, in stance observe, would wait; 0: nothing waits. */
  readonly waitMs: number;
  readonly waiting: number;
  readonly quarantined: number;
  readonly known: number;
  readonly atRisk: number;
};

/** The answer to an action, in words for the operator. `count`: how many things were done. */
export type InboundResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      readonly isUnknown?: true;
    };

/** What operators see and do about mail that comes in (flow/inbound/waiting/inbound-admin.ts). */
export type InboundAdmin = {
  status(): InboundStatus;
  list(filter: InboundFilter): readonly InboundRow[];
  show(queueId: string): InboundRow | undefined;
  /** The last `days` days, the oldest first. */
  byDay(days: number): readonly InboundDayCount[];
  /** `all`: also what may still come back at the time that its sender was given. */
  atRisk(filter: { readonly limit: number; readonly all: boolean }): readonly DeferredRow[];
  allowed(): readonly AllowedRow[];
  /** An address, `@domain` or a network that never waits. */
  allow(what: string, note: string, by: string): Promise<InboundResult>;
  /** Forgets what is known about an address, domain or network, and that it is allowed. */
  forget(what: string, by: string): Promise<InboundResult>;
  /** Takes over that someone here has written to an address, or that its domain was welcome. */
  learn(
    pairs: readonly {
      readonly kind: 'written-to' | 'domain';
      readonly name: string;
      readonly at: Millis;
    }[],
    by: string,
  ): Promise<InboundResult>;
  /** Waiting or in quarantine: delivered now. `drop`: deleted. */
  release(queueIds: readonly string[], by: string): Promise<InboundResult>;
  drop(queueIds: readonly string[], by: string): Promise<InboundResult>;
};
