/** How providers treat us: what is asked of the flow that watches lanes. Types only. */
import type { LaneChange, LaneKey, LaneSample, LaneStanding } from '../core/deliverability/lane.ts';
import type { Attempt } from '../core/fate/attempt.ts';
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
  /** Messages to the provider on the busiest of the last days, and what the rule names. */
  readonly messagesADay: number;
  readonly limitADay: number;
  readonly missing: readonly string[];
};

export type LaneList = {
  readonly lanes: readonly (LaneStanding & { readonly lastHour: LaneSample })[];
  readonly newReplies: readonly NewReply[];
  readonly bulk: readonly BulkStanding[];
  /** Why the states are not known; empty if they are. */
  readonly unread: string;
};

export type LaneDetail = {
  readonly standing: LaneStanding;
  readonly changes: readonly LaneChange[];
  readonly samples: readonly LaneSample[];
  readonly replies: readonly LaneReply[];
};

export type Lanes = {
  /** The mail log tells of an attempt to deliver. */
  attempted(attempt: Attempt): void;
  list(): LaneList;
  /** All lanes of one provider. */
  show(provider: string, since: Millis): readonly LaneDetail[];
  /** What happened on all lanes in a time: for the timeline of an incident. */
  changes(since: Millis, until: Millis): readonly LaneChange[];
};
