/** What becomes of a message that comes in, and why. Types only. */
import type { Millis } from '../../../lib/time.ts';

/**
 * `observe`: nothing is done. `wait`: suspicious mail is accepted and waits here. `defer`: it is
 * put off with a 451.
 */
export const stances = ['observe', 'wait', 'defer'] as const;
export type Stance = (typeof stances)[number];

export type JudgePolicy = {
  readonly stance: Stance;
  /** How long suspicious mail waits here; 0: it does not wait. `defer` has times of its own. */
  readonly waitMs: number;
  /** Until then nobody can be known, so that nothing speaks against a sender that is not. */
  readonly learningUntil: Millis;
  /** The domain is one of this server. */
  readonly isOurs: (domain: string) => boolean;
  /** Domain below which one owner registers; undefined for a public suffix. */
  readonly organisationOf: (domain: string) => string | undefined;
};

/** One thing that speaks against a message, with its weight. */
export type Suspicion = { readonly name: string; readonly points: number; readonly text: string };

/**
 * `pass`: delivered at once. `junk`: delivered at once, with the field for the Junk folder.
 * `wait`: accepted, and waits. `defer`: put off.
 */
export type InboundAction = 'pass' | 'junk' | 'wait' | 'defer';

export type InboundJudgement = {
  readonly action: InboundAction;
  /** What would be done under stance `wait` or `defer`; differs from `action` for `observe`. */
  readonly would: InboundAction;
  /** `wait`: how long. Else 0. */
  readonly waitMs: number;
  readonly points: number;
  readonly suspicions: readonly Suspicion[];
  /** Why it does not wait whatever the points are, a sentence each. */
  readonly passes: readonly string[];
};

/** What becomes of a waiting message when its time is over. */
export type DueJudgement = {
  readonly action: 'release' | 'quarantine';
  readonly why: string;
};
