/** Reasons: what was seen and what is usual, as numbers and as the sentence that people read. */

import { hundredths } from '../../lib/round.ts';
import { minuteMs } from '../../lib/time.ts';
import type { Reason } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { allowed, ownAllowance } from './learn.ts';
import type { AccountProfile } from './profile.ts';
import type { RiskFactors } from './risk-factors.ts';
import {
  boosts,
  type CountName,
  counts,
  rules,
  weakPassword,
  windowNames,
  windowsMs,
} from './signals.ts';

/** Reasons weaker than this share of the strongest are left out. */
const worthTelling = 0.4;

const what: Readonly<Record<CountName, string>> = {
  strangers: 'people whom nobody here ever wrote to',
  'new-recipients': 'people whom it never wrote to before',
  recipients: 'recipients',
  messages: 'messages',
  'failed-recipients': 'recipients that do not exist',
  'same-body': 'messages with a body already sent',
  elsewhere: 'recipients written to from a new network at a strange hour or after a guessed login',
  'spam-like': 'messages that look like spam',
};

/** One reason a count: that of its strongest window. */
export function slotReasons(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
  boost: number,
): Reason[] {
  const windows = windowsMs.length;
  const reasons: Reason[] = [];
  counts.forEach((count, index) => {
    let best: Reason | undefined;
    for (let window = 0; window < windows; window++) {
      const slot = index * windows + window;
      const saw = sums[slot] ?? 0;
      const usual = allowed(profile, baseline, slot);
      const weight = ((rules[index]?.weight ?? 0) * saw * boost) / usual;
      if (best !== undefined && best.weight >= weight) continue;
      const whose = ownAllowance(profile, slot) >= usual ? 'for this account' : 'on this server';
      best = {
        signal: count,
        text: `${shown(saw)} ${what[count]} in ${windowNames[window]}; usual ${whose}: at most ${shown(usual)}`,
        saw: hundredths(saw),
        usual: hundredths(usual),
        weight: hundredths(weight),
      };
    }
    if (best !== undefined) reasons.push(best);
  });
  reasons.sort((a, b) => b.weight - a.weight);
  const least = (reasons[0]?.weight ?? 0) * worthTelling;
  return reasons.filter((reason) => reason.weight > 0 && reason.weight >= least);
}

/**
 * What the risk factors add. Their weight is the factor less one, or the evidence they are alone.
 */
export function riskFactorReasons(seen: RiskFactors): Reason[] {
  const reasons: Reason[] = [];
  const add = (signal: string, text: string, saw: number, usual: number, weight: number): void => {
    reasons.push({ signal, text, saw, usual, weight: hundredths(weight) });
  };
  if (seen.hourUnusual) {
    const clock = `${String(seen.hour).padStart(2, '0')}:00 UTC`;
    add(
      'unusual-hour',
      `sent around ${clock}, when it hardly ever sends`,
      seen.hour,
      0,
      boosts.hour - 1,
    );
  }
  if (seen.networkNew !== '') {
    add(
      'new-network',
      `sent from ${seen.networkNew}, a network it never used before`,
      1,
      0,
      seen.networkBoost - 1,
    );
  }
  if (seen.identityNew !== '') {
    add(
      'new-identity',
      `From: ${seen.identityNew}, an address it never used before`,
      1,
      0,
      boosts.identity - 1,
    );
  }
  if (seen.breachFails > 0) {
    const text = `${seen.breachFails} failed logins, then a good one from a new network`;
    add('guessed-login', text, seen.breachFails, 0, boosts.breach - 1);
  }
  if (seen.networksAlone > 0) {
    const usual = Math.round(seen.networksUsual);
    const text = `${seen.networks} client networks within an hour; usual for this account: at most ${usual}`;
    add('networks', text, seen.networks, usual, seen.networksAlone);
  }
  return reasons;
}

/**
 * Why what is usual is not allowed to it as a whole. `why`: the audit's sentence; empty for nearly
 * everybody.
 */
export function weakPasswordReasons(why: string): Reason[] {
  if (why === '') return [];
  const { counts: factor } = weakPassword;
  const share = Math.round(100 / factor);
  const text = `${why}; until it is changed, ${share} % of what is usual is allowed`;
  return [{ signal: 'weak-password', text, saw: factor, usual: 1, weight: factor - 1 }];
}

/** Why everything is refused. */
export function suspendedReason(profile: AccountProfile, at: number): Reason {
  const minutes = Math.max(0, Math.round((at - profile.suspendedAt) / minuteMs));
  return {
    signal: 'suspended',
    text: `the account was suspended ${minutes} min ago; ${profile.leakedRecipients} recipients had been reached`,
    saw: minutes,
    usual: 0,
    weight: 1,
  };
}

const shown = (value: number): string =>
  String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
