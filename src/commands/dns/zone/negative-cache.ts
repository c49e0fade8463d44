/** Says how long resolvers remember that a record was missing. */
import { minuteMs, secondMs } from '../../../lib/time.ts';

export function negativeText(seconds: number): string {
  const minutes = Math.ceil((seconds * secondMs) / minuteMs);
  return seconds < 60 ? `${seconds} seconds` : `${minutes} minutes`;
}
