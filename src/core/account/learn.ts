/**
 * What an account's profile teaches: peaks, hours and networks of days without a suspension.
 * Nothing is learned from today, and at most `growth` from one day, because an attack must not
 * become usual. Nor from a day whose mail waits for a person: who goes on against it all the same
 * would widen what is allowed without a message that passes.
 */

import { dayMs, type Millis } from '../../lib/time.ts';
import type { CountName } from '../reason.ts';
import { learnDay, refresh, type ServerBaseline } from './baseline.ts';
import type { AccountProfile, Day } from './profile.ts';
import {
  deadShareFree,
  doublingDays,
  growth,
  growthHeld,
  invitedMax,
  isReply,
  lagDays,
  peakHalfLifeDays,
  settledDays,
  slots,
  slotsOf,
  spamShareFree,
  vouchedShare,
} from './signals.ts';

const fade = 0.5 ** (1 / peakHalfLifeDays);
/** The hour histogram is halved above this many messages: habits change. */
const hoursMax = 400;
/** The peak from which an account gets the whole slack. */
const slackAt = 40;

/** What the sum in this slot may reach before mail is held. */
export function allowed(profile: AccountProfile, baseline: ServerBaseline, slot: number): number {
  return Math.max(ownAllowance(profile, slot), baseline.floors[slot] ?? 1);
}

/**
 * The same with these sums: a share of all recipients may be dead or refuse, as on every honest
 * list. Counts other than replies are not measured against others.
 */
export function usual(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
  slot: number,
): number {
  const most = allowed(profile, baseline, slot);
  const window = slots[slot]?.window ?? 0;
  if (slot === firstSpam + window)
    return Math.max(most, spamShareFree * (sums[firstMessages + window] ?? 0));
  if (!isReply(slot)) return most;
  return Math.max(most, deadShareFree * (sums[firstRecipients + window] ?? 0));
}

const opening: ReadonlySet<CountName> = new Set(['strangers', 'new-recipients', 'new-local']);
const [firstRecipients = 0] = slotsOf.recipients;
const [firstMessages = 0] = slotsOf.messages;
const [firstSpam = 0] = slotsOf['spam-like'];

/** What the account's own peak allows. */
export function ownAllowance(profile: AccountProfile, slot: number): number {
  const peak = profile.peaks[slot] ?? 0;
  const rule = slots[slot]?.rule;
  if (rule === undefined || peak === 0) return 0;
  return (rule.factor + rule.slack * Math.min(1, peak / slackAt)) * peak;
}

/** The peak that allows this much: the inverse of `ownAllowance`. */
function peakFor(allowance: number, slot: number): number {
  const rule = slots[slot]?.rule;
  if (rule === undefined) return 0;
  const { factor, slack } = rule;
  const busy = allowance / (factor + slack);
  if (busy >= slackAt) return busy;
  const slope = slack / slackAt;
  return (Math.sqrt(factor * factor + 4 * slope * allowance) - factor) / (2 * slope);
}

/**
 * Learns from the days that are old enough. Call it before judging, with the day of the event.
 * `teaches`: whether the server's baseline learns from them too.
 */
export function settle(
  profile: AccountProfile,
  baseline: ServerBaseline,
  day: number,
  teaches = true,
): void {
  refresh(baseline, day);
  for (let oldest = profile.days[0]; oldest !== undefined; oldest = profile.days[0]) {
    if (oldest.day > day - lagDays - 1) return;
    profile.days.shift();
    if (!isDoubtful(oldest)) learn(profile, baseline, oldest, teaches);
  }
}

function learn(
  profile: AccountProfile,
  baseline: ServerBaseline,
  day: Day,
  teaches: boolean,
): void {
  const unexplained = new Float64Array(slots.length);
  const step = growthOf(profile, day);
  profile.learnedDay = day.day;
  for (let slot = 0; slot < slots.length; slot++) {
    const peak = day.peaks[slot] ?? 0;
    if (peak > ownAllowance(profile, slot)) unexplained[slot] = peak;
    const most = peakFor(step * allowed(profile, baseline, slot), slot);
    profile.peaks[slot] = Math.max((profile.peaks[slot] ?? 0) * fade, Math.min(peak, most));
  }
  if (teaches) learnDay(baseline, unexplained);
  let messages = 0;
  for (let hour = 0; hour < 24; hour++) {
    profile.hours[hour] = (profile.hours[hour] ?? 0) + (day.hours[hour] ?? 0);
    messages += profile.hours[hour] ?? 0;
  }
  if (messages > hoursMax) {
    for (let hour = 0; hour < 24; hour++) profile.hours[hour] = (profile.hours[hour] ?? 0) / 2;
  }
  profile.usualNetworks = Math.max(
    profile.usualNetworks * fade,
    1,
    Math.min(day.networks, profile.usualNetworks + 1),
  );
  profile.usualNewFroms = Math.max(
    profile.usualNewFroms * fade,
    Math.min(day.newFroms ?? 0, profile.usualNewFroms + 1),
  );
  profile.usualInvited = Math.max(
    profile.usualInvited * fade,
    Math.min(day.invited?.length ?? 0, step * Math.max(profile.usualInvited, invitedMax / 2)),
  );
}

/**
 * What is allowed may grow by this for one day. Once the account is settled, it takes 30 days to
 * double.
 */
function growthOf({ firstSeen, learnedDay }: AccountProfile, { day, held }: Day): number {
  const settledDay = Math.floor(firstSeen / dayMs) + settledDays;
  if (day < settledDay) return held ? growthHeld : growth;
  const since = Math.min(doublingDays, day - Math.max(learnedDay, settledDay - 1));
  return 2 ** (Math.max(0, since) / doublingDays);
}

/**
 * An operator says that what was seen was honest: the same is allowed from now on, and no more. Of
 * new recipients less is: those of the false alarm are known now, and room for others is room for a
 * thief. `except` a count is left as it was.
 */
export function vouch(profile: AccountProfile, except?: CountName): void {
  for (let slot = 0; slot < slots.length; slot++) {
    if (slots[slot]?.count === except) continue;
    let seen = Math.max(profile.peaks[slot] ?? 0, profile.sums[slot] ?? 0);
    for (const day of profile.days) {
      if (isDoubtful(day)) seen = Math.max(seen, day.peaks[slot] ?? 0);
    }
    const share = opening.has(slots[slot]?.count ?? 'messages') ? vouchedShare : 1;
    profile.peaks[slot] = Math.max(profile.peaks[slot] ?? 0, peakFor(share * seen, slot));
  }
  for (const day of profile.days) {
    day.tainted = false;
    delete day.numbers;
  }
}

/** A day that teaches nothing until a person has said that it was honest. */
function isDoubtful({ numbers, tainted }: Day): boolean {
  return tainted || numbers === true;
}

/** How much was sent, and to how many. */
const amounts: readonly CountName[] = [
  'strangers',
  'new-recipients',
  'recipients',
  'messages',
  'same-body',
  'reached',
];

/**
 * A person says that a mailing has begun: what it has counted until now is forgotten. What was seen
 * of content, clients and replies stays, and nothing is learned.
 */
export function countAfresh(profile: AccountProfile): void {
  for (const count of amounts) for (const slot of slotsOf[count]) profile.sums[slot] = 0;
  profile.lockedAt = 0 as Millis;
}
