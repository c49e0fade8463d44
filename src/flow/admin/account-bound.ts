/** The bound of one account (core/reach/bound.ts), from what the guard knows. */
import type { Policy } from '../../core/account/policy.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import { doublingDays, growth, invitedMax, settledDays } from '../../core/account/signals.ts';
import { type ReachBound, type ReachNumbers, reachBound } from '../../core/reach/bound.ts';
import { type ReachCounts, reached, reachMost } from '../../core/reach/reach.ts';
import { dayMs, type Millis } from '../../lib/time.ts';

export function accountBound(
  profile: Pick<AccountProfile, 'firstSeen' | 'learnedDay' | 'reach' | 'usualInvited'>,
  about: {
    readonly at: Millis;
    readonly policy: Pick<Policy, 'accountRecipientsPerDay' | 'accountRecipientsPerHour'>;
    readonly isExempt: boolean;
    readonly weakPassword: string;
    readonly expected: number;
  },
): ReachBound {
  const { accountRecipientsPerDay, accountRecipientsPerHour } = about.policy;
  const { reach } = profile;
  const [day, week, month] = reachMost(reach, about.at);
  return reachBound({
    limits: { day, week, month },
    reached: named(reached(reach, about.at)),
    invited: invitedMost(profile, about.at, [day.count, week.count, month.count]),
    expected: about.expected,
    isExempt: about.isExempt,
    ceilings: { hour: accountRecipientsPerHour, day: accountRecipientsPerDay },
    hasWeakPassword: about.weakPassword !== '',
  });
}

function named([day, week, month]: ReachCounts): ReachNumbers {
  return { day, week, month };
}

/**
 * People who may count as having written first within 30 days, and so for no limit. A thief can
 * forge that. Their usual number doubles in 30 days. In a young account it grows faster, but what
 * is more than usual counts for the limits.
 */
function invitedMost(
  {
    firstSeen,
    learnedDay,
    usualInvited,
  }: Pick<AccountProfile, 'firstSeen' | 'learnedDay' | 'usualInvited'>,
  at: Millis,
  limits: ReachCounts,
): ReachNumbers {
  const isYoung = at < firstSeen + settledDays * dayMs;
  // Of the days without mail until now, the first one with mail learns at once (learn.ts).
  const silentDays = Math.min(doublingDays, Math.floor(at / dayMs) - learnedDay);
  const atOnce = isYoung ? 1 : 2 ** (Math.max(0, silentDays) / doublingDays);
  const now = atOnce * Math.max(usualInvited, invitedMax / 2);
  // A span touches one calendar day more than its length.
  const settled = { day: 2 * 2 * now, week: 8 * 2 * now, month: 31 * 1.5 * now };
  const young = isYoung ? 1 / (growth - 1) : 0;
  return {
    day: Math.ceil(settled.day + young * limits[0]),
    week: Math.ceil(settled.week + young * limits[1]),
    month: Math.ceil(settled.month + young * limits[2]),
  };
}
