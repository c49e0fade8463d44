/** Values on the command line: read strictly, refused with one clear line (exit 64). */
import { InvalidArgumentError } from 'commander';
import { dayMs, hourMs, minuteMs, secondMs } from '../lib/brand.ts';

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: secondMs,
  m: minuteMs,
  min: minuteMs,
  h: hourMs,
  d: dayMs,
  w: 7 * dayMs,
};

/** `90s`, `1h`, `1h30m`, `2d` → milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|min|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  return parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0),
    0,
  );
}

/** A duration as an option's value. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new InvalidArgumentError('It is not a duration such as 90s, 1h or 2d.');
  return ms;
}

/** A whole number of at least one. */
export function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000000.');
  }
  return count;
}

/** A TCP port; 0 picks a free one. */
export function portOption(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  }
  return port;
}

/**
 * When something ends: a duration from now (`30d`), a date (`2026-12-31`, to its last second, UTC) or a time (RFC 3339).
 */
export function untilOption(text: string): number {
  const duration = parseDuration(text);
  if (duration !== undefined) return Date.now() + duration;
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = Date.parse(day ? `${text}T23:59:59Z` : text);
  if (Number.isNaN(at) || (!day && !text.includes('T'))) {
    throw new InvalidArgumentError('It must be a duration (30d), a date (2026-12-31) or a time.');
  }
  if (at <= Date.now()) throw new InvalidArgumentError('It lies in the past.');
  return at;
}
