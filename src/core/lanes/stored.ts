/** The memory of a lane as text, and read from it: an older Postern may have written less. */
import type { Millis } from '../../lib/time.ts';
import { type LaneMemory, newLane } from './memory.ts';

export function encodeLane(lane: LaneMemory): string {
  const minutes = lane.minutes.map(({ blocked, minute, part, slowed, taken, unclear }) => [
    minute,
    taken,
    blocked,
    slowed,
    part,
    unclear,
  ]);
  return JSON.stringify({ ...lane, minutes });
}

/** A new lane if the text is not of a lane. */
export function decodeLane(text: string, now: Millis): LaneMemory {
  const fresh = newLane(now);
  try {
    const stored = JSON.parse(text) as Partial<Omit<LaneMemory, 'minutes'>> & {
      readonly minutes?: readonly (readonly number[])[];
    };
    const minutes = (stored.minutes ?? []).map(
      ([minute = 0, taken = 0, blocked = 0, slowed = 0, part = 0, unclear = 0]) => ({
        minute,
        taken,
        blocked,
        slowed,
        part,
        unclear,
      }),
    );
    return { ...fresh, ...stored, minutes };
  } catch {
    return fresh;
  }
}
