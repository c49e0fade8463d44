/** What people ask about messages, and what they are answered (flow/fate/asking.ts). Types only. */
import type { LeakMark } from '../core/fate/leaked.ts';
import type { Guess, Sought } from '../core/fate/question.ts';
import type { FateState, FateTold } from '../core/fate/tell.ts';
import type { AccountFacts } from '../core/incidents/account-facts.ts';
import type { IncidentBasis, ProviderAnswer, SufferedLane } from '../core/incidents/facts.ts';
import type { IncidentReport, ReportReader } from '../core/incidents/report.ts';
import type { TimelineEntry } from '../core/incidents/timeline.ts';
import type { UnsignedText } from '../core/unsigned-text.ts';
import type { DoorVerdict } from '../core/verdict.ts';
import type { Millis } from '../lib/time.ts';
import type { StoryView } from './admin.ts';
import type { HeldRow, MessageRow } from './ledger.ts';

/** `text` is typed freely, and what it may be is guessed. All else must match. */
export type FindAsk = { readonly [Field in Sought]?: string } & {
  readonly text?: string;
  readonly since?: Millis;
  readonly until?: Millis;
  readonly limit: number;
};

/** One message of a list. Addresses and subject are empty where they are not kept. */
export type FoundView = {
  /** The queue id; empty if the message had none. */
  readonly id: string;
  readonly otherIds: readonly string[];
  readonly at: Millis;
  /** Empty for mail that came in. */
  readonly account: string;
  readonly client: string;
  readonly sender: string;
  readonly headerFrom: string;
  readonly subject: string;
  /** Equal for copies of one text; empty if that is not known. */
  readonly fingerprint: string;
  readonly messageId: string;
  readonly script: string;
  /** Undefined: Postern did not judge it. */
  readonly verdict: DoorVerdict | undefined;
  readonly recipientCount: number;
  /** Some of the recipients whose addresses are kept in clear text. */
  readonly recipients: readonly string[];
  /** How many recipients have no address in clear text; others may be left out here. */
  readonly unnamed: number;
  readonly state: FateState;
  /** The outcome in a few words. */
  readonly became: string;
};

export type FindAnswer = {
  /** Newest first. */
  readonly found: readonly FoundView[];
  readonly more: boolean;
  /** What the typed text was taken for. */
  readonly guessed: readonly Guess[];
  /** What was searched, and what is missing from the answer: sentences. */
  readonly remarks: readonly string[];
};

/** One message with its whole story. `told` has its outcomes. */
export type FateView = { readonly message: FoundView; readonly told: FateTold };

/** All that is known of a message; at least one of the three. */
export type ExplainAnswer = {
  readonly story?: StoryView | undefined;
  readonly message?: MessageRow | undefined;
  /** Why no key signed it; undefined if one did, or signing is off. */
  readonly unsigned?: UnsignedText | undefined;
  /** Why keys of its account's own sign its mail now, and which; without: they do not. */
  readonly probation?: string | undefined;
  readonly fate?: FateView | undefined;
};

/** A message that got out, with the side that likely sent it. */
export type LeakedView = FoundView & { readonly mark: LeakMark; readonly why: readonly string[] };

export type IncidentDetail = {
  readonly incident: IncidentBasis;
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
  /** Who answered its mail badly, and how; most frequent first. */
  readonly answers: readonly ProviderAnswer[];
  /** Lanes that suffered from its mail, and when each recovered. */
  readonly lanes: readonly SufferedLane[];
  /** Newest first. */
  readonly leaked: readonly LeakedView[];
  readonly marks: Readonly<Record<LeakMark, number>>;
  /** Why the list and the numbers of the incident differ, and what is not kept: sentences. */
  readonly remarks: readonly string[];
};

export type IncidentSearch = { readonly account?: string; readonly limit: number };

/** A held message with what a person recognises it by; empty where that is not kept. */
export type HeldView = HeldRow & {
  readonly client: string;
  readonly subject: string;
  /** Its first recipients. */
  readonly sample: readonly string[];
};

export type Asking = {
  heldViews(rows: readonly HeldRow[]): Promise<readonly HeldView[]>;
  /** What a person wants to know before deciding about an account. */
  accountFacts(name: string): Promise<AccountFacts>;
  find(asked: FindAsk): Promise<FindAnswer>;
  /** By queue id. Undefined: nothing is kept about it. */
  fate(id: string): Promise<FateView | undefined>;
  /** Newest first. */
  incidents(filter: IncidentSearch): readonly IncidentBasis[];
  /** By the id of an incident, or the name of an account for its latest one. */
  incident(id: string): Promise<IncidentDetail | undefined>;
  report(id: string, about: ReportAsk): Promise<IncidentReport | undefined>;
};

/** `provider`: only the answers of this one. */
export type ReportAsk = { readonly to: ReportReader; readonly provider: string | undefined };
