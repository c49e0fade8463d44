/** How one provider treats mail from one of our addresses. */
import type { Millis } from '../../lib/time.ts';

/** A lane: one of our addresses and a provider. */
export type LaneKey = {
  /** Our source address; empty where it is not known (one address: the usual case). */
  readonly source: string;
  /** Of the connection to the provider. */
  readonly family: 'ipv4' | 'ipv6';
  /** Id of the provider, as the classifier of replies names it; a domain for one without an id. */
  readonly provider: string;
};

/** unknown: too little mail, or the mail log is not read. */
export const laneStates = ['healthy', 'slowed', 'blocked', 'unknown'] as const;
export type LaneState = (typeof laneStates)[number];

export function isBadState(state: LaneState): state is 'slowed' | 'blocked' {
  return state === 'slowed' || state === 'blocked';
}

/** Provider of the lanes of all others, beyond those that have a place of their own. */
export const otherProvider = 'other';

/** The lane of a domain, which has no id as a provider. */
export function isOtherLane({ provider }: LaneKey): boolean {
  return provider.includes('.');
}

/** Anybody may run these servers, and have mail sent to them. */
export function isOfStrangers(lane: LaneKey): boolean {
  return isOtherLane(lane) || lane.provider === otherProvider;
}

/** The key alone, of anything that has one. */
export function laneKey({ family, provider, source }: LaneKey): LaneKey {
  return { source, family, provider };
}

/** Equal for one lane. */
export function laneId({ family, provider, source }: LaneKey): string {
  return `${source} ${family} ${provider}`;
}

/** What a lane is now, and why. */
export type LaneStanding = LaneKey & {
  readonly state: LaneState;
  /** Since when it has this state. */
  readonly since: Millis;
  /** In their words: the reply that decided, with its rule; empty strings if none did. */
  readonly reply: string;
  readonly rule: string;
  readonly cure: string;
  readonly link: string;
  /** One sentence: why it has this state. */
  readonly why: string;
  /** Lines to type if the provider refuses IPv6 and takes mail by IPv4; else empty. */
  readonly commands: readonly string[];
  /** The account or script that caused most of the bad replies; undefined if none did. */
  readonly causedBy: { readonly account: string; readonly share: number } | undefined;
  /** Id of the incident of that account; undefined without one. */
  readonly incident: string | undefined;
};

/** A lane that is slowed or blocked, in short. */
export type BadLane = LaneKey & { readonly state: 'slowed' | 'blocked' };

/** A change of state: what a timeline is made of. */
export type LaneChange = LaneKey & {
  readonly at: Millis;
  readonly from: LaneState;
  readonly to: LaneState;
  readonly reply: string;
  readonly rule: string;
};

/** One interval of a lane, for charts and comparisons. */
export type LaneSample = {
  readonly at: Millis;
  readonly sent: number;
  readonly deferred: number;
  readonly bounced: number;
  /** Seconds from hand-over to delivery, of mail that was delivered in the interval. */
  readonly delayP50: number | undefined;
  readonly delayP95: number | undefined;
};
