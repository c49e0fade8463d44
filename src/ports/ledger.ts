/** What is remembered: the rows of the ledger, and what flows ask of it. Types only. */
import type { Account } from '../core/account-name.ts';
import type { WeakPassword } from '../core/passwords/weak.ts';
import type { StoredReason } from '../core/reason.ts';
import type { ScriptSeen } from '../core/scripts/register.ts';
import type { DkimKey } from '../core/signing/key.ts';
import type { AccountState, VerdictKind } from '../core/verdict.ts';
import type { Lazy } from '../lib/lazy.ts';
import type { Millis } from '../lib/time.ts';
import type { SubmissionLedger, SubmissionRow } from './handover.ts';
import type { ScriptLedger, ScriptRuleRow } from './scripts.ts';
import type { RollupRow, StatsLedger } from './stats.ts';

/** One account as stored. `profile` is opaque text made by core/account/profile.ts. */
export type AccountRecord = {
  readonly account: Account;
  readonly state: AccountState;
  readonly profile: string;
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
  readonly reasons: readonly StoredReason[];
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
  readonly reasons: readonly StoredReason[];
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
      readonly profile: Lazy;
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
    accounts(filter: Search): readonly { account: Account; state: AccountState; profile: string }[];
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
