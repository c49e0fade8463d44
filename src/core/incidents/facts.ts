/** What is known of an incident, from the ledger, the day files and the lanes. Types only. */
import type { Millis } from '../../lib/time.ts';
import type { LaneKey, LaneState } from '../deliverability/lane.ts';
import type { Attempt } from '../fate/attempt.ts';
import type { LeakMark } from '../fate/leaked.ts';
import type { ShownReason } from '../reason.ts';
import type { VerdictKind } from '../verdict.ts';

/**
 * suspension: the account was suspended, or would have been. replies: the account was not, and made
 * most of the bad replies of a provider.
 */
export type IncidentKind = 'suspension' | 'replies';

export type IncidentAttempt = Pick<
  Attempt,
  'at' | 'outcome' | 'isLocal' | 'mxHost' | 'mxAddress' | 'from' | 'reply'
>;

/** A message that got out. Addresses and subject are empty where they are not kept. */
export type IncidentMessage = {
  readonly id: string;
  readonly at: Millis;
  readonly client: string;
  readonly script: string;
  readonly sender: string;
  readonly headerFrom: string;
  readonly subject: string;
  readonly messageId: string;
  readonly recipientCount: number;
  readonly mark: LeakMark;
  /** Of all its recipients. */
  readonly attempts: readonly IncidentAttempt[];
};

/** Answers of one kind from one provider to mail of the incident. */
export type ProviderAnswer = {
  /** Id of the provider, and its name as a person says it. */
  readonly provider: string;
  readonly name: string;
  /** The product or list whose words these are, where it is not the provider; else empty. */
  readonly filter: string;
  readonly outcome: 'deferred' | 'bounced';
  /** Empty: no rule knows the reply. */
  readonly rule: string;
  readonly scope: string;
  readonly severity: string;
  readonly cure: string;
  readonly link: string;
  /** It is held against us: our address, our domain, our content, our rate. */
  readonly isAgainstUs: boolean;
  /** Attempts, and messages they belong to. */
  readonly count: number;
  readonly messages: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  /** The last reply in the words of the log, the server that said it, and our address. */
  readonly reply: string;
  readonly mx: string;
  readonly from: string;
  /** Queue id and Message-ID of the first message. */
  readonly id: string;
  readonly messageId: string;
};

/** A lane on which mail of the incident got bad answers, while it was slowed or blocked. */
export type SufferedLane = LaneKey & {
  readonly name: string;
  /** What it turned to first: slowed or blocked. */
  readonly state: LaneState;
  readonly since: Millis;
  /** When it was blocked; undefined: it was only slowed. */
  readonly blockedAt: Millis | undefined;
  /** In their words. */
  readonly reply: string;
  /** Undefined: it has not recovered. */
  readonly recoveredAt: Millis | undefined;
  /** Part of the lane's bad answers that this account made, 0 to 1; undefined if not known. */
  readonly share: number | undefined;
};

/** What Postern or a person did. */
export type IncidentAct = {
  readonly at: Millis;
  readonly by: string;
  readonly action: string;
  readonly detail: string;
};

export type StoppedMail = { readonly at: Millis; readonly verdict: VerdictKind };
export type HeldMail = {
  readonly state: 'held' | 'released' | 'dropped' | 'gone';
  readonly changedAt: Millis;
  readonly by: string;
};

/** The incident itself. */
export type IncidentBasis = {
  readonly id: string;
  readonly kind: IncidentKind;
  readonly account: string;
  readonly observed: boolean;
  readonly by: string;
  readonly since: Millis;
  /** Undefined: it was not. */
  readonly suspendedAt: Millis | undefined;
  readonly endedAt: Millis | undefined;
  readonly endedBy: string;
  readonly leakedMessages: number;
  readonly leakedRecipients: number;
  readonly stoppedMessages: number;
  /** Messages that mode guard would have stopped; 0 unless the mode was observe. */
  readonly wouldStopMessages: number;
  readonly queuedHeld: number;
  readonly loginClosed: boolean;
  readonly reasons: readonly ShownReason[];
};

export type IncidentFacts = {
  readonly incident: IncidentBasis;
  /** What got out, in any order. */
  readonly mail: readonly IncidentMessage[];
  /** What servers answered before Postern took it back from the queue. */
  readonly caught: readonly IncidentMessage[];
  readonly answers: readonly ProviderAnswer[];
  readonly lanes: readonly SufferedLane[];
  readonly stopped: readonly StoppedMail[];
  readonly held: readonly HeldMail[];
  readonly acts: readonly IncidentAct[];
};
