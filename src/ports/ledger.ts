/**
 * What flows ask of the world, and what doors ask of flows. Types only.
 */
import type { Account, Submission } from '../core/event.ts';
import type { Notice } from '../core/notice.ts';
import type { WeakPassword } from '../core/passwords/weak.ts';
import type { ScriptSeen } from '../core/scripts/register.ts';
import type { DkimKey } from '../core/signing/key.ts';
import type { AccountState, Reason, VerdictKind } from '../core/verdict.ts';
import type { DnsAnswer, DnsQuestion } from '../formats/dns/question.ts';
import type { Millis } from '../lib/brand.ts';
import type { Lazy } from '../lib/lazy.ts';
import type { SubmissionLedger, SubmissionRow } from './handover.ts';
import type { ScriptLedger, ScriptRuleRow } from './scripts.ts';
import type { RollupRow, StatsLedger } from './stats.ts';

export type Clock = { now(): Millis };
/**
 * Asks the DNS. Never rejects: who does not answer is a failure, and no statement about the name.
 */
export type Resolver = (question: DnsQuestion) => Promise<DnsAnswer>;
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
/**
 * A log line is an event name plus fields; never a body, a password, a token or a whole recipient
 * list.
 */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;
/** Counts something for /metrics. Names and help are listed in core/metrics.ts. */
export type Count = (name: string, by?: number, label?: string) => void;

// ---------------------------------------------------------------- doors → flows

/** What a door tells its client: pass, keep (Postfix's hold queue), or an SMTP reply. */
export type Answer =
  | { readonly kind: 'pass' }
  /** `reason`: printable ASCII, at most 100 characters. */
  | { readonly kind: 'hold'; readonly reason: string }
  /**
   * `enhanced` has the class of `code` (RFC 3463); `text` is printable ASCII, one line, vague to
   * strangers.
   */
  | {
      readonly kind: 'reply';
      readonly code: number;
      readonly enhanced: string;
      readonly text: string;
    };

/**
 * Who hands mail over. `account` undefined: not ours to judge (inbound mail), everything passes.
 */
export type Speaker = {
  readonly account: Account;
  /** login: SMTP AUTH. client: relaying by address, no login. local: sendmail(1), pickup. */
  readonly by: 'login' | 'client' | 'local';
  readonly client?: string;
};

/** The way of a message, as doors see it (flow/message-submitted.ts). */
export type Gate = {
  /**
   * As soon as the account is known (MAIL, RCPT): refused at once when suspended. Never waits,
   * never counts.
   */
  mayBegin(speaker: Speaker): Answer;
  /**
   * The whole message: judged and counted. Answers exactly once, at once for `pass`, after the
   * commit for the rest.
   */
  submit(message: Submission, by: Speaker['by'], answer: (answer: Answer) => void): void;
};

/** What a door knows of a message when its headers begin. */
export type MessageStart = {
  /** undefined: mail that comes in. */
  readonly by: Speaker['by'] | undefined;
  readonly account: Account | undefined;
  /** Address of the SMTP client; empty for mail of this machine. */
  readonly client: string;
  /** Its name, where the mail server has verified it; else empty. */
  readonly clientName: string;
  readonly helo: string;
  /** MAIL FROM as typed, without its brackets; empty for the null sender. */
  readonly sender: string;
  readonly queueId: string;
};

/**
 * A change to the headers of a message. Text is octets (Latin-1), lines in it are folded with LF.
 */
export type HeaderEdit =
  /**
   * `index` 0: above everything, the mail server's own Received included; 1: right below that. `value` as it stands
   * behind the colon, its leading space included. Of several at one index, the last is on top.
   */
  | {
      readonly kind: 'insert';
      readonly index: number;
      readonly name: string;
      readonly value: string;
    }
  /** The first of a name is 1. Counted in the message as it was read, whatever else is changed. */
  | { readonly kind: 'remove'; readonly name: string; readonly occurrence: number };

/**
 * Reads one whole message as it goes by: signs what leaves, verifies what comes in. Memory is
 * bounded, nothing throws, nothing waits but `finish`. Header text is octets (Latin-1); a value is
 * all that stands behind the colon, folds as LF. A reader that is not finished was given up: it
 * hears no more.
 */
export type MessageReader = {
  header(name: string, value: string): void;
  /** The bytes are only lent: they change after this returns. */
  body(bytes: Buffer, start: number, end: number): void;
  /**
   * The whole message was read and is to be answered with pass or hold. Calls back exactly once.
   */
  finish(done: Finished): void;
};

/**
 * `refused`: why the message must go no further, whatever the gate says; one line of printable
 * ASCII.
 */
export type Finished = (edits: readonly HeaderEdit[], refused?: string) => void;

/** Asked once a message, when its headers begin; undefined: this one is not read. */
export type MessageReading = { open(start: MessageStart): MessageReader | undefined };

/** One request of Postfix's policy protocol, parsed (doors/policy/request.ts). */
export type PolicyRequest = {
  readonly stage: 'RCPT' | 'DATA' | 'END-OF-MESSAGE' | 'other';
  /** Joins the requests of one message. */
  readonly instance: string;
  readonly queueId: string;
  readonly account: Account | undefined;
  readonly client: string;
  readonly sender: string;
  /** Address key; empty unless at RCPT (or exactly one recipient). */
  readonly recipient: string;
  readonly recipientCount: number;
  readonly sizeBytes: number;
};

/**
 * The policy door's flow (flow/recipient-asked.ts): reservations live there, one owner a
 * connection.
 */
export type PolicyDesk = {
  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void;
  /** The connection is gone: what it had reserved is given back. */
  gone(connection: number): void;
};

// ---------------------------------------------------------------- ledger

/** One account as stored. `past` is opaque text made by core/account/past.ts. */
export type AccountRecord = {
  readonly account: Account;
  readonly state: AccountState;
  readonly past: string;
  /**
   * Hashes of the recipients it has written to (core/account/recipient-book.ts), ascending; the
   * minute of the first time.
   */
  readonly recipients: Float64Array;
  readonly sinceMinutes: Uint32Array;
};

/** One message we answered for. */
export type MessageRow = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: VerdictKind;
  readonly recipients: number;
  readonly client: string;
  readonly sender: string;
  readonly messageId: string;
};

/** Why: the stored explanation of a verdict that was not a plain pass. */
export type StoryRow = {
  /** Queue id where there is one, else a made-up id. */
  readonly id: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: VerdictKind;
  readonly state: AccountState;
  /** True in observe mode: this is what would have been done. */
  readonly observed: boolean;
  readonly recipients: number;
  /** The first few recipients, for a person to recognise; never the whole list. */
  readonly sample: readonly string[];
  readonly client: string;
  readonly subject: string;
  readonly reasons: readonly Reason[];
};

export const heldStates = ['held', 'released', 'dropped', 'gone'] as const;
export type HeldState = (typeof heldStates)[number];
/**
 * A message in Postfix's hold queue on our account. `gone`: the queue no longer has it, and not by
 * our doing.
 */
export type HeldRow = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly recipients: number;
  /**
   * verdict: held when it came. queue: was already queued when its account was suspended. content:
   * held when it came, for what is in it; rule: because no rule of scripts allows it. Both only a
   * person lets go.
   */
  readonly why: 'verdict' | 'queue' | 'content' | 'rule';
  readonly state: HeldState;
  readonly changedAt: Millis;
  readonly by: string;
};

/** From the first bad sign to the release. */
export type IncidentRow = {
  readonly id: string;
  readonly account: Account;
  /** True in observe mode: nobody was stopped. */
  readonly observed: boolean;
  /** Who suspended: `guard`, or a person's name. */
  readonly by: string;
  /** First sign of the evidence that led here. */
  readonly since: Millis;
  readonly suspendedAt: Millis;
  readonly endedAt: Millis | undefined;
  readonly endedBy: string;
  /** Recipients and messages that had passed since `since`, less those caught in the queue. */
  readonly leakedMessages: number;
  readonly leakedRecipients: number;
  /** Messages refused or held since, and taken back from the queue. */
  readonly stoppedMessages: number;
  readonly queuedHeld: number;
  readonly loginClosed: boolean;
  readonly reasons: readonly Reason[];
};

export type ExemptionRow = {
  readonly account: Account;
  readonly until: Millis;
  readonly by: string;
  readonly note: string;
  readonly at: Millis;
};

/** What a person or Postern itself did, for ever. */
export type AuditRow = {
  readonly at: Millis;
  readonly by: string;
  readonly action: string;
  readonly account: string;
  readonly detail: string;
};

/** A notice on its way to the operator; stays until each road has taken it or given up. */
export type NoticeRow = {
  readonly id: string;
  readonly at: Millis;
  readonly road: 'mail' | 'webhook';
  /** JSON. */
  readonly body: string;
  readonly tries: number;
  readonly nextAt: Millis;
  readonly state: 'waiting' | 'sent' | 'failed';
};

/** A domain in From of mail that went out. */
export type SendingDomainRow = {
  readonly domain: string;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly messages: number;
  /** Of them, signed. */
  readonly signed: number;
  /** The domain of the keys of the last that was; empty: none was. */
  readonly signedBy: string;
};

/** One thing to remember. A row with a key that exists replaces it. */
export type Change =
  | {
      readonly kind: 'account';
      readonly account: Account;
      readonly state: AccountState;
      /**
       * As a function it is made only when it is written: a busy account changes many times before
       * that.
       */
      readonly past: Lazy;
      /** Hash and minute, in pairs. `forgotten` goes first: a hash in both is known afterwards. */
      readonly learned: readonly number[];
      readonly forgotten: readonly number[];
    }
  | { readonly kind: 'message'; readonly row: MessageRow }
  | { readonly kind: 'story'; readonly row: StoryRow }
  | { readonly kind: 'held'; readonly row: HeldRow }
  | { readonly kind: 'incident'; readonly row: IncidentRow }
  | { readonly kind: 'exemption'; readonly row: ExemptionRow }
  | { readonly kind: 'audit'; readonly row: AuditRow }
  | { readonly kind: 'notice'; readonly row: NoticeRow }
  | { readonly kind: 'meta'; readonly key: string; readonly value: string }
  | { readonly kind: 'dkim-key'; readonly row: DkimKey }
  | { readonly kind: 'sending-domain'; readonly row: SendingDomainRow }
  | { readonly kind: 'submission'; readonly row: SubmissionRow }
  /** Added to what is there. */
  | { readonly kind: 'rollup'; readonly row: RollupRow }
  | { readonly kind: 'weak-password'; readonly row: WeakPassword }
  | { readonly kind: 'script'; readonly row: ScriptSeen }
  | { readonly kind: 'script-rule'; readonly row: ScriptRuleRow };

export type Search = {
  readonly state?: AccountState;
  readonly like?: string;
  readonly limit: number;
};

/**
 * Memory. Synchronous: SQLite in this process, one writer (the flow batches, see flow/journal.ts).
 */
export type Ledger = StatsLedger &
  ScriptLedger &
  SubmissionLedger & {
    /**
     * One transaction. Throws OperatorError `ledger-write` when the disk is full or the file is
     * gone; nothing is then kept.
     */
    write(changes: readonly Change[], how: { readonly durable: boolean }): void;
    loadAccount(account: Account): AccountRecord | undefined;
    /**
     * Minute in which somebody here first wrote to this recipient (hash); undefined when nobody
     * ever did.
     */
    knownHere(recipient: number): number | undefined;
    /** Names and states, newest activity first. */
    accounts(filter: Search): readonly { account: Account; state: AccountState; past: string }[];
    countAccounts(): number;
    /** Passed messages of an account since then, newest first (for the queue hold). */
    messagesOf(account: Account, since: Millis, limit: number): readonly MessageRow[];
    message(queueId: string): MessageRow | undefined;
    /** Newest first. */
    stories(filter: { readonly account?: Account; readonly limit: number }): readonly StoryRow[];
    story(id: string): StoryRow | undefined;
    held(filter: {
      readonly account?: Account;
      readonly state?: HeldState;
      readonly limit: number;
    }): readonly HeldRow[];
    heldOne(queueId: string): HeldRow | undefined;
    countHeld(): number;
    /** When the oldest message that is still held came. */
    oldestHeldAt(): Millis | undefined;
    /** Newest first; `open` alone: those without an end. */
    incidents(filter: {
      readonly account?: Account;
      readonly open?: boolean;
      readonly limit: number;
    }): readonly IncidentRow[];
    exemptions(): readonly ExemptionRow[];
    audit(filter: { readonly account?: string; readonly limit: number }): readonly AuditRow[];
    notices(due: Millis): readonly NoticeRow[];
    meta(key: string): string | undefined;
    /** All that there ever were, by domain and age. */
    dkimKeys(): readonly DkimKey[];
    /** The last to send first. */
    sendingDomains(limit: number): readonly SendingDomainRow[];
    /** Also of passwords that were changed since, which have `changedAt`. */
    weakPasswords(): readonly WeakPassword[];
    /**
     * Deletes messages and stories older than these, a slice at a call. True: there may be more.
     */
    prune(olderThan: {
      readonly messages: Millis;
      readonly stories: Millis;
      readonly statistics: Millis;
    }): boolean;
    close(): void;
  };

// ---------------------------------------------------------------- partners

/** What one message in the MTA's queue looks like to us. */
export type QueuedMessage = {
  readonly queueId: string;
  readonly queue: string;
  /** When its sender began to hand it over; 0 when the queue does not say. */
  readonly arrivedAt: Millis;
  readonly sender: string;
  readonly recipients: number;
};

/**
 * What was done, and why not the rest: many messages go in several calls, and what was done is to
 * be remembered.
 */
export type Moved = { readonly done: ReadonlySet<string>; readonly fault: Error | undefined };

/**
 * The mail server's own queue tools. Every call has a deadline. Hold, release and drop never
 * reject.
 */
export type Mta = {
  /**
   * Puts these on hold; what is gone is ignored, and so is another message that came later under an
   * id used before.
   * `at`: when the message was answered for. Done: the ids that are now in the hold queue.
   */
  hold(messages: readonly { readonly queueId: string; readonly at: Millis }[]): Promise<Moved>;
  /** From hold back to deferred, and tried at once. Done: the ids that left the hold queue. */
  release(queueIds: readonly string[]): Promise<Moved>;
  drop(queueIds: readonly string[]): Promise<Moved>;
  /**
   * Which of these are on hold. Throws when not the whole queue could be read: then nobody knows.
   */
  onHold(queueIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Which of these are on hold with nobody left to send them to: a delivery was under way. Throws
   * as `onHold`.
   */
  spent(queueIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Everything queued, by `postqueue -j`; at most `limit`. */
  queue(limit: number): Promise<readonly QueuedMessage[]>;
};

/** The login of an account (Dovecot): closed by a deny file and by ending its sessions. */
export type LoginDoor = {
  close(account: Account): Promise<void>;
  open(account: Account): Promise<void>;
  /** Names that are closed now. */
  closedNames(): Promise<ReadonlySet<string>>;
};

/** One road by which the operator is told. Throws when the notice was not taken. */
export type NoticeRoad = {
  readonly name: NoticeRow['road'];
  send(notice: Notice, signal: AbortSignal): Promise<void>;
};
