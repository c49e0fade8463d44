/** How much is remembered about mail that comes in, and for how long. */
import { dayMs } from '../../lib/time.ts';

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
