/** Parses values of options strictly. A wrong value ends with one clear line, exit 64. */
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { dayMs } from '../../lib/time.ts';

/** A duration as an option's value. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new InvalidArgumentError('It must be a duration such as 90s, 1h or 2d.');
  return ms;
}

/**
 * An option with a default. Help shows the default as it is typed, so it is the same on every day.
 */
export function optionWithDefault(
  flags: string,
  meaning: string,
  parse: (text: string) => number,
  usually: string,
): Option {
  return new Option(flags, meaning).argParser(parse).default(parse(usually), usually);
}

/** A whole number of at least one. */
export function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000000.');
  }
  return count;
}

/**
 * A time in the past: a duration ago (`2h`), a date (from its first second, UTC), `today`, or an
 * RFC 3339 time.
 */
export function pastOption(text: string): number {
  const now = Date.now();
  const duration = parseDuration(text);
  if (duration !== undefined) return now - duration;
  const date = text === 'today' ? new Date(now).toISOString().slice(0, 10) : text;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(date);
  const at = Date.parse(isDay ? `${date}T00:00:00Z` : date);
  if (Number.isNaN(at) || (!isDay && !date.includes('T'))) {
    throw new InvalidArgumentError(
      'It must be a duration (2h, 3d), a date (2026-12-31), today, or a time (RFC 3339).',
    );
  }
  return at;
}

/** For an option that may be given several times: all its values. */
export function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Postfix's name of a message in its queue. */
export function queueIdOption(text: string): string {
  if (parseQueueId(text) === undefined) throw new InvalidArgumentError('It is not a queue id.');
  return text;
}

/** For an argument that may be given several times: all queue ids. */
export function queueIdsOption(text: string, before?: readonly string[]): readonly string[] {
  return several(queueIdOption(text), before);
}

/** A TCP port; 0 picks a free one. */
export function portOption(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  }
  return port;
}

/** Rows of a list. The guard gives at most 1000 at a time. */
export function listLimitOption(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
  }
  return count;
}

/** Messages a second: `5`, `5/s`, `0.5/s`. */
export function rateOption(text: string): number {
  const rate = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)?.[1]);
  if (!(rate >= 0.1 && rate <= 1_000)) {
    throw new InvalidArgumentError('It must be a rate from 0.1/s to 1000/s.');
  }
  return rate;
}

/** A note for the record. The guard takes at most 500 characters. */
export function noteOption(text: string): string {
  if (text.length > 500) throw new InvalidArgumentError('It must have at most 500 characters.');
  return text;
}

/**
 * When something ends: a duration from now (`30d`), a date (`2026-12-31`, to its last second, UTC),
 * `tomorrow` (likewise), a time (RFC 3339), or `now`.
 */
export function untilOption(text: string): number {
  const now = Date.now();
  if (text === 'now') return now;
  const duration = parseDuration(text);
  if (duration !== undefined) return now + duration;
  const date = text === 'tomorrow' ? new Date(now + dayMs).toISOString().slice(0, 10) : text;
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date);
  const at = Date.parse(day ? `${date}T23:59:59Z` : date);
  if (Number.isNaN(at) || (!day && !date.includes('T'))) {
    throw new InvalidArgumentError(
      'It must be a duration (30d), a date (2026-12-31), tomorrow, now, or a time (RFC 3339).',
    );
  }
  if (at <= now)
    throw new InvalidArgumentError('It is in the past. To end an exemption, use: now.');
  return at;
}
