/**
 * The bound of an account: the most strangers that anybody with its password reaches before mail is
 * held or the operator is told, whatever they do. Made from the limits at which the guard tells.
 * Pure.
 */

import type { ReachMost } from './reach.ts';

/** Strangers in a day, a week and 30 days. */
export type ReachNumbers = { readonly day: number; readonly week: number; readonly month: number };
export type ReachWindow = keyof ReachNumbers;
export const reachWindows: readonly ReachWindow[] = ['day', 'week', 'month'];

export type BoundFacts = {
  /** What is reached before the operator is told. */
  readonly limits: Readonly<Record<ReachWindow, ReachMost>>;
  /** What was reached until now. */
  readonly reached: ReachNumbers;
  /** People who count as having written first, which a thief can forge: they count for no limit. */
  readonly invited: ReachNumbers;
  /** Recipients of an announced mailing that are left: they count for no limit. */
  readonly expected: number;
  /** An operator exempted it: all its mail passes, and nobody is told. */
  readonly isExempt: boolean;
  /** Fixed ceilings on recipients of one account; 0: none. */
  readonly ceilings: { readonly hour: number; readonly day: number };
  /** The audit guessed its password. */
  readonly hasWeakPassword: boolean;
};

/** Where a number comes from. */
export type BoundSource = ReachMost['from'] | 'a fixed ceiling';

/** What an operator can do about it. */
export type BoundStep = 'end exemption' | 'change password' | 'announce' | 'set ceiling';

export type ReachBound = {
  /** Undefined: without a bound. */
  readonly most: ReachNumbers | undefined;
  readonly sources: Readonly<Record<ReachWindow, BoundSource>>;
  readonly reached: ReachNumbers;
  /** People who count as having written first, and recipients of an announced mailing: in them. */
  readonly invited: ReachNumbers;
  readonly announced: number;
  /** What lowers the numbers, or the risk that somebody uses them. */
  readonly steps: readonly BoundStep[];
};

/**
 * The ceilings count by hours and days of the clock. So a day touches two days of the clock and 25
 * hours, a week eight days, 30 days 31.
 */
const touched: Readonly<Record<ReachWindow, { readonly hours: number; readonly days: number }>> = {
  day: { hours: 25, days: 2 },
  week: { hours: 7 * 24 + 1, days: 8 },
  month: { hours: 30 * 24 + 1, days: 31 },
};

export function reachBound(facts: BoundFacts): ReachBound {
  const { ceilings, expected, hasWeakPassword, invited, isExempt, limits, reached } = facts;
  const most = { day: 0, week: 0, month: 0 };
  const sources: Record<ReachWindow, BoundSource> = {
    day: 'every account',
    week: 'every account',
    month: 'every account',
  };
  for (const window of reachWindows) {
    const { count, from } = limits[window];
    const counted = count + invited[window] + expected;
    const ceiling = ceilingOf(ceilings, window);
    most[window] = Math.min(counted, ceiling);
    sources[window] = ceiling < counted ? 'a fixed ceiling' : from;
  }
  const makesRoom = reachWindows.some((window) => sources[window] === 'its own mail');
  const steps: BoundStep[] = [];
  if (isExempt) steps.push('end exemption');
  if (hasWeakPassword) steps.push('change password');
  if (makesRoom) steps.push('announce');
  if (!reachWindows.some((window) => sources[window] === 'a fixed ceiling')) {
    steps.push('set ceiling');
  }
  return {
    most: isExempt ? undefined : most,
    sources,
    reached,
    invited,
    announced: expected,
    steps,
  };
}

function ceilingOf({ day, hour }: BoundFacts['ceilings'], window: ReachWindow): number {
  const { days, hours } = touched[window];
  return Math.min(
    day === 0 ? Number.POSITIVE_INFINITY : day * days,
    hour === 0 ? Number.POSITIVE_INFINITY : hour * hours,
  );
}
