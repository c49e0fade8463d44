/**
 * The profile of one account: its decaying sums and learned peaks, the last days it has not learned
 * from yet, its networks, logins and recipients. Only the functions of core/account change it.
 */
import { dayMs, type Millis } from '../../lib/time.ts';
import type { SeenNetwork } from '../client/network.ts';
import type { SeenProgram } from '../client/program.ts';
import { RecipientBook } from '../correspondents/recipient-book.ts';
import { newReach, type Reach } from '../reach/reach.ts';
import type { AccountState } from '../verdict.ts';
import { slots } from './signals.ts';

/** One calendar day (UTC) the account has not learned from yet. */
export type Day = {
  readonly day: number;
  readonly peaks: number[];
  readonly hours: number[];
  /** The highest number of client networks at once. */
  networks: number;
  messages: number;
  recipients: number;
  /** From addresses that the account used for the first time. */
  newFroms?: number;
  /** Hashes of the domains of people who wrote first and were answered. */
  invited?: number[];
  /** Mail was held or refused that day: less is learned from it. */
  held: boolean;
  /** The account was suspended that day: nothing is learned from it. */
  tainted: boolean;
  /**
   * The numbers alone were as high as at a suspension, or more mail was stopped than may be held.
   * A person decides about such a day; until then it teaches nothing.
   */
  numbers?: true;
};

/** Hash of a domain, how many unknown users it has reported (decaying), and when it did last. */
export type FailedDomain = { readonly domain: number; sum: number; at: Millis };

/** Hash of a site that has refused content or amount, likewise. */
export type RefusingSite = {
  readonly site: number;
  sum: number;
  at: Millis;
  /** When it last refused content; 0: never, or it is no large provider. */
  contentAt: Millis;
};

/** Entries of the book as pairs of hash and minute, networks and programs. */
export type Forgotten = {
  readonly book: number[];
  readonly networks: readonly SeenNetwork[];
  readonly programs?: readonly SeenProgram[];
};

export type AccountProfile = {
  state: AccountState;
  /** When `sums` were last brought up to date. */
  at: Millis;
  readonly firstSeen: Millis;
  /** One number for each of `slots` (signals.ts). */
  readonly sums: number[];
  readonly peaks: number[];
  readonly days: Day[];
  /**
   * Messages per hour of the day (UTC), learned with the same lag as the peaks; halved when large.
   */
  readonly hours: number[];
  networks: SeenNetwork[];
  /** Programs it was sent with, and zones of their Date fields in minutes east of UTC. */
  programs: SeenProgram[];
  zones: number[];
  usualNetworks: number;
  /** The newest day since 1970 that was learned from; 0: none was. */
  learnedDay: number;
  /** From addresses that the account uses for the first time on a busy day. */
  usualNewFroms: number;
  /** People who wrote first and are answered on a busy day. */
  usualInvited: number;
  /** Failed logins, decaying over six hours. */
  failedLogins: number;
  failedLoginsAt: Millis;
  /** When a login from a new network succeeded after many failures, and after how many. */
  breachAt: Millis;
  breachFails: number;
  /** Domains that have lately answered "no such user", the last one last. */
  failedDomains: FailedDomain[];
  /** Sites that have lately refused content or amount, the last one last. */
  refusingSites: RefusingSite[];
  /** Bodies of the last messages, newest last. */
  fingerprints: string[];
  /** First recipients (hashes) of the last messages, newest last. */
  reached: number[];
  /** When the evidence of now began, and what has passed since; 0 without evidence. */
  since: Millis;
  leakedMessages: number;
  leakedRecipients: number;
  stoppedMessages: number;
  /** Recipients in the current hour of the clock (hours since 1970), for the fixed ceiling. */
  hour: number;
  hourRecipients: number;
  /**
   * When the numbers alone were last so high that mail waits for a person, and when first since a
   * person decided; 0: never.
   */
  numbersAt: Millis;
  numbersSince: Millis;
  /** The account was released, and this was the time of its last message; 0: never. */
  releasedAt: Millis;
  /** Mail that was handed in until then is honest, a person said; 0: never. */
  vouchedAt: Millis;
  /** 0 while the account is not suspended. */
  suspendedAt: Millis;
  /** When a person said that the suspended account was hijacked; 0 while nobody has. */
  hijackedAt: Millis;
  evidence: number;
  /** All that is not ordinary is held since then, until a person decides; 0: no. */
  lockedAt: Millis;
  /** Strangers that its mail has reached. */
  readonly reach: Reach;
  /** Days since 1970 on which it was watched, of the last seven. */
  watchedDays: number[];
  /** When somebody was told last. */
  readonly toldAt: { client?: Millis; copies?: Millis; watched?: Millis };
  automaticReleases: number;
  /**
   * What the suspension has forgotten, and recipients of the mail that it stopped: a false alarm
   * gives them back.
   */
  forgotten: Forgotten | undefined;
  /** Every recipient and From address it has used: hash → minute of the first time. */
  readonly book: RecipientBook;
  /** Size of the book when it was last written, for lists that do not load it. */
  readonly bookSize: number;
};

/**
 * Zeros to copy, one for each slot. They are plain arrays because a Float64Array of this size lives
 * outside V8's heap: it takes 300 bytes more and a microsecond to make. They are filled with 0.5
 * first, so that V8 stores them as doubles from the start.
 */
export const zeroSlots: readonly number[] = Array.from({ length: slots.length }, () => 0.5).fill(0);
const zeroHours: readonly number[] = Array.from({ length: 24 }, () => 0.5).fill(0);

/** The profile of an account that was never seen before. */
export function newProfile(at: Millis): AccountProfile {
  return {
    state: 'clear',
    at,
    firstSeen: at,
    sums: zeroSlots.slice(),
    peaks: zeroSlots.slice(),
    days: [],
    hours: zeroHours.slice(),
    networks: [],
    programs: [],
    zones: [],
    usualNetworks: 1,
    usualNewFroms: 0,
    usualInvited: 0,
    learnedDay: 0,
    failedLogins: 0,
    failedLoginsAt: at,
    breachAt: 0 as Millis,
    breachFails: 0,
    failedDomains: [],
    refusingSites: [],
    fingerprints: [],
    reached: [],
    since: 0 as Millis,
    leakedMessages: 0,
    leakedRecipients: 0,
    stoppedMessages: 0,
    hour: 0,
    hourRecipients: 0,
    numbersAt: 0 as Millis,
    numbersSince: 0 as Millis,
    releasedAt: 0 as Millis,
    vouchedAt: 0 as Millis,
    suspendedAt: 0 as Millis,
    hijackedAt: 0 as Millis,
    evidence: 0,
    lockedAt: 0 as Millis,
    reach: newReach(),
    watchedDays: [],
    toldAt: {},
    automaticReleases: 0,
    forgotten: undefined,
    book: new RecipientBook(),
    bookSize: 0,
  };
}

/** The bucket of the day of `at`; made if it is missing. */
export function dayOf(profile: AccountProfile, at: Millis): Day {
  const day = Math.floor(at / dayMs);
  // Days in the future come from a wrong clock. The account would not learn until they have passed.
  while ((profile.days.at(-1)?.day ?? day) > day + 1) profile.days.pop();
  const last = profile.days.at(-1);
  // After the clock was set back, the newest bucket is used.
  if (last !== undefined && last.day >= day) return last;
  const made: Day = {
    day,
    peaks: zeroSlots.slice(),
    hours: zeroHours.slice(),
    networks: 0,
    messages: 0,
    recipients: 0,
    held: false,
    tainted: false,
  };
  profile.days.push(made);
  return made;
}

/** Messages and recipients on the day of `at`. */
export function today(
  profile: AccountProfile,
  at: Millis,
): { messages: number; recipients: number } {
  const day = Math.floor(at / dayMs);
  const last = profile.days.at(-1);
  // As in dayOf: after the clock was set back, the bucket of tomorrow counts as today's.
  if (last === undefined || (last.day !== day && last.day !== day + 1))
    return { messages: 0, recipients: 0 };
  return { messages: last.messages, recipients: last.recipients };
}

/**
 * Keeps rows short. So fine that a restart changes a verdict only where evidence meets a limit to
 * the sixth digit.
 */
const round = (value: number): number => Math.round(value * 1e6) / 1e6;

/** The profile as JSON, without the book: the ledger stores that row by row. */
export function encodeProfile(profile: AccountProfile): string {
  const { book: _, sums, peaks, hours, days, ...plain } = profile;
  return JSON.stringify({
    ...plain,
    bookSize: profile.book.size,
    sums: sums.map(round),
    peaks: peaks.map(round),
    hours: hours.map(round),
    days: days.map((day) => ({ ...day, peaks: day.peaks.map(round) })),
  });
}

/**
 * Reads a stored profile. Fields that an older version did not store get the values of a new
 * account; slots that it did not have are zero.
 */
export function decodeProfile(
  text: string,
  book: RecipientBook = new RecipientBook(),
): AccountProfile {
  type Stored = Omit<AccountProfile, 'book' | 'sums' | 'peaks' | 'hours' | 'days'> & {
    readonly sums: readonly number[];
    readonly peaks: readonly number[];
    readonly hours: readonly number[];
    readonly days: readonly (Omit<Day, 'peaks' | 'hours'> & { peaks: number[]; hours: number[] })[];
  };
  const stored = JSON.parse(text) as Stored;
  return {
    ...newProfile(stored.firstSeen),
    ...stored,
    sums: over(zeroSlots, stored.sums),
    peaks: over(zeroSlots, stored.peaks),
    hours: over(zeroHours, stored.hours),
    days: stored.days.map((day) => ({
      ...day,
      peaks: over(zeroSlots, day.peaks),
      hours: over(zeroHours, day.hours),
    })),
    book,
  };
}

/** As many numbers as `zeros` has: missing ones are 0, further ones are dropped. */
function over(zeros: readonly number[], stored: readonly number[]): number[] {
  const values = zeros.slice();
  const length = Math.min(values.length, stored.length);
  for (let at = 0; at < length; at++) values[at] = stored[at] ?? 0;
  return values;
}
