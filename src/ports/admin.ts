/**
 * What the status page and the command line ask (flow/admin/admin.ts), and what they are answered.
 * Types only.
 */

import type { Account } from '../core/account-name.ts';
import type { BrakeView } from '../core/brake/view.ts';
import type { BypassedWay } from '../core/bypass.ts';
import type { ChannelProof } from '../core/checklist/notices.ts';
import type { BadLane } from '../core/deliverability/lane.ts';
import type { ExpectedMailing } from '../core/mailings/expected.ts';
import type { OwnCommand } from '../core/own-command.ts';
import type { PasswordReport } from '../core/passwords/audit-report.ts';
import type { AuditSummary, WeakPassword } from '../core/passwords/weak.ts';
import type { ReachBound } from '../core/reach/bound.ts';
import type { ShownReason } from '../core/reason.ts';
import type { ReturnDay } from '../core/reflection/days.ts';
import type { DkimKey, KeyState } from '../core/signing/key.ts';
import type { ToldLately } from '../core/telling/lately.ts';
import type { UnsignedText } from '../core/unsigned-text.ts';
import type { AccountState, HeldSum, VerdictKind } from '../core/verdict.ts';
import type { ShapeCount } from '../formats/logs/shapes.ts';
import type { Millis } from '../lib/time.ts';
import type { BrakeAdmin } from './acting/brake.ts';
import type { EnforcingView } from './acting/enforcing.ts';
import type { Asking } from './asking.ts';
import type { AuthorAdmin, ObservationView } from './authors.ts';
import type { ChecklistAdmin } from './checklist/checklist.ts';
import type { DrillAdmin } from './drill/drill.ts';
import type { ImportAdmin } from './imports/imports.ts';
import type { InboundAdmin, InboundStatus } from './inbound/inbound.ts';
import type { LaneViews } from './lanes.ts';
import type {
  AccountSearch,
  AuditRow,
  AuditSearch,
  ExemptionRow,
  HeldRow,
  HeldState,
  IncidentRow,
  MessageRow,
  StoryRow,
} from './ledger.ts';
import type { MailingAdmin } from './mailings/mailings.ts';
import type { ScriptAdmin } from './scripts.ts';
import type { AskStats } from './stats.ts';

export type AccountView = {
  readonly account: string;
  readonly state: AccountState;
  /** Suspended in mode observe: that is only noted, and all its mail passes. */
  readonly observed: boolean;
  /** At 1 a message is held; more than 1 leads to suspension. */
  readonly evidence: number;
  readonly reasons: readonly ShownReason[];
  readonly lastSeen: Millis;
  readonly messagesToday: number;
  readonly recipientsToday: number;
  readonly knownRecipients: number;
  /**
   * People outside who wrote to it in the last 60 days and proved who they are; absent while the
   * guard does not run, or does not verify mail that comes in.
   */
  readonly wroteFirst?: number;
  readonly exemptUntil: Millis | undefined;
  /** The mailing that an operator announced; undefined without one in force. */
  readonly expected: ExpectedMailing | undefined;
  /** How many of the known recipients were imported. */
  readonly importedRecipients: number;
  /** Why its password counts as weak; empty if it does not. */
  readonly weakPassword: string;
  /** Why keys of its own sign its mail, and which; empty if the keys of its domain do. */
  readonly probation: string;
  /** What is held of its mail, and how much may be; undefined while the guard does not run. */
  readonly held: HeldSum;
  readonly heldMax: HeldSum | undefined;
  /** Since when its mail waits for a person (account/record.ts); undefined if it does not. */
  readonly waitsSince: Millis | undefined;
  /** When a person said that it was hijacked; undefined if nobody has. */
  readonly hijackedAt: Millis | undefined;
  /** The most strangers that anybody with its password reaches unseen. */
  readonly bound: ReachBound;
  /** Notices of the last 30 days about its mail that passed, the newest first. */
  readonly told: readonly ToldLately[];
};
/** Returned mail that came in, and whether it proved that it is about our mail. */
export type ReturnView = {
  /** The last two weeks, the oldest first. */
  readonly days: readonly Readonly<ReturnDay>[];
  /** Since when sent mail is remembered. */
  readonly since: Millis;
};

/** What the bypass meter counted (flow/bypass/bypass-meter.ts). */
export type BypassView = {
  /**
   * `off`: no mail log is configured, so nothing can be found. `unread`: not every log can be read
   * now.
   */
  readonly watched: 'yes' | 'unread' | 'off';
  readonly since: Millis;
  /** Messages that left and that no door judged. */
  readonly messages: number;
  /** How they came in, the latest first; never all of them. */
  readonly ways: readonly BypassedWay[];
};
/** Mail of an account that may not write as the author in From (flow/authors/foreign-mail.ts). */
export type ForeignMailView = {
  readonly account: Account;
  /** `@domain`: some address of the domain. Empty: further addresses, counted together. */
  readonly address: string;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly messages: number;
  /** The last message; empty if it has no queue id. */
  readonly lastId: string;
};
export type StatusView = {
  readonly version: string;
  readonly mode: 'observe' | 'guard';
  /** In mode observe: the part that Postern acts on all the same. */
  readonly enforce: readonly string[];
  /** Whether Postern doubts its own verdicts; the rest is at /api/brake. */
  readonly brake: Pick<BrakeView, 'on' | 'startedAt' | 'text'>;
  /** How commands are called on this machine, wherever they are read. */
  readonly own: Pick<OwnCommand, 'program' | 'options'>;
  readonly host: string;
  readonly startedAt: Millis;
  readonly now: Millis;
  readonly ledger: {
    readonly state: 'ok' | 'failing';
    readonly why: string;
    readonly path: string;
  };
  readonly doors: Readonly<Record<string, string>>;
  /** What is wrong now, besides the ledger: a sentence each. */
  readonly troubles: readonly string[];
  /** What became of the last notice on each channel. */
  readonly notices: readonly ChannelProof[];
  readonly bypass: BypassView;
  readonly returns: ReturnView;
  /** Providers that slow or block our mail. */
  readonly providers: readonly BadLane[];
  /** The most frequent shapes of lines of the mail log that were not understood. */
  readonly logShapes: readonly ShapeCount[];
  readonly accounts: {
    readonly known: number;
    readonly watched: number;
    /** Without those that were only observed. */
    readonly suspended: number;
    /** Mode observe: they would be suspended now. */
    readonly wouldBeSuspended: number;
    /** Exemptions in force, including accounts that never sent mail. */
    readonly exempt: number;
  };
  /** Mail that was left unsigned, or held, because its account may not write as its author. */
  readonly foreign: readonly ForeignMailView[];
  /** Mail without a right is still signed, and noted (flow/authors/observation.ts). */
  readonly authors: ObservationView;
  /** Incoming mail that waits, is in quarantine, or was put off and is not back. */
  readonly inbound: InboundStatus;
  readonly held: number;
  /** Most that is held of one account, and the accounts with most held messages. */
  readonly heldMax: HeldSum;
  readonly heldMost: readonly ({ readonly account: string } & HeldSum)[];
  /** Verdicts since start, as they were carried out: what was only observed has passed. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
  /** What would have been done with messages that passed because the mode was observe. */
  readonly observedVerdicts: ObservedVerdicts;
};
/** Verdicts that were only noted. Their messages passed. */
export type ObservedVerdicts = Readonly<Record<Exclude<VerdictKind, 'pass'>, number>>;
/** A story and an incident with their reasons in words. */
export type StoryView = Omit<StoryRow, 'reasons'> & { readonly reasons: readonly ShownReason[] };
/**
 * In mode observe nothing is stopped: `stoppedMessages` is 0, and what left counts as leaked.
 */
export type IncidentView = Omit<IncidentRow, 'reasons'> & {
  readonly reasons: readonly ShownReason[];
  /** Messages that mode guard would have stopped; 0 unless the mode was observe. */
  readonly wouldStopMessages: number;
};
/** One line of the live feed. */
export type FeedItem = {
  readonly at: Millis;
  readonly id: string;
  readonly account: string;
  readonly verdict: VerdictKind;
  readonly state: AccountState;
  readonly recipients: number;
  /** The sentence of the strongest reason, or empty. */
  readonly why: string;
  /** The mode was observe: the message passed, whatever the verdict. */
  readonly observed: boolean;
};
/** The answer to an action, in words for the operator. `count`: how many things were done. */
export type AdminResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      /** What was named is not there: an account, a message, a rule, a key. */
      readonly isUnknown?: true;
    };
/** Verdicts of one minute, as they were carried out, for the chart of the last two hours. */
export type FlowMinute = {
  readonly at: Millis;
  readonly pass: number;
  readonly delay: number;
  readonly hold: number;
  readonly refuse: number;
  readonly observed: ObservedVerdicts;
};

export type ReleaseHow = {
  readonly by: string;
  readonly note: string;
  /** The mail was honest: it counts as usual from now on, and all held mail is released. */
  readonly falseAlarm: boolean;
  /** Mail that the suspension held in the queue stays held, unless it was a false alarm. */
  readonly keepHeld: boolean;
};

/** What the text of a search names (flow/admin/lookup.ts). */
export type LookupView = {
  /** The account that the text names: its whole name, or the only one with this local part. */
  readonly exact: string | undefined;
  /** Accounts with the text in their names, the best match first. */
  readonly accounts: readonly { readonly account: string; readonly state: AccountState }[];
  /** How many such accounts there are; those first seen seconds ago are missing. */
  readonly count: number;
  /** The text is the id of a message. */
  readonly isMessage: boolean;
};

/** What is held of one account now. */
export type HeldGroup = HeldSum & {
  readonly account: string;
  /** When its latest message came. */
  readonly latestAt: Millis | undefined;
};
export type HeldGroups = {
  /** Most messages first. */
  readonly groups: readonly HeldGroup[];
  /** How many accounts have held mail. */
  readonly count: number;
};

/** Messages by their ids, or all held messages of an account. */
type HeldSelection = { readonly ids: readonly string[] } | { readonly account: string };

/** A DKIM key as commands show it. */
export type KeyView = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimKey['algorithm'];
  readonly bits: number;
  readonly state: KeyState;
  readonly since: Millis;
  readonly file: string;
  readonly note: string;
  readonly sight: DkimKey['sight'];
  readonly sightAt: Millis | undefined;
  readonly sightText: string;
  /** The record as it should be now; the text is empty if there should be none. */
  readonly record: { readonly name: string; readonly text: string; readonly ttlSeconds: number };
  /** What comes next, in words. */
  readonly next: string;
  /** What the operator must do; empty if nothing. */
  readonly todo: string;
  /** Why the key cannot be used although it should sign; empty if it can. */
  readonly fault: string;
  /** Of a probation key: the account whose mail it signs; empty while it is spare. */
  readonly holder?: string;
  /** Postern can change its record. */
  readonly canSend: boolean;
  /** The last change of its record that Postern sent to the zone since it started. */
  readonly update: SentRecord | undefined;
};

/** `why`: why the zone refused the change; empty if the zone took it. */
export type SentRecord = { readonly record: 'key' | 'revoked' | 'nothing'; readonly why: string };

export type NewKeys = {
  readonly domain: string;
  readonly algorithms: readonly DkimKey['algorithm'][];
  /** Only with one algorithm. Undefined: a name with the date. */
  readonly selector: string | undefined;
  readonly bits: number;
};

/** Commands for DKIM keys (flow/signing/key-admin.ts). `by` goes into the audit trail. */
export type KeyAdmin = {
  readonly folder: string;
  list(domain?: string): readonly KeyView[];
  make(wanted: NewKeys, by: string): Promise<AdminResult>;
  rotate(domain: string, by: string): Promise<AdminResult>;
  retire(
    key: Pick<DkimKey, 'domain' | 'selector'>,
    how: { readonly compromised: boolean },
    by: string,
  ): Promise<AdminResult>;
  /** Signs with a waiting key from now on, whatever DNS shows. */
  use(key: Pick<DkimKey, 'domain' | 'selector'>, note: string, by: string): Promise<AdminResult>;
  /** Takes over keys whose files were put into the folder. */
  adopt(
    keys: readonly Pick<DkimKey, 'domain' | 'selector'>[],
    note: string,
    by: string,
  ): Promise<AdminResult>;
};

export type Admin = {
  status(): StatusView;
  enforcing(): EnforcingView;
  accounts(filter: AccountSearch): readonly AccountView[];
  account(name: string):
    | {
        readonly account: AccountView;
        readonly incidents: readonly IncidentView[];
        readonly stories: readonly StoryView[];
        readonly audit: readonly AuditRow[];
      }
    | undefined;
  /** `hijacked`: a person says that it was, so its mail is refused from now on, not held. */
  suspend(name: string, by: string, note: string, hijacked?: boolean): Promise<AdminResult>;
  release(name: string, how: ReleaseHow): Promise<AdminResult>;
  allow(name: string, until: Millis, by: string, note: string): Promise<AdminResult>;
  /** Exemptions in force, the first to end first. */
  exemptions(): readonly ExemptionRow[];
  held(filter: {
    readonly account?: string;
    readonly state?: HeldState;
    readonly limit: number;
    /** Skips the newest ones. */
    readonly offset?: number;
  }): readonly HeldRow[];
  /** Held mail by account; `like`: only accounts with this in their names. */
  heldGroups(filter: { readonly like?: string; readonly limit: number }): HeldGroups;
  lookup(text: string, limit: number): Promise<LookupView>;
  heldOne(
    queueId: string,
  ): { readonly held: HeldRow; readonly story: StoryView | undefined } | undefined;
  /** Ids, or every held message of an account. */
  releaseHeld(which: HeldSelection, by: string): Promise<AdminResult>;
  dropHeld(which: HeldSelection, by: string): Promise<AdminResult>;
  /** Removes a person's address; `dryRun`: says how much would be removed. */
  forget(
    address: string,
    how: { readonly by: string; readonly dryRun: boolean },
  ): Promise<AdminResult>;
  explain(id: string):
    | {
        readonly story: StoryView | undefined;
        readonly message: MessageRow | undefined;
        /** Why no key signed it; undefined if one did, or signing is off. */
        readonly unsigned?: UnsignedText;
        /** Why keys of its account's own sign its mail now, and which; without: they do not. */
        readonly probation?: string;
      }
    | undefined;
  /** What people and Postern itself did, newest first. */
  audit(filter: AuditSearch): readonly AuditRow[];
  recent(limit: number): readonly FeedItem[];
  minutes(): readonly FlowMinute[];
  /** Calls back on each verdict until the returned function is called. */
  watch(listener: (item: FeedItem) => void): () => void;
  testNotice(): Promise<AdminResult>;
  /** This operator changes the mode now; the audit trail then names them. */
  modeWanted(mode: StatusView['mode'], by: string): AdminResult;
  readonly brake: BrakeAdmin;
  /** Undefined: no canary is set ([drill]). */
  readonly drill: DrillAdmin | undefined;
  /** Releases made-up accounts, and closes entries of made-up held messages. */
  undoTries(by: string): Promise<AdminResult>;
  /** Without the numbers of the last minute. */
  readonly stats: AskStats;
  readonly dkim: KeyAdmin;
  readonly scripts: ScriptAdmin;
  /** Mail that comes in and waits, and its quarantine. */
  readonly inbound: InboundAdmin;
  readonly authors: AuthorAdmin;
  readonly checklist: ChecklistAdmin;
  /** How providers treat our mail. */
  readonly lanes: LaneViews;
  readonly mailings: MailingAdmin;
  readonly imports: ImportAdmin;
  /** What became of messages, and what got out in incidents. */
  readonly asking: Asking;
  /** Accounts whose password an audit guessed, and the last audit. */
  passwords(): { readonly weak: readonly WeakPassword[]; readonly last: AuditSummary | undefined };
  /** Takes a report from an audit that runs, or from the command that wrote to the owners. */
  notePasswords(report: PasswordReport, by: string): Promise<AdminResult>;
};
