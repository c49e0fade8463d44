/**
 * Names of the day files beside the ledger, their modes, and their removal.
 *
 *   messages-2026-11-29.db         messages, recipients as marks, attempts
 *   messages-2026-11-29-clear.db   addresses and subjects of mail that passed
 *   messages-2026-11-29.key        the key of the marks of this day
 *
 * The key is a file of its own. It is destroyed first, so marks that a backup still has say nothing
 * without it. A day is a day of UTC.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Brand } from '../../lib/type-tools.ts';

/** `2026-11-29` */
export type DayName = Brand<string, 'DayName'>;

export type DayPaths = { readonly main: string; readonly clear: string; readonly key: string };

const keyBytes = 32;
const fileName = /^messages-(\d{4}-\d\d-\d\d)(?:-clear)?\.(?:db|key)/;
/** SQLite's files beside a database. */
const companions = ['', '-wal', '-shm', '-journal'] as const;

/** Nearly all mail is of a few days. */
const daysMax = 100;
const names = new RecentMap<number, DayName>(daysMax);
const starts = new RecentMap<DayName, Millis>(daysMax);

export function dayNameOf(at: Millis): DayName {
  const number = Math.floor(at / dayMs);
  const known = names.get(number);
  if (known !== undefined) return known;
  const name = new Date(at).toISOString().slice(0, 10) as DayName;
  names.set(number, name);
  return name;
}

export function dayStart(day: DayName): Millis {
  const known = starts.get(day);
  if (known !== undefined) return known;
  const start = Date.parse(`${day}T00:00:00Z`) as Millis;
  starts.set(day, start);
  return start;
}

/** The first moment after the day. */
export function dayEnd(day: DayName): Millis {
  return (dayStart(day) + dayMs) as Millis;
}

export function dayPaths(folder: string, day: DayName): DayPaths {
  const base = join(folder, `messages-${day}`);
  return { main: `${base}.db`, clear: `${base}-clear.db`, key: `${base}.key` };
}

/** The days of which there is a file, newest first. */
export function daysIn(folder: string): readonly DayName[] {
  const found = new Set<DayName>();
  for (const name of readdirSync(folder)) {
    const day = fileName.exec(name)?.[1] as DayName | undefined;
    if (day !== undefined && !Number.isNaN(dayStart(day))) found.add(day);
  }
  return [...found].sort().reverse();
}

/** The key of a day; made if `make` is set. Undefined: there is no key. */
export function readDayKey(path: string, make: boolean): Buffer | undefined {
  if (existsSync(path)) {
    const key = readFileSync(path);
    if (key.length === keyBytes) return key;
    // Cut off when the disk was full: nothing was written with it.
    if (!make) return undefined;
  }
  if (!make) return undefined;
  const key = randomBytes(keyBytes);
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeNew(fresh, key, 'wx');
  renameSync(fresh, path);
  return key;
}

/** Removes a database file with what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const ending of companions) rmSync(`${path}${ending}`, { force: true });
}

/** Overwrites the key, then removes all files of the day. */
export function removeDay(folder: string, day: DayName): void {
  const { main, clear, key } = dayPaths(folder, day);
  destroyKey(key);
  for (const path of [clear, main]) {
    removeDatabase(path);
    removeDatabase(shorterPath(path));
  }
  removeDamaged(folder, day);
}

function destroyKey(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
    writeNew(path, randomBytes(keyBytes), 'r+');
  }
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
}

function writeNew(path: string, bytes: Buffer, flags: 'wx' | 'r+'): void {
  const file = openSync(path, flags, 0o600);
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Where a damaged file goes; it leaves with its day. */
function damagedPath(path: string): string {
  return `${path}.damaged`;
}

/** Damaged files of a day that were put aside. */
export function damagedFiles(folder: string, day: DayName): readonly string[] {
  const { main, clear } = dayPaths(folder, day);
  return [main, clear].map(damagedPath).filter((path) => existsSync(path));
}

export function removeDamaged(folder: string, day: DayName): void {
  const { main, clear } = dayPaths(folder, day);
  for (const path of [main, clear]) removeDatabase(damagedPath(path));
}

/** A day while it is cut down to the mail of incidents. */
export function shorterPath(path: string): string {
  return `${path}.new`;
}

/** Puts a damaged file aside, so that a new one can begin. */
export function setDamagedAside(path: string): void {
  removeDatabase(damagedPath(path));
  for (const ending of companions) {
    const from = `${path}${ending}`;
    if (existsSync(from)) renameSync(from, `${damagedPath(path)}${ending}`);
  }
}
