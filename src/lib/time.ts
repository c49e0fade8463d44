/** Time in milliseconds, and larger units in milliseconds. */
import type { Brand } from './type-tools.ts';

/** Milliseconds since 1970-01-01 UTC. */
export type Millis = Brand<number, 'Millis'>;
export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

const units = [
  ['day', 'a day', dayMs],
  ['hour', 'an hour', hourMs],
  ['minute', 'a minute', minuteMs],
  ['second', 'a second', secondMs],
] as const;

/** A length of time in words: `an hour`, `3 days`, `10 minutes`. */
export function during(ms: number): string {
  for (const [name, one, length] of units) {
    if (ms % length === 0) return ms === length ? one : `${ms / length} ${name}s`;
  }
  return `${Math.round(ms / secondMs)} seconds`;
}

/** How far the zone of this machine is ahead of UTC at a time, in milliseconds. */
export function machineZone(at: number): number {
  return -new Date(at).getTimezoneOffset() * minuteMs;
}

/** A time to the minute: `2026-01-05 13:07 UTC`. */
export function utcMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
