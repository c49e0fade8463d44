/** How much is remembered about mail that comes in, and for how long. */
import { dayMs, hourMs } from '../../lib/time.ts';
import type { CountedKind, SentKind } from './greylist/knowledge.ts';

/** Mail servers try for five days (RFC 5321 section 4.5.4.1). */
export const deferredKeptMs: number = 5 * dayMs;

/**
 * Who makes entries of what is known: strangers, with any mail; people here, with what they decide.
 * Each has its own room, so that no flood of mail ends what the others remember. Mail that leaves
 * has a room, too (sentNamesMax).
 */
export const knownGroups = ['strangers', 'people'] as const;
export type KnownGroup = (typeof knownGroups)[number];
export const knownGroupMax: Readonly<Record<KnownGroup, number>> = {
  strangers: 600_000,
  people: 100_000,
};
/** `once`: for an entry that was seen once only. */
export type KnownKept = {
  readonly group: KnownGroup;
  readonly keptMs: number;
  readonly onceMs: number;
};
const kept = (group: KnownGroup, days: number, onceDays = days): KnownKept => {
  return { group, keptMs: days * dayMs, onceMs: onceDays * dayMs };
};
/** A year, and some, for a shop that writes once a year. */
export const knownKept: Readonly<Record<CountedKind, KnownKept>> = {
  domain: kept('strangers', 400, 200),
  network: kept('strangers', 400, 30),
  missed: kept('strangers', 400),
  'spam-domain': kept('strangers', 90, 30),
  'spam-network': kept('strangers', 90, 14),
  'came-forged': kept('strangers', 7),
  'came-spam': kept('strangers', 7),
  'written-to': kept('people', 400),
  answered: kept('people', 14),
  allowed: kept('people', 400),
};
/** Of mail that leaves. */
export const sentKeptMs: Readonly<Record<SentKind, number>> = {
  'message-id': 90 * dayMs,
  sent: 30 * dayMs,
};
/** Names of each of its kinds. Beyond that, the oldest go. They take up to 4 MB. */
export const sentNamesMax = 150_000;
/** The least share of its time that an entry is kept where its room is full. */
const shareLeast = 1 / 64;

/**
 * Share of its time that an entry is kept from now on: half while the room is nearly full, twice
 * once it is half empty.
 */
export function keptShare(share: number, group: KnownGroup, count: number): number {
  const max = knownGroupMax[group];
  if (count >= 0.9 * max) return Math.max(shareLeast, share / 2);
  return count < 0.5 * max ? Math.min(1, share * 2) : share;
}
/** Messages that wait at the same time: beyond that, mail passes. */
export const inboundWaitingMax = 5_000;
/** Messages in quarantine. Beyond that, mail passes. */
export const quarantineMax = 20_000;
/** Messages that a search looks through, the newest first: it takes well below a second. */
export const inboundSearchedMax = 50_000;
/**
 * Mail that was put off is late when its sender has not come back this long after the time that it
 * was told. Usual mail servers try again within an hour.
 */
export const lateAfterMs: number = hourMs;
