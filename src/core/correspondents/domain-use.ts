/**
 * Which accounts here have written to a domain, or sent links to it: when that began, and the
 * latest accounts. An account counts for some months after its last mail.
 */
import { dayMs, type Millis } from '../../lib/time.ts';

/** Kinds of use. Stored as the place in this list: append only. */
export const useKinds = ['written-to', 'link'] as const;
export type UseKind = (typeof useKinds)[number];

export type DomainUse = {
  /** The first use that was not followed by a time in which nobody used it. */
  readonly firstAt: Millis;
  /** Hash of an account and day of its latest use, in pairs; at most `usersMax` accounts. */
  readonly users: readonly number[];
};

/** As many as any question asks for. */
export const usersMax = 8;
/** How long a use counts. */
export const useKeptDays = 180;
/** The day of an account is written again only after this time: a busy one uses it every hour. */
const refreshDays = 7;

/** The use after another message of this account; undefined: nothing changes. */
export function usedBy(
  use: DomainUse | undefined,
  user: number,
  at: Millis,
): DomainUse | undefined {
  const day = dayAt(at);
  if (use === undefined || lastUse(use) <= day - useKeptDays) {
    return { firstAt: at, users: [user, day] };
  }
  const { firstAt, users } = use;
  const isFull = users.length >= 2 * usersMax;
  // Its own place, else behind all others, or that of the account that used it longest ago.
  let place = users.length;
  for (let nth = 0; nth < users.length; nth += 2) {
    if (users[nth] === user) {
      place = nth;
      break;
    }
    if (isFull && (users[nth + 1] ?? 0) < (users[place + 1] ?? Number.MAX_VALUE)) place = nth;
  }
  if (place < users.length && (users[place + 1] ?? 0) > day - refreshDays) return undefined;
  const changed = [...users];
  changed[place] = user;
  changed[place + 1] = day;
  return { firstAt, users: changed };
}

/** How many accounts have used it lately; no more than `usersMax` are told apart. */
export function usersOf({ users }: DomainUse, at: Millis): number {
  const since = dayAt(at) - useKeptDays;
  let count = 0;
  for (let nth = 1; nth < users.length; nth += 2) if ((users[nth] ?? 0) > since) count++;
  return count;
}

/** The day of the latest use. */
export function lastUse({ users }: DomainUse): number {
  let last = 0;
  for (let nth = 1; nth < users.length; nth += 2) last = Math.max(last, users[nth] ?? 0);
  return last;
}

export function dayAt(at: Millis): number {
  return Math.floor(at / dayMs);
}
