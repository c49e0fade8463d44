/** The ledger: its rows, and what flows ask it. Types only. */
import type { Account } from '../core/account-name.ts';
import type { SeenPair } from '../core/authors/suggest.ts';
import type { UnsubscribeCount } from '../core/lanes/one-click.ts';
import type { WeakPassword } from '../core/passwords/weak.ts';
import type { StoredReason } from '../core/reason.ts';
import type { ScriptSeen } from '../core/scripts/register.ts';
import type { DkimKey } from '../core/signing/key.ts';
import type { KeyHolder } from '../core/signing/probation/plan.ts';
import type { Unsigned } from '../core/unsigned-text.ts';
import type { AccountState, HeldSum, VerdictKind } from '../core/verdict.ts';
import type { LazyText } from '../lib/lazy.ts';
import type { Millis } from '../lib/time.ts';
import type { AuthorLedger, MayWriteAsRow } from './authors.ts';
import type { ChecklistLedger, ChecklistWrite } from './checklist/checklist.ts';
import type { HandoverLedger, HandoverRow } from './handover.ts';
import type { ImportChange, ImportLedger } from './imports/imports.ts';
import type {
  CorrespondentLedger,
  CorrespondentsChange,
  CorrespondentsOlderThan,
} from './inbound/correspondents.ts';
import type { InboundChange, InboundLedger, KnownOlderThan } from './inbound/inbound.ts';
import type { LaneLedger, LaneWrite } from './lanes.ts';
import type { MailingChange, MailingLedger } from './mailings/mailings.ts';
import type { ScriptLedger, ScriptRuleRow } from './scripts.ts';
import type { RollupRow, StatsLedger } from './stats.ts';

/** One account as stored. `profile` is opaque text made by core/account/profile.ts. */
export type AccountRecord = {
  readonly account: Account;
  readonly state: AccountState;
  readonly profile: string;
  /**
   * Hashes of the recipients it has written to, ascending
   * (core/correspondents/recipient-book.ts), and the minute of the first message to each.
   */
  readonly recipients: Float64Array;
  readonly sinceMinutes: Uint32Array;
};

/** One message that Postern answered for. */
export type MessageRow = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: VerdictKind;
  readonly recipients: number;
  readonly client: string;
  readonly sender: string;
  readonly messageId: string;
  /**
   * The queue id under which Postern judged this message, if it has a new one: behind a content
   * filter, or requeued by an operator.
   */
  readonly origin?: string;
  /** Why no key signed it; undefined if one did, or signing is off. */
  readonly unsigned?: Unsigned;
};

/** The stored explanation of a verdict that was not a plain pass. */
export type StoryRow = {
  /** The queue id if there is one, else a made-up id. */
  readonly id: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: VerdictKind;
  readonly state: AccountState;
  /** True in observe mode: the verdict was not applied. */
  readonly observed: boolean;
  readonly recipients: number;
  /** The first few recipients, for the operator to recognise; never the whole list. */
  readonly sample: readonly string[];
  readonly client: string;
  readonly subject: string;
  readonly reasons: readonly StoredReason[];
};

/** What mode guard would have stopped of one account, in messages. */
export type ObservedSum = {
  readonly account: Account;
  readonly delay: number;
  readonly hold: number;
  readonly refuse: number;
  readonly recipients: number;
  readonly lastAt: Millis;
};

export const heldStates = ['held', 'released', 'dropped', 'gone'] as const;
export type HeldState = (typeof heldStates)[number];
/**
 * A message that Postern put into Postfix's hold queue. `gone`: the queue no longer has it, but
 * Postern did not remove it.
 */
export type HeldRow = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly recipients: number;
  /** Its size; 0 for a message that was held before Postern kept it. */
  readonly bytes: number;
  /**
   * verdict: held when it came. queue: already queued when its account was suspended. content: held
   * when it came, for what is in the message. rule: held when it came, as no rule of scripts allows
   * it. foreign: held when it came, as its account may not write as its author. Only an operator
   * releases messages held for content, rule or foreign.
   */
  readonly why: 'verdict' | 'queue' | 'content' | 'rule' | 'foreign';
  readonly state: HeldState;
  readonly changedAt: Millis;
  readonly by: string;
  /**
   * The configuration directory of the instance of the mail server that holds it. Without: the
   * machine's default one, or not known yet.
   */
  readonly instance?: string;
};

/** A suspension, from the first bad sign to the release. */
export type IncidentRow = {
  readonly id: string;
  readonly account: Account;
  /** True in observe mode: no mail was stopped. */
  readonly observed: boolean;
  /** Who suspended: `guard`, or an operator's name. */
  readonly by: string;
  /** The first sign of the evidence that led to the suspension. */
  readonly since: Millis;
  readonly suspendedAt: Millis;
  readonly endedAt: Millis | undefined;
  /** Who released the account; empty while the suspension is open. */
  readonly endedBy: string;
  /** Messages and recipients that passed since `since`, less those caught in the queue. */
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

/** What an operator or Postern did. These rows are never deleted. */
export type AuditRow = {
  readonly at: Millis;
  readonly by: string;
  readonly action: string;
  readonly account: string;
  readonly detail: string;
};

/**
 * A notice for one channel (`owner`: by mail to the owner of the account). It waits until it is
 * sent or given up.
 */
export type NoticeRow = {
  readonly id: string;
  readonly at: Millis;
  readonly channel: 'mail' | 'webhook' | 'owner';
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
  /** How many of the messages were signed. */
  readonly signed: number;
  /** The domain whose key signed the last signed message; empty if none was signed. */
  readonly signedBy: string;
  /** Mail that offers to unsubscribe with one click; absent if none was counted yet. */
  readonly unsubscribe?: UnsubscribeCount;
};

/** One change to remember. A row replaces an existing row with the same key. */
export type Change =
  | {
      readonly kind: 'account';
      readonly account: Account;
      readonly state: AccountState;
      /** A function is called only at the write: a busy account changes many times before that. */
      readonly profile: LazyText;
      /**
       * Hash and minute, in pairs. `forgotten` applies first: a hash in both is known afterwards.
       */
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
  | { readonly kind: 'key-holder'; readonly row: KeyHolder }
  /** A probation key that is gone: its row and its holder are deleted. */
  | { readonly kind: 'dkim-key-forgotten'; readonly domain: string; readonly selector: string }
  | { readonly kind: 'sending-domain'; readonly row: SendingDomainRow }
  | { readonly kind: 'handover'; readonly row: HandoverRow }
  /** Its counts are added to the stored ones. */
  | { readonly kind: 'rollup'; readonly row: RollupRow }
  | { readonly kind: 'weak-password'; readonly row: WeakPassword }
  | { readonly kind: 'script'; readonly row: ScriptSeen }
  | { readonly kind: 'script-rule'; readonly row: ScriptRuleRow }
  | { readonly kind: 'may-write-as'; readonly row: MayWriteAsRow }
  | { readonly kind: 'written-as'; readonly row: SeenPair }
  | { readonly kind: 'lanes'; readonly row: LaneWrite }
  /** Deletes the row. */
  | { readonly kind: 'not-written-as'; readonly row: Pick<SeenPair, 'account' | 'address'> }
  | InboundChange
  | CorrespondentsChange
  | ChecklistWrite
  | MailingChange
  | ImportChange;

export type AuditSearch = {
  readonly account?: string;
  /** Not older than this. */
  readonly since?: number;
  /** How many of the newest are left out: a page after others. */
  readonly offset?: number;
  readonly limit: number;
};

export type AccountSearch = {
  readonly state?: AccountState;
  readonly like?: string;
  readonly limit: number;
};

export type FoundAccounts = {
  readonly found: readonly { readonly account: Account; readonly state: AccountState }[];
  readonly count: number;
};

/**
 * The ledger. Synchronous: SQLite in this process, one writer (flow/journal/journal.ts batches).
 */
export type Ledger = StatsLedger &
  ScriptLedger &
  AuthorLedger &
  ChecklistLedger &
  LaneLedger &
  HandoverLedger &
  MailingLedger &
  ImportLedger &
  InboundLedger &
  CorrespondentLedger & {
    /**
     * Writes one transaction. Throws OperatorError `ledger-write` if the disk is full or the file
     * is gone; then nothing is kept.
     */
    write(changes: readonly Change[], how: { readonly durable: boolean }): void;
    loadAccount(account: Account): AccountRecord | undefined;
    /** The minute in which an account here first wrote to this recipient (hash), if any did. */
    knownHere(recipient: number): number | undefined;
    /** Names and states, newest activity first. */
    accounts(
      filter: AccountSearch,
    ): readonly { account: Account; state: AccountState; profile: string }[];
    countAccounts(): number;
    /** Accounts with this text in their names, the best match first, and how many there are. */
    findAccounts(text: string, limit: number): FoundAccounts;
    /**
     * Messages of an account that passed since then, newest first (to hold those in the queue).
     * Also those that mode observe let pass, with the verdict that they would have had.
     */
    messagesOf(account: Account, since: Millis, limit: number): readonly MessageRow[];
    message(queueId: string): MessageRow | undefined;
    /** Newest first. */
    stories(filter: { readonly account?: Account; readonly limit: number }): readonly StoryRow[];
    story(id: string): StoryRow | undefined;
    /** Of stories that were only observed since then; most messages first. */
    observedSince(since: Millis, limit: number): readonly ObservedSum[];
    held(filter: {
      readonly account?: Account;
      readonly state?: HeldState;
      readonly limit: number;
    }): readonly HeldRow[];
    heldOne(queueId: string): HeldRow | undefined;
    countHeld(): number;
    /** What is held now of one account; with `since`, only what came since then. */
    heldSum(account: Account, since?: Millis): HeldSum;
    /** The accounts with most messages that are held now. */
    heldMost(limit: number): readonly ({ readonly account: Account } & HeldSum)[];
    /** When the oldest message came that is still held. */
    oldestHeldAt(): Millis | undefined;
    /** Newest first. `open`: only those that have not ended. */
    incidents(filter: {
      readonly account?: Account;
      readonly open?: boolean;
      readonly limit: number;
    }): readonly IncidentRow[];
    exemptions(): readonly ExemptionRow[];
    /** Newest first. */
    audit(filter: AuditSearch): readonly AuditRow[];
    notices(due: Millis): readonly NoticeRow[];
    meta(key: string): string | undefined;
    /** All keys that there ever were, by domain and age; of probation keys only those not gone. */
    dkimKeys(): readonly DkimKey[];
    /** The account of each probation key that is not spare. */
    keyHolders(): readonly KeyHolder[];
    /** The domain that sent last comes first. */
    sendingDomains(limit: number): readonly SendingDomainRow[];
    /** Includes passwords that were changed since; they have `changedAt`. */
    weakPasswords(): readonly WeakPassword[];
    /** Deletes rows older than these times, one slice at a call. True: there may be more. */
    prune(olderThan: {
      readonly messages: Millis;
      readonly stories: Millis;
      readonly statistics: Millis;
      /** Mail that was put off, and what is known of senders. */
      readonly deferred: Millis;
      readonly known: readonly KnownOlderThan[];
      /** Who wrote in, and which domains are used; absent: all stay. */
      readonly correspondents?: CorrespondentsOlderThan;
      /** What an import added: from then on it cannot be undone. */
      readonly imports: Millis;
    }): boolean;
    /**
     * Removes an address (key) and its hashes as a known recipient. Answers how many rows changed;
     * with `dryRun`, how many would.
     */
    forget(
      what: { readonly address: string; readonly hashes: readonly number[] },
      how: { readonly dryRun: boolean },
    ): number;
    /**
     * Removes a made-up account, and the counts of its domain, one slice at a call. Answers how
     * many rows; 0: nothing is left. The audit trail and notices stay.
     */
    removeAccount(account: Account): number;
    /** True once a page could not be read or written; rows may then be missing from all answers. */
    damaged(): boolean;
    close(): void;
  };
