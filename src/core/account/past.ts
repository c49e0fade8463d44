/**
 * What is remembered of one account: its decaying sums, its learned peaks, the last days that it has not learned from
 * yet, its networks and logins, and whom it wrote to. Deterministic: changed only by the functions of core/account.
 */
import { dayMs, type Millis } from '../../lib/brand.ts';
import type { AccountState } from '../verdict.ts';
import { RecipientBook } from './recipient-book.ts';
import { slots } from './signals.ts';

/** One calendar day (UTC) that is still too young to learn from. */
export type Day = {
  readonly day: number;
  readonly peaks: Float64Array;
  readonly hours: Uint32Array;
  /** Most client networks at once. */
  networks: number;
  messages: number;
  recipients: number;
  /** Mail was held or refused that day: learn little. */
  held: boolean;
  /** Suspended that day: learn nothing. */
  tainted: boolean;
};

/** A client network (/24, /48) that the account was seen from. Minutes since 1970. */
export type SeenNetwork = { readonly network: string; readonly first: number; last: number };

export type AccountPast = {
  state: AccountState;
  /** When `sums` were last brought up to date. */
  at: Millis;
  readonly firstSeen: Millis;
  readonly sums: Float64Array;
  readonly peaks: Float64Array;
  readonly days: Day[];
  /** Messages per hour of the day (UTC), learned with the same lag as the peaks; halved when large. */
  readonly hours: Float64Array;
  networks: SeenNetwork[];
  usualNetworks: number;
  /** Failed logins, decaying over six hours; and a good one from a new network after many: the guess that hit. */
  failedLogins: number;
  failedLoginsAt: Millis;
  breachAt: Millis;
  breachFails: number;
  /** Bodies of the last messages, newest last. */
  fingerprints: string[];
  /** First sign of the evidence there is now, and what passed since; 0 when there is none. */
  since: Millis;
  leakedMessages: number;
  leakedRecipients: number;
  stoppedMessages: number;
  /** Recipients in the current hour of the clock (hours since 1970), for the fixed ceiling. */
  hour: number;
  hourRecipients: number;
  /** Suspended since; 0 when not. */
  suspendedAt: Millis;
  evidence: number;
  automaticReleases: number;
  /** Everyone (and every From address) it ever wrote to (as): hash → minute of the first time. */
  readonly book: RecipientBook;
  /** Its size when it was last written, for lists that do not load it. */
  readonly bookSize: number;
};

/** An account never seen before. */
export function newPast(at: Millis): AccountPast {
  return {
    state: 'clear',
    at,
    firstSeen: at,
    sums: new Float64Array(slots),
    peaks: new Float64Array(slots),
    days: [],
    hours: new Float64Array(24),
    networks: [],
    usualNetworks: 1,
    failedLogins: 0,
    failedLoginsAt: at,
    breachAt: 0 as Millis,
    breachFails: 0,
    fingerprints: [],
    since: 0 as Millis,
    leakedMessages: 0,
    leakedRecipients: 0,
    stoppedMessages: 0,
    hour: 0,
    hourRecipients: 0,
    suspendedAt: 0 as Millis,
    evidence: 0,
    automaticReleases: 0,
    book: new RecipientBook(),
    bookSize: 0,
  };
}

/** The bucket of the day that `at` falls in, made when there is none. */
export function dayOf(past: AccountPast, at: Millis): Day {
  const day = Math.floor(at / dayMs);
  // Days that a wrong clock made up would keep the account from learning until they come.
  while ((past.days.at(-1)?.day ?? day) > day + 1) past.days.pop();
  const last = past.days.at(-1);
  // A clock that was set back goes on in the newest bucket.
  if (last !== undefined && last.day >= day) return last;
  const made: Day = {
    day,
    peaks: new Float64Array(slots),
    hours: new Uint32Array(24),
    networks: 0,
    messages: 0,
    recipients: 0,
    held: false,
    tainted: false,
  };
  past.days.push(made);
  return made;
}

/** Messages and recipients on the day of `at`. */
export function today(past: AccountPast, at: Millis): { messages: number; recipients: number } {
  const day = Math.floor(at / dayMs);
  const last = past.days.at(-1);
  // As in dayOf: after the clock was set back, tomorrow's bucket is today's.
  if (last === undefined || (last.day !== day && last.day !== day + 1))
    return { messages: 0, recipients: 0 };
  return { messages: last.messages, recipients: last.recipients };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** As stored: JSON, without the book (its rows are stored one by one). */
export function encodePast(past: AccountPast): string {
  const { book: _, sums, peaks, hours, days, ...plain } = past;
  return JSON.stringify({
    ...plain,
    bookSize: past.book.size,
    sums: Array.from(sums, round),
    peaks: Array.from(peaks, round),
    hours: Array.from(hours, round),
    days: days.map((day) => ({
      ...day,
      peaks: Array.from(day.peaks, round),
      hours: Array.from(day.hours),
    })),
  });
}

/** Fields that an older version did not store get a new account's values; slots that it did not have are zero. */
export function decodePast(text: string, book: RecipientBook = new RecipientBook()): AccountPast {
  type Stored = Omit<AccountPast, 'book' | 'sums' | 'peaks' | 'hours' | 'days'> & {
    readonly sums: readonly number[];
    readonly peaks: readonly number[];
    readonly hours: readonly number[];
    readonly days: readonly (Omit<Day, 'peaks' | 'hours'> & { peaks: number[]; hours: number[] })[];
  };
  const stored = JSON.parse(text) as Stored;
  return {
    ...newPast(stored.firstSeen),
    ...stored,
    sums: widened(stored.sums),
    peaks: widened(stored.peaks),
    hours: Float64Array.from(stored.hours),
    days: stored.days.map((day) => ({
      ...day,
      peaks: widened(day.peaks),
      hours: Uint32Array.from(day.hours),
    })),
    book,
  };
}

function widened(stored: readonly number[]): Float64Array {
  const values = new Float64Array(slots);
  values.set(stored.slice(0, slots));
  return values;
}
