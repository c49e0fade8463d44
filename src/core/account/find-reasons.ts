/** Reasons that the guard finds in its sums and in the risk factors of a message. */

import { hundredths } from '../../lib/round.ts';
import { minuteMs } from '../../lib/time.ts';
import type { AuthorsFinding } from '../authors-finding.ts';
import { type CountName, countNames, type GuardReason } from '../reason.ts';
import type { ServerBaseline } from './baseline.ts';
import { ownAllowance, usual } from './learn.ts';
import type { AccountProfile } from './profile.ts';
import type { RiskFactors } from './risk-factors.ts';
import {
  boosts,
  breachFailsMin,
  hourShare,
  numberCounts,
  rules,
  slotsOf,
  weakPassword,
  windowsMs,
} from './signals.ts';

/** How this message's client changes what counts weigh. */
export type Weighing = {
  /** Of numbers. */
  readonly trust: number;
  /** Of copies of one text. */
  readonly copies: number;
};

function weightFactor(count: CountName, { copies, trust }: Weighing): number {
  if (count === 'same-body') return copies;
  return numberCounts.has(count) ? trust : 1;
}

/** Reasons weaker than this share of the strongest are left out. */
const shareMin = 0.4;

/**
 * One reason for each count: the window with the highest ratio. Strongest first. Weak ones are left
 * out, but not those in `always`.
 */
export function slotReasons(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
  {
    boost,
    weighing,
    always,
  }: { readonly boost: number; readonly weighing: Weighing; readonly always: readonly CountName[] },
): GuardReason[] {
  const reasons: GuardReason[] = [];
  for (const signal of countNames) {
    let best: GuardReason | undefined;
    const factor = boost * weightFactor(signal, weighing);
    for (const [window, windowMs] of windowsMs.entries()) {
      const slot = slotsOf[signal][window] ?? 0;
      const saw = sums[slot] ?? 0;
      const most = usual(profile, baseline, sums, slot);
      const weight = (rules[signal].weight * saw * factor) / most;
      if (best !== undefined && best.weight >= weight) continue;
      best = {
        signal,
        saw: hundredths(saw),
        usual: hundredths(most),
        weight: hundredths(weight),
        windowMs,
        normalFor: ownAllowance(profile, slot) >= most ? 'account' : 'server',
      };
    }
    if (best !== undefined) reasons.push(best);
  }
  reasons.sort((a, b) => b.weight - a.weight);
  const least = (reasons[0]?.weight ?? 0) * shareMin;
  return reasons.filter(
    ({ signal, weight }) =>
      weight > 0 && (weight >= least || always.some((count) => count === signal)),
  );
}

/** What the risk factors add. A weight is the factor less one, or what it adds to the evidence. */
export function riskFactorReasons(seen: RiskFactors): GuardReason[] {
  const reasons: GuardReason[] = [];
  if (seen.hourUnusual) {
    const { hour } = seen;
    const weight = hundredths(boosts.hour - 1);
    reasons.push({
      signal: 'unusual-hour',
      saw: hour,
      usual: 0,
      weight,
      hour,
      shareMax: hourShare,
    });
  }
  if (seen.newNetwork !== undefined) {
    const weight = hundredths(seen.networkBoost - 1);
    reasons.push({ signal: 'new-network', saw: 1, usual: 0, weight, network: seen.newNetwork });
  }
  if (seen.newIdentity !== undefined) {
    const weight = hundredths(boosts.identity - 1);
    reasons.push({ signal: 'new-identity', saw: 1, usual: 0, weight, from: seen.newIdentity });
  }
  if (seen.foreign !== undefined) {
    const weight = hundredths(boosts.foreign - 1);
    const about = { address: seen.foreign, asked: true };
    reasons.push({ signal: 'foreign-author', saw: 1, usual: 0, weight, ...about });
  }
  if (seen.breachFails > 0) {
    const saw = seen.breachFails;
    const weight = hundredths(boosts.breach - 1);
    reasons.push({ signal: 'guessed-login', saw, usual: 0, weight, failuresMin: breachFailsMin });
  }
  if (seen.networksAlone > 0) {
    const usual = Math.round(seen.networksUsual);
    const weight = hundredths(seen.networksAlone);
    reasons.push({ signal: 'networks', saw: seen.networks, usual, weight });
  }
  return reasons;
}

/** Why less than usual is allowed. `finding`: the audit's; empty for nearly every account. */
export function weakPasswordReasons(finding: string): readonly GuardReason[] {
  if (finding === '') return [];
  const { counts: saw } = weakPassword;
  return [{ signal: 'weak-password', saw, usual: 1, weight: saw - 1, finding }];
}

/** Why everything is refused. */
export function suspendedReason(profile: AccountProfile, at: number): GuardReason {
  const saw = Math.max(0, Math.round((at - profile.suspendedAt) / minuteMs));
  const { leakedRecipients } = profile;
  return { signal: 'suspended', saw, usual: 0, weight: 1, leakedRecipients };
}

/** Reasons to hold a message for its authors; empty if they are none. */
export function authorReasons(finding: AuthorsFinding | undefined): readonly GuardReason[] {
  if (finding === undefined || !finding.holds) return [];
  const address = finding.author;
  const asked = finding.unsigned !== 'unknown';
  return [{ signal: 'foreign-author', saw: 1, usual: 0, weight: 1, address, asked }];
}
