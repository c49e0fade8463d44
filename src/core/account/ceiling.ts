/**
 * Fixed ceilings, for operators who want one whatever is usual. A message too large by itself is
 * refused with the number (waiting would not help); one that would fit later is delayed. When the
 * server's ceiling is reached, only accounts with something against them wait: one account's flood
 * must not silence its neighbours.
 */
import { hourMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import type { Reason } from '../verdict.ts';
import { type AccountFlags, hasCeiling, type Policy } from './policy.ts';
import { type AccountProfile, today } from './profile.ts';
import { watchAt, weakPassword } from './signals.ts';

export function overCeiling(
  profile: AccountProfile,
  message: Submission,
  policy: Policy,
  flags: AccountFlags,
  evidence: number,
): { readonly verdict: 'delay' | 'refuse'; readonly reason: Reason } | undefined {
  if (!hasCeiling(policy)) return undefined;
  const here = message.outside.length;
  const share = flags.weakPassword === '' ? 1 : weakPassword.counts;
  const ceilings = [
    [policy.messageRecipientsMax, 0, 'in one message'],
    [policy.accountRecipientsPerHour, thisHour(profile, message.at), 'an hour'],
    [policy.accountRecipientsPerDay, today(profile, message.at).recipients, 'a day'],
  ] as const;
  for (const [set, before, unit] of ceilings) {
    const limit = set === 0 ? 0 : Math.max(1, Math.floor(set / share));
    if (limit === 0 || before + here <= limit) continue;
    const alone = here > limit || unit === 'in one message';
    return {
      verdict: alone ? 'refuse' : 'delay',
      reason: tooMany(
        before + here,
        limit,
        `recipients ${unit}; the limit for one account is ${limit}`,
      ),
    };
  }
  const server = policy.serverRecipientsPerHour;
  const all = flags.serverRecipientsThisHour + here;
  if (server === 0 || all <= server || evidence < watchAt) return undefined;
  return {
    verdict: 'delay',
    reason: tooMany(all, server, `recipients an hour from all accounts; the limit is ${server}`),
  };
}

/** Recipients of this account in this hour of the clock. */
function thisHour(profile: AccountProfile, at: number): number {
  return profile.hour === Math.floor(at / hourMs) ? profile.hourRecipients : 0;
}

function tooMany(saw: number, limit: number, text: string): Reason {
  return { signal: 'ceiling', text: `${saw} ${text}`, saw, usual: limit, weight: 1 };
}
