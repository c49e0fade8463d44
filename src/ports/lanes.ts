/** How providers treat us: what is asked of the flow that watches lanes. Types only. */
import type {
  BadLane,
  LaneChange,
  LaneKey,
  LaneSample,
  LaneStanding,
} from '../core/deliverability/lane.ts';
import type { Attempt } from '../core/fate/attempt.ts';
import type { Sketch } from '../core/stats/sketch.ts';
import type { Millis } from '../lib/time.ts';

/** Replies of one kind on one lane. */
export type LaneReply = {
  readonly shape: string;
  /** One of them, as it stood in the log. */
  readonly example: string;
  readonly rule: string;
  readonly scope: string;
  readonly severity: string;
  readonly cure: string;
  readonly count: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
};

/** A reply that no rule knows. */
export type NewReply = LaneKey & {
  readonly shape: string;
  readonly example: string;
  readonly count: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
};

/** How near a From domain is to the rules for bulk senders of a provider. */
export type BulkStanding = {
  readonly domain: string;
  readonly provider: string;
  /** Recipients at the provider on the busiest day, and that day (since 1970, UTC). */
  readonly messagesADay: number;
  readonly busiestDay: number;
  /** What the rule names; undefined if the provider names no number. */
  readonly limitADay: number | undefined;
  /** When the number was reached: some providers never forget it. Undefined: it was not. */
  readonly passedAt: Millis | undefined;
  readonly missing: readonly string[];
};

export type LaneList = {
  readonly lanes: readonly (LaneStanding & { readonly lastHour: LaneSample })[];
  /** Of the last week, most frequent first. */
  readonly newReplies: readonly NewReply[];
  readonly bulk: readonly BulkStanding[];
  /** Why the states are not known; empty if they are. */
  readonly unread: string;
};

export type LaneDetail = {
  readonly standing: LaneStanding;
  /** Newest first. */
  readonly changes: readonly LaneChange[];
  /** Oldest first. */
  readonly samples: readonly LaneSample[];
  /** Most frequent first. */
  readonly replies: readonly LaneReply[];
};

export type LaneViews = {
  list(): LaneList;
  /** Those that are slowed or blocked; none while the log is not read. */
  bad(): readonly BadLane[];
  /**
   * All lanes of one provider. `stepMs`: intervals of this length are joined; without, they are as
   * stored.
   */
  show(provider: string, since: Millis, stepMs?: number): readonly LaneDetail[];
  /** What happened on all lanes in a time, oldest first: for the timeline of an incident. */
  changes(since: Millis, until: Millis): readonly LaneChange[];
};

export type Lanes = LaneViews & {
  /** The mail log tells of an attempt to deliver. */
  attempted(attempt: Attempt): void;
};

/** A lane as stored. `memory` is opaque text made by core/lanes/stored.ts. */
export type LaneRow = LaneKey & { readonly at: Millis; readonly memory: string };
/** Counts to add to the interval that begins at `at`. */
export type LaneSampleRow = LaneKey & {
  readonly at: Millis;
  readonly sent: number;
  readonly deferred: number;
  readonly bounced: number;
  /** Tens of seconds from hand-over to delivery. */
  readonly delays: Sketch;
};
/** Its count is added to the stored one. */
export type LaneReplyRow = LaneKey & LaneReply;
export type BulkRow = Omit<BulkStanding, 'limitADay' | 'missing'> & {
  /** The day that is counted now, and its recipients. */
  readonly day: number;
  readonly today: number;
  /** When the operator was told that the number is near. */
  readonly toldAt: Millis | undefined;
};

/** What is written together, or not at all. */
export type LaneWrite = {
  readonly lanes: readonly LaneRow[];
  readonly samples: readonly LaneSampleRow[];
  readonly changes: readonly LaneChange[];
  readonly replies: readonly LaneReplyRow[];
  readonly bulk: readonly BulkRow[];
  /** The place in the mail log up to which attempts are counted. */
  readonly place: { readonly key: string; readonly value: string } | undefined;
};

/** The part of the ledger that keeps lanes. */
export type LaneLedger = {
  lanes(): readonly LaneRow[];
  /** Oldest first. */
  laneSamples(lane: LaneKey, since: Millis): readonly LaneSampleRow[];
  /** Newest first. */
  laneChanges(about: {
    readonly lane?: LaneKey;
    readonly since: Millis;
    readonly until: Millis;
    readonly limit: number;
  }): readonly LaneChange[];
  /** Most frequent first. `new`: only those that no rule knows. */
  laneReplies(about: {
    readonly lane?: LaneKey;
    readonly new?: boolean;
    readonly since: Millis;
    readonly limit: number;
  }): readonly LaneReplyRow[];
  bulkDomains(): readonly BulkRow[];
};
