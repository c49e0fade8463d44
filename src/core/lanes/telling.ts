/** When the operator is told that a lane has changed: each change once, and flapping lanes less. */
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { LaneState } from '../deliverability/lane.ts';
import type { LaneMemory } from './memory.ts';

/** Two notices about one lane are at least this far apart, unless it gets worse. */
const gapMs = 10 * minuteMs;

const rank: Readonly<Record<LaneState, number>> = { unknown: 0, healthy: 0, slowed: 1, blocked: 2 };

/** Is there something to tell? A lane that is unknown says nothing. */
export function isToTell({ state, toldAt, toldState }: LaneMemory, now: Millis): boolean {
  if (state === 'unknown' || rank[state] === rank[toldState]) return false;
  const isWorse = rank[toldState] > 0 && rank[state] > rank[toldState];
  return isWorse || toldAt === 0 || Math.abs(now - toldAt) >= gapMs;
}

export function setTold(lane: LaneMemory, now: Millis): void {
  lane.toldState = lane.state;
  lane.toldAt = now;
}
