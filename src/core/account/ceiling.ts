/**
 * Fixed ceilings, for operators who want a limit whatever is usual. A message that alone is larger
 * than a limit is refused, with the number: waiting would not help. One that would fit later is
 * delayed. When the server's ceiling is reached, only accounts with evidence against them wait, so
 * that one account's flood does not stop the others.
 */
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Reason } from '../reason.ts';
import { type AccountFlags, hasCeiling, type Policy } from './policy.ts';
import { type AccountProfile, today } from './profile.ts';
import { watchAt, weakPassword } from './signals.ts';

/**
 * The ceiling that a message would exceed. With an evidence of Infinity: whether one could be
 * exceeded, whatever the evidence is.
 */
export function overCeiling(
  profile: AccountProfile,
  message: { readonly at: Millis; readonly recipients: number },
  policy: Policy,
  flags: AccountFlags,
  evidence: number,
): { readonly verdict: 'delay' | 'refuse'; readonly reason: Reason } | undefined {
  if (!hasCeiling(policy)) return undefined;
  const here = message.recipients;
  const share = flags.weakPassword === '' ? 1 : weakPassword.counts;
  const ceilings = [
    ['message', policy.messageRecipientsMax, 0],
    ['hour', policy.accountRecipientsPerHour, thisHour(profile, message.at)],
    ['day', policy.accountRecipientsPerDay, today(profile, message.at).recipients],
  ] as const;
  for (const [limit, set, before] of ceilings) {
    const usual = set === 0 ? 0 : Math.max(1, Math.floor(set / share));
    const saw = before + here;
    if (usual === 0 || saw <= usual) continue;
    const alone = here > usual || limit === 'message';
    const reason: Reason = { signal: 'ceiling', saw, usual, weight: 1, limit };
    return { verdict: alone ? 'refuse' : 'delay', reason };
  }
  const usual = policy.serverRecipientsPerHour;
  const saw = flags.serverRecipientsThisHour + here;
  if (usual === 0 || saw <= usual || evidence < watchAt) return undefined;
  const reason: Reason = { signal: 'ceiling', saw, usual, weight: 1, limit: 'server-hour' };
  return { verdict: 'delay', reason };
}

/** Recipients of this account in this hour of the clock. */
function thisHour(profile: AccountProfile, at: number): number {
  return profile.hour === Math.floor(at / hourMs) ? profile.hourRecipients : 0;
}
