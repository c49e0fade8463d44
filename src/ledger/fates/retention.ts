/**
 * Removes days whose time is over, each as whole files. A day with mail of an incident is first cut
 * down to that mail: its rows are copied into a new file, which takes the place of the old one.
 */
import { existsSync, renameSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import type { IncidentMail } from '../../ports/fate.ts';
import { keptBit } from './codes.ts';
import { DayFile } from './day.ts';
import { isLost, makePrivate } from './day-fault.ts';
import {
  type DayName,
  dayEnd,
  dayPaths,
  dayStart,
  daysIn,
  removeDatabase,
  removeDay,
  shorterPath,
} from './day-names.ts';
import { createTables } from './schema.ts';
import type { Keeping } from './writer.ts';

/** How long mail of an incident stays after the end of its day. */
const incidentMs = 30 * dayMs;
/**
 * A day leaves only if its time was over for this long: a clock that is wrong after the start of
 * the machine, until it is set, removes nothing.
 */
const overMs = hourMs;
/** The same for a day that has not come yet: a clock that was wrong made it, or is wrong now. */
const earlyMs = dayMs;

export type Round = {
  readonly now: Millis;
  /** Of a clock that is never set. */
  readonly sinceStartMs: number;
  readonly keeping: Keeping;
  readonly incidents: readonly IncidentMail[];
};

export type RoundDone = {
  readonly removed: readonly DayName[];
  readonly shortened: readonly DayName[];
  readonly cleared: readonly DayName[];
  /** What could not be done. */
  readonly faults: readonly string[];
};

export class Retention {
  readonly #folder: string;
  /** When a file was first found to be over. */
  readonly #overSince = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** No day may be open. */
  run(round: Round): RoundDone {
    const removed: DayName[] = [];
    const shortened: DayName[] = [];
    const cleared: DayName[] = [];
    const faults: string[] = [];
    for (const day of daysIn(this.#folder)) {
      // What one step cannot do, such as read a damaged file, keeps no other step from its work.
      const tried = <Done>(step: () => Done): Done | undefined => {
        try {
          return step();
        } catch (error) {
          faults.push(`messages of ${day}: ${faultText(error)}`);
          return undefined;
        }
      };
      tried(() => this.#markIncidents(day, round));
      const done = tried(() => this.#day(day, round));
      if (done === 'removed') removed.push(day);
      if (done === 'shortened') shortened.push(day);
      if (done !== 'removed' && tried(() => this.#clear(day, round)) === true) cleared.push(day);
    }
    return { removed, shortened, cleared, faults };
  }

  #day(day: DayName, round: Round): 'removed' | 'shortened' | 'stays' {
    const { keepMs } = round.keeping;
    if (keepMs === 0) {
      removeDay(this.#folder, day);
      return 'removed';
    }
    const end = dayEnd(day);
    const isEarly = dayStart(day) > round.now + 2 * dayMs;
    const isOver = end + keepMs <= round.now;
    if (
      !this.#isLong(`${day} over`, isOver || isEarly, { round, ms: isEarly ? earlyMs : overMs })
    ) {
      return 'stays';
    }
    if (isOver && end + incidentMs > round.now && hasIncidents(this.#folder, day)) {
      return shorten(this.#folder, day) ? 'shortened' : 'stays';
    }
    removeDay(this.#folder, day);
    this.#overSince.delete(`${day} over`);
    this.#overSince.delete(`${day} clear`);
    return 'removed';
  }

  #clear(day: DayName, round: Round): boolean {
    const { clear } = dayPaths(this.#folder, day);
    if (!existsSync(clear)) return false;
    const { keepClearMs } = round.keeping;
    const isOver = keepClearMs === 0 || dayEnd(day) + keepClearMs <= round.now;
    // What the operator turned off leaves at once; the clock has no part in it.
    const ms = keepClearMs === 0 ? 0 : overMs;
    if (!this.#isLong(`${day} clear`, isOver, { round, ms })) return false;
    removeDatabase(clear);
    this.#overSince.delete(`${day} clear`);
    return true;
  }

  #isLong(
    what: string,
    isSo: boolean,
    { round, ms }: { readonly round: Round; readonly ms: number },
  ): boolean {
    if (!isSo) {
      this.#overSince.delete(what);
      return false;
    }
    const since = this.#overSince.get(what) ?? round.sinceStartMs;
    this.#overSince.set(what, since);
    return round.sinceStartMs - since >= ms;
  }

  /** Notes the accounts with an incident on this day, and keeps their clear text. */
  #markIncidents(name: DayName, { incidents, now }: Round): void {
    const accounts = new Set(
      incidents
        .filter(({ since, until }) => since < dayEnd(name) && (until ?? now) >= dayStart(name))
        .map(({ account }) => account),
    );
    if (accounts.size === 0) return;
    const { main, clear } = dayPaths(this.#folder, name);
    if (statSync(main, { throwIfNoEntry: false }) === undefined) return;
    const day = DayFile.open(this.#folder, name, { as: 'write', withClear: existsSync(clear) });
    try {
      day.begin();
      for (const account of accounts) keepIncident(day, account);
      day.commit();
    } finally {
      day.close();
    }
  }
}

/** Marks the messages of an account as kept, and copies their clear text into the day file. */
function keepIncident(day: DayFile, account: string): void {
  day.run('INSERT OR IGNORE INTO incidents VALUES (?, 0)', account);
  const word = day.findWord(account);
  const last = day.lastMessage();
  const from = day.statement('SELECT copied FROM incidents WHERE account = ?').get(account);
  const copied = Number(from?.['copied'] ?? 0);
  if (word !== undefined && copied < last) {
    const messages = 'SELECT id FROM messages WHERE account = ? AND id > ?';
    if (day.hasClear) {
      day.run(
        `INSERT OR IGNORE INTO main.subjects
         SELECT * FROM clear.subjects WHERE message IN (${messages})`,
        word,
        copied,
      );
      day.run(
        `INSERT OR IGNORE INTO main.addresses SELECT * FROM clear.addresses WHERE person IN
         (SELECT person FROM recipients WHERE message IN (${messages}))`,
        word,
        copied,
      );
    }
    day.run(
      `UPDATE messages SET what = what | ${keptBit} WHERE account = ? AND id > ?`,
      word,
      copied,
    );
  }
  day.run('UPDATE incidents SET copied = ? WHERE account = ?', last, account);
}

/** False also for a file in which nobody finds anything any more: it leaves at its time. */
function hasIncidents(folder: string, name: DayName): boolean {
  if (!existsSync(dayPaths(folder, name).main)) return false;
  try {
    const day = DayFile.open(folder, name, { as: 'read', withClear: false });
    try {
      return (
        day
          .statement(
            `SELECT 1 FROM incidents i JOIN words w ON w.text = i.account
             JOIN messages m ON m.account = w.id LIMIT 1`,
          )
          .get() !== undefined
      );
    } finally {
      day.close();
    }
  } catch (error) {
    if (error instanceof OperatorError || isLost(error)) return false;
    throw error;
  }
}

/** False: it was cut down before. */
function shorten(folder: string, name: DayName): boolean {
  const { main, clear } = dayPaths(folder, name);
  const shorter = shorterPath(main);
  if (isShort(main)) return false;
  removeDatabase(shorter);
  makePrivate(shorter);
  const database = new DatabaseSync(shorter);
  try {
    createTables(database, 'main');
    database.prepare('ATTACH DATABASE ? AS whole').run(main);
    database.exec(`
      BEGIN;
      INSERT INTO main.messages SELECT m.* FROM whole.messages m WHERE m.account IN
        (SELECT w.id FROM whole.incidents i JOIN whole.words w ON w.text = i.account);
      INSERT INTO main.incidents SELECT * FROM whole.incidents;
      INSERT INTO main.keys SELECT * FROM whole.keys
        WHERE message IN (SELECT id FROM main.messages);
      INSERT INTO main.recipients SELECT * FROM whole.recipients
        WHERE message IN (SELECT id FROM main.messages);
      INSERT INTO main.attempts SELECT * FROM whole.attempts
        WHERE message IN (SELECT id FROM main.messages);
      INSERT INTO main.subjects SELECT * FROM whole.subjects
        WHERE message IN (SELECT id FROM main.messages);
      INSERT INTO main.people SELECT * FROM whole.people WHERE id IN (
        SELECT person FROM main.recipients UNION SELECT sender FROM main.messages
        UNION SELECT header_from FROM main.messages);
      INSERT INTO main.addresses SELECT * FROM whole.addresses
        WHERE person IN (SELECT id FROM main.people);
      INSERT INTO main.words SELECT * FROM whole.words WHERE id IN (
        SELECT host FROM main.messages UNION SELECT account FROM main.messages
        UNION SELECT client FROM main.messages UNION SELECT script FROM main.messages
        UNION SELECT id_right FROM main.messages UNION SELECT mx_host FROM main.attempts
        UNION SELECT mx_address FROM main.attempts UNION SELECT our_address FROM main.attempts
        UNION SELECT status FROM main.attempts UNION SELECT reply FROM main.attempts);
      CREATE TABLE cut_down (at INTEGER) STRICT;
      COMMIT;
      DETACH whole;
    `);
  } finally {
    database.close();
  }
  removeDatabase(clear);
  // The write-ahead log of the old file must not meet the new one.
  const old = new DatabaseSync(main);
  old.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  old.close();
  renameSync(shorter, main);
  return true;
}

function isShort(main: string): boolean {
  const database = new DatabaseSync(main, { readOnly: true });
  try {
    return (
      database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'cut_down'").get() !== undefined
    );
  } finally {
    database.close();
  }
}
