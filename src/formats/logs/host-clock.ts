/**
 * Places stamps without year or zone. Each machine whose lines stand in a log has a clock here: a
 * time that is shown twice, in the night when summer time ends, is placed after the line before it.
 * Pure.
 */
import { dayMs, minuteMs } from '../../lib/time.ts';
import { calendarDay, dayNumber, isLeap } from './calendar.ts';
import type { Stamp } from './stamp.ts';

/** How far a zone is ahead of UTC at a time, in milliseconds. */
export type ZoneOffset = (at: number) => number;

/** A log ends at most this long after it was last written to: clocks and zones may differ. */
const aheadMax: number = dayMs;
/** Lines of several programs are out of order by less than this. */
const jitterMs: number = minuteMs;
/** How many years back a 29 February is looked for. */
const leapYears = 8;

export class HostClock {
  /** The last line that said something; NaN before the first. */
  last: number = Number.NaN;
  readonly #zone: ZoneDays;

  constructor(zone: ZoneDays) {
    this.#zone = zone;
  }

  /** Time of the stamp. `writtenAt`: when the log was last written to. */
  place(stamp: Stamp, writtenAt: number): number {
    if (!Number.isNaN(stamp.at)) return stamp.at;
    const year = stamp.year === 0 ? this.#zone.latestYear(stamp, writtenAt + aheadMax) : stamp.year;
    return this.#zone.at(year, stamp, this.last);
  }
}

/** The calendar of a zone. It remembers one day, because nearly all lines are of the same day. */
export class ZoneDays {
  readonly #offset: ZoneOffset;
  #dayKey = Number.NaN;
  #dayStart = 0;
  #untilKey = Number.NaN;
  #untilYear = 0;
  #untilOfYear = 0;

  constructor(offset: ZoneOffset) {
    this.#offset = offset;
  }

  /** The latest year in which the stamp is not after `until`. */
  latestYear({ month, day, ofDay }: Stamp, until: number): number {
    if (until !== this.#untilKey) this.#setUntil(until);
    let year =
      ofYear(month, day, ofDay) > this.#untilOfYear ? this.#untilYear - 1 : this.#untilYear;
    if (month !== 1 || day !== 29) return year;
    for (let back = 0; back < leapYears && !isLeap(year); back++) year--;
    return year;
  }

  /** When clocks in the zone show the stamp; of two such times the one behind `last`. */
  at(year: number, { month, day, ofDay }: Stamp, last: number): number {
    const key = (year * 12 + month) * 32 + day;
    if (key === this.#dayKey) return this.#dayStart + ofDay;
    const start = dayNumber(year, month, day) * dayMs;
    const before = this.#offset(start - dayMs);
    const after = this.#offset(start + 2 * dayMs);
    if (before === after) {
      this.#dayKey = key;
      this.#dayStart = start - before;
      return start - before + ofDay;
    }
    return this.#changing(start + ofDay, before, after, last);
  }

  /** On a day on which the clocks are changed, or beside one. */
  #changing(shown: number, before: number, after: number, last: number): number {
    const [first, second] = [shown - before, shown - after];
    if (this.#offset(first) !== before) return second;
    if (this.#offset(second) !== after || second < first) return first;
    return first < last - jitterMs && second >= last - jitterMs ? second : first;
  }

  #setUntil(until: number): void {
    const local = until + this.#offset(until);
    const number = Math.floor(local / dayMs);
    const { year, month, day } = calendarDay(number);
    this.#untilKey = until;
    this.#untilYear = year;
    this.#untilOfYear = ofYear(month, day, local - number * dayMs);
  }
}

function ofYear(month: number, day: number, ofDay: number): number {
  return (month * 32 + day) * dayMs + ofDay;
}
