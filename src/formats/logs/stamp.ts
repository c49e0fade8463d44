/**
 * Reads the time stamp at the start of a log line. Pure, never throws. The known forms:
 *
 *   Nov 23 19:24:22, Nov 3 19:24:22, Nov 23 2026 19:24:22     RFC 3164, with a year or without
 *   2026-11-23T19:24:22.123+01:00, 2026-11-23 19:24:22 +0100  RFC 3339, journald, Exim, Dovecot
 *   Mon 2026-11-23 19:24:22 CET                               journalctl --output=short-full
 *   Mon Nov 23 19:24:22 2026, 2026 Nov 23 19:24:22            ctime(3), some syslog daemons
 *   1794294000.123456                                         journalctl --output=short-unix
 *   @400000006a0d8cb2075bcd15, 2026-11-23_19:24:22            multilog, s6-log, svlogd
 *
 * A stamp without a zone says what a clock on the wall showed. `HostClock` places it.
 */

import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/time.ts';
import { type CalendarDay, dayNumber, isLeap } from './calendar.ts';

export type Stamp = {
  /** Index behind the stamp. */
  readonly end: number;
  /** Milliseconds since 1970; NaN if the stamp has no zone. */
  readonly at: number;
  /** 0: the stamp has no year. */
  readonly year: number;
  /** January is 0. */
  readonly month: number;
  readonly day: number;
  /** Milliseconds since midnight. */
  readonly ofDay: number;
};

const months: ReadonlyMap<string, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
    (name, nth) => [name, nth],
  ),
);
const daysOf = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Hours east of Greenwich of zones that journalctl names. Other names are this machine's zone. */
const zones: ReadonlyMap<string, number> = new Map([
  ['UTC', 0],
  ['GMT', 0],
  ['WET', 0],
  ['CET', 1],
  ['BST', 1],
  ['WEST', 1],
  ['CEST', 2],
  ['EET', 2],
  ['SAST', 2],
  ['EEST', 3],
  ['MSK', 3],
  ['EAT', 3],
  ['JST', 9],
  ['KST', 9],
  ['AEST', 10],
  ['AEDT', 11],
  ['NZST', 12],
  ['NZDT', 13],
  ['EDT', -4],
  ['EST', -5],
  ['CDT', -5],
  ['MDT', -6],
  ['MST', -7],
  ['PDT', -7],
  ['PST', -8],
]);

const blank = 0x20;
const weekday = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?=\d{4}-)/;
const shortDay = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) /;
const lastYear = /^ (\d{4})(?: |$)/;
const zoneName = /^ ([A-Z]{3,5}|[+-]\d\d(?:\d\d)?)(?= |$)/;
const taiTime = /^@40000000([0-9a-f]{8})([0-9a-f]{8})(?= |$)/;
const unixTime = /^(\d{9,11})\.(\d{3})\d{0,6}(?= )/;

/** Reads the stamp that begins at `from`. Undefined if no stamp begins there. */
export function readStamp(line: string, from: number): Stamp | undefined {
  if (from === 0 && lastText !== '' && line.startsWith(lastText)) return lastStamp;
  const first = line.charCodeAt(from);
  if (isDigit(first)) {
    const fifth = line.charCodeAt(from + 4);
    if (fifth !== 0x2d) return fifth === blank ? yearFirst(line, from) : unixStamp(line, from);
    const stamp = isoStamp(line, from);
    // What stands behind a stamp without a zone may be one.
    return stamp === undefined || Number.isNaN(stamp.at) ? stamp : remembered(line, from, stamp);
  }
  if (first === 0x40) return taiStamp(line, from);
  if (first < 0x41 || first > 0x5a) return undefined;
  const month = months.get(line.slice(from, from + 3));
  if (month === undefined) return shortFull(line, from);
  const stamp = oldStamp(line, from, month);
  return stamp === undefined ? undefined : remembered(line, from, stamp);
}

/** The last stamp, with the blank behind it: a busy server writes many lines a second. */
let lastText = '';
let lastStamp: Stamp | undefined;

function remembered(line: string, from: number, stamp: Stamp): Stamp {
  if (from === 0 && line.charCodeAt(stamp.end) === blank) {
    lastText = line.slice(0, stamp.end + 1);
    lastStamp = stamp;
  }
  return stamp;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The number in two digits; NaN if there are none. */
function two(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 0x30;
  const ones = line.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Milliseconds since midnight of `hh:mm:ss`; NaN if it is not a time. A leap second is allowed. */
function clockTime(line: string, at: number): number {
  const hours = two(line, at);
  const minutes = two(line, at + 3);
  const seconds = two(line, at + 6);
  const isTime =
    line.charCodeAt(at + 2) === 0x3a &&
    line.charCodeAt(at + 5) === 0x3a &&
    hours < 24 &&
    minutes < 60 &&
    seconds <= 60;
  return isTime ? hours * hourMs + minutes * minuteMs + seconds * secondMs : Number.NaN;
}

/** Index behind a fraction of a second at `at`; `at` if no fraction follows. */
function fractionEnd(line: string, at: number): number {
  const point = line.charCodeAt(at);
  if ((point !== 0x2e && point !== 0x2c) || !isDigit(line.charCodeAt(at + 1))) return at;
  let end = at + 1;
  while (end - at < 12 && isDigit(line.charCodeAt(end))) end++;
  return end;
}

function fractionMs(line: string, at: number, end: number): number {
  let ms = 0;
  for (let nth = 1, unit = 100; nth <= 3 && at + nth < end; nth++, unit /= 10) {
    ms += (line.charCodeAt(at + nth) - 0x30) * unit;
  }
  return ms;
}

function isDay(year: number, month: number, day: number): boolean {
  if (!(day >= 1 && day <= (daysOf[month] ?? 0))) return false;
  return month !== 1 || day < 29 || year === 0 || isLeap(year);
}

/** The last `2026-11-10T08:00:` and its day and time: nearly all lines are of the same minute. */
let lastMinute = '';
let lastDay: CalendarDay = { year: 1970, month: 0, day: 1 };
let lastStart = 0;
let lastOfDay = 0;
/** The last zone, with its offset. */
let lastZone = '';
let lastOffset = 0;
const minuteChars = 17;

function isoStamp(line: string, from: number): Stamp | undefined {
  const isSame = lastMinute !== '' && line.startsWith(lastMinute, from);
  if (!isSame && !readMinute(line, from)) return undefined;
  const seconds = two(line, from + minuteChars);
  if (!(seconds <= 60)) return undefined;
  const second = from + minuteChars + 2;
  const end = fractionEnd(line, second);
  const ofDay = lastOfDay + seconds * secondMs + fractionMs(line, second, end);
  return zoned(line, end, ofDay);
}

function readMinute(line: string, from: number): boolean {
  const year = two(line, from) * 100 + two(line, from + 2);
  const month = two(line, from + 5) - 1;
  const day = two(line, from + 8);
  const between = line.charCodeAt(from + 10);
  const ofDay = clockTime(line, from + 11);
  const isStamp =
    year > 0 &&
    line.charCodeAt(from + 7) === 0x2d &&
    (between === blank || between === 0x54 || between === 0x74 || between === 0x5f) &&
    isDay(year, month, day) &&
    !Number.isNaN(ofDay);
  if (!isStamp) return false;
  lastMinute = line.slice(from, from + minuteChars);
  lastDay = { year, month, day };
  lastStart = dayNumber(year, month, day) * dayMs;
  lastOfDay = ofDay - two(line, from + minuteChars) * secondMs;
  return true;
}

/** Adds the zone that stands behind the time: `Z`, `+01:00`, `+0100`, ` +0100`, or none. */
function zoned(line: string, end: number, ofDay: number): Stamp {
  const { year, month, day } = lastDay;
  const sign = line.charCodeAt(end);
  if (sign === 0x5a || sign === 0x7a) {
    return { end: end + 1, at: lastStart + ofDay, year, month, day, ofDay };
  }
  const from = sign === blank ? end + 1 : end;
  if (lastZone !== '' && line.startsWith(lastZone, from)) {
    const at = lastStart + ofDay - lastOffset;
    return { end: from + lastZone.length, at, year, month, day, ofDay };
  }
  const offset = offsetAt(line, from);
  if (offset === undefined) return { end, at: Number.NaN, year, month, day, ofDay };
  // A shorter zone could be the start of a longer one.
  if (offset.end - from >= 5) {
    lastZone = line.slice(from, offset.end);
    lastOffset = offset.ms;
  }
  return { end: offset.end, at: lastStart + ofDay - offset.ms, year, month, day, ofDay };
}

function offsetAt(line: string, at: number): { end: number; ms: number } | undefined {
  const sign = line.charCodeAt(at);
  if (sign !== 0x2b && sign !== 0x2d) return undefined;
  const hours = two(line, at + 1);
  const behind = line.charCodeAt(at + 3) === 0x3a ? at + 4 : at + 3;
  const minutes = two(line, behind);
  if (!(hours <= 23)) return undefined;
  const size = hours * hourMs + (minutes < 60 ? minutes * minuteMs : 0);
  const end = minutes < 60 ? behind + 2 : at + 3;
  return { end, ms: sign === 0x2d ? -size : size };
}

function oldStamp(line: string, from: number, month: number): Stamp | undefined {
  if (line.charCodeAt(from + 3) !== blank) return undefined;
  let at = from + 4;
  if (line.charCodeAt(at) === blank) at++;
  const hasTwo = isDigit(line.charCodeAt(at + 1));
  const day = hasTwo ? two(line, at) : line.charCodeAt(at) - 0x30;
  at += hasTwo ? 2 : 1;
  if (line.charCodeAt(at) !== blank) return undefined;
  at++;
  let year = 0;
  if (line.charCodeAt(at + 4) === blank) {
    year = two(line, at) * 100 + two(line, at + 2);
    at += 5;
  }
  const ofDay = clockTime(line, at);
  if (Number.isNaN(year) || Number.isNaN(ofDay) || !isDay(year, month, day)) return undefined;
  const end = fractionEnd(line, at + 8);
  const time = ofDay + fractionMs(line, at + 8, end);
  return { end, at: Number.NaN, year, month, day, ofDay: time };
}

/** `2026 Nov 23 19:24:22` */
function yearFirst(line: string, from: number): Stamp | undefined {
  const year = two(line, from) * 100 + two(line, from + 2);
  const month = months.get(line.slice(from + 5, from + 8));
  const stamp = month === undefined ? undefined : oldStamp(line, from + 5, month);
  if (stamp === undefined || !isDay(year, stamp.month, stamp.day)) return undefined;
  return { ...stamp, year };
}

/** `Mon Nov 23 19:24:22 2026`, as ctime(3) prints it */
function yearLast(line: string, from: number): Stamp | undefined {
  const month = months.get(line.slice(from + 4, from + 7));
  if (month === undefined || !shortDay.test(line.slice(from, from + 4))) return undefined;
  const stamp = oldStamp(line, from + 4, month);
  const year = stamp === undefined ? null : lastYear.exec(line.slice(stamp.end, stamp.end + 6));
  if (stamp === undefined || year === null) return stamp;
  if (!isDay(Number(year[1]), stamp.month, stamp.day)) return undefined;
  return { ...stamp, year: Number(year[1]), end: stamp.end + 5 };
}

function shortFull(line: string, from: number): Stamp | undefined {
  const name = weekday.exec(line.slice(from, from + 9))?.[0];
  if (name === undefined) return yearLast(line, from);
  const stamp = isoStamp(line, from + name.length);
  if (stamp === undefined || !Number.isNaN(stamp.at)) return stamp;
  const zone = zoneName.exec(line.slice(stamp.end, stamp.end + 8));
  if (zone === null) return stamp;
  const text = zone[1] ?? '';
  const end = stamp.end + zone[0].length;
  const hours = zones.get(text) ?? Number.parseInt(text, 10);
  if (Number.isNaN(hours)) return { ...stamp, end };
  return { ...stamp, end, at: lastStart + stamp.ofDay - hours * hourMs };
}

function unixStamp(line: string, from: number): Stamp | undefined {
  const found = unixTime.exec(line.slice(from, from + 24));
  if (found === null) return undefined;
  return stampOf(Number(found[1]) * secondMs + Number(found[2]), from + found[0].length);
}

/** TAI64N: seconds since 1970 plus 2^62 and ten, then nanoseconds, as hexadecimal digits. */
function taiStamp(line: string, from: number): Stamp | undefined {
  const found = taiTime.exec(line.slice(from, from + 26));
  if (found === null) return undefined;
  const seconds = Number.parseInt(found[1] ?? '', 16) - 10;
  const ms = Math.floor(Number.parseInt(found[2] ?? '', 16) / 1_000_000);
  return stampOf(seconds * secondMs + ms, from + 25);
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size. */
export function numberStamp(value: number): Stamp | undefined {
  if (!(value >= 1e8 && value < 1e20)) return undefined;
  const unit = value < 1e11 ? secondMs : value < 1e14 ? 1 : value < 1e17 ? 1e-3 : 1e-6;
  return stampOf(Math.floor(value * unit));
}

/** A stamp of a known time. */
export function stampOf(at: number, end = 0): Stamp {
  const days = Math.floor(at / dayMs);
  return { end, at, year: 1970, month: 0, day: 1 + days, ofDay: at - days * dayMs };
}
