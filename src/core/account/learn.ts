/**
 * What an account's past teaches: peaks, hours and networks of days that have gone by quietly.
 * Never of today, never of a day with a suspension, and never by more than `growth` a day: an
 * attack must not become usual.
 */

import { learnDay, refresh, type ServerBaseline } from './baseline.ts';
import type { AccountProfile, Day } from './profile.ts';
import {
  growth,
  growthHeld,
  lagDays,
  peakHalfLifeDays,
  rules,
  slots,
  windowsMs,
} from './signals.ts';

const fade = 0.5 ** (1 / peakHalfLifeDays);
/** The hour histogram is halved above this many messages: habits change. */
const hoursMax = 400;
/** A busy account's peak from which it gets the whole slack. */
const slackAt = 40;

/** What this slot's count may reach before it holds mail. */
export function allowed(past: AccountProfile, norms: ServerBaseline, slot: number): number {
  const floor = norms.floors[slot] ?? 1;
  const own = ownAllowance(past, slot);
  return Math.max(own, floor);
}

/** What the account's own past allows. */
export function ownAllowance(past: AccountProfile, slot: number): number {
  const rule = rules[(slot / windowsMs.length) | 0];
  const peak = past.peaks[slot] ?? 0;
  if (rule === undefined || peak === 0) return 0;
  return (rule.factor + rule.slack * Math.min(1, peak / slackAt)) * peak;
}

/** The peak that allows this much: the inverse of what an account's own past allows. */
function peakFor(allowance: number, slot: number): number {
  const rule = rules[(slot / windowsMs.length) | 0];
  if (rule === undefined) return 0;
  const { factor, slack } = rule;
  const busy = allowance / (factor + slack);
  if (busy >= slackAt) return busy;
  const slope = slack / slackAt;
  return (Math.sqrt(factor * factor + 4 * slope * allowance) - factor) / (2 * slope);
}

/** Learns the days that are old enough. Call before judging, with the day of the event. */
export function settle(past: AccountProfile, norms: ServerBaseline, day: number): void {
  refresh(norms, day);
  for (let oldest = past.days[0]; oldest !== undefined; oldest = past.days[0]) {
    if (oldest.day > day - lagDays - 1) return;
    past.days.shift();
    if (!oldest.tainted) learn(past, norms, oldest);
  }
}

function learn(past: AccountProfile, norms: ServerBaseline, day: Day): void {
  const unexplained = new Float64Array(slots);
  const step = day.held ? growthHeld : growth;
  for (let slot = 0; slot < slots; slot++) {
    const peak = day.peaks[slot] ?? 0;
    if (peak > ownAllowance(past, slot)) unexplained[slot] = peak;
    const most = peakFor(step * allowed(past, norms, slot), slot);
    past.peaks[slot] = Math.max((past.peaks[slot] ?? 0) * fade, Math.min(peak, most));
  }
  learnDay(norms, unexplained);
  let messages = 0;
  for (let hour = 0; hour < 24; hour++) {
    past.hours[hour] = (past.hours[hour] ?? 0) + (day.hours[hour] ?? 0);
    messages += past.hours[hour] ?? 0;
  }
  if (messages > hoursMax)
    for (let hour = 0; hour < 24; hour++) past.hours[hour] = (past.hours[hour] ?? 0) / 2;
  past.usualNetworks = Math.max(
    past.usualNetworks * fade,
    1,
    Math.min(day.networks, past.usualNetworks + 1),
  );
}

/** An operator says that what was seen was honest: it counts as usual from now on. */
export function vouch(past: AccountProfile): void {
  for (let slot = 0; slot < slots; slot++) {
    let seen = Math.max(past.peaks[slot] ?? 0, past.sums[slot] ?? 0);
    for (const day of past.days) if (day.tainted) seen = Math.max(seen, day.peaks[slot] ?? 0);
    past.peaks[slot] = seen;
  }
  for (const day of past.days) day.tainted = false;
}
