/** How much is remembered about mail that comes in, and for how long. */
import { dayMs, hourMs } from '../../lib/time.ts';

/** Mail servers try for five days (RFC 5321 section 4.5.4.1). */
export const deferredKeptMs: number = 5 * dayMs;
/** A year, and some: a shop writes once a year. */
export const knownKeptMs: number = 400 * dayMs;
/** With more entries, those unused for long go first. */
export const knownMax = 1_000_000;
export const knownKeptFullMs: number = 90 * dayMs;
/** Messages that wait at the same time: beyond that, mail passes. */
export const inboundWaitingMax = 5_000;
/** Messages in quarantine. Beyond that, mail passes with the field for Junk. */
export const quarantineMax = 20_000;
/** Messages that a search looks through, the newest first: it takes well below a second. */
export const inboundSearchedMax = 50_000;
/**
 * Mail that was put off is late when its sender has not come back this long after the time that it
 * was told. Usual mail servers try again within an hour.
 */
export const lateAfterMs: number = hourMs;
