/**
 * Removes an address from all day files. The rows stay, so that counts stay right, but nothing
 * leads from them to the address: its mark becomes a random one, and its clear text and the
 * subjects of mail from it and to it are deleted. Deleted octets are overwritten (secure_delete).
 * Nothing can be found in a file that is damaged or has lost its key, so it is removed whole.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { localAccount } from '../../core/account-name.ts';
import { addressKey } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import { DayFile } from './day.ts';
import { isLost } from './day-fault.ts';
import {
  type DayName,
  damagedFiles,
  dayPaths,
  daysIn,
  removeDamaged,
  removeDay,
} from './day-names.ts';

/** In place of an account that has this address as its name. */
const forgotten = '(forgotten)';

/**
 * Answers how many rows changed, or would change. No day may be open for writing. A day that cannot
 * be changed keeps no other day from it; the error at the end names such days.
 */
export function forgetInDays(folder: string, text: string, dryRun: boolean): number {
  const address = addressKey(text);
  if (address === '') return 0;
  let changed = 0;
  const faults: string[] = [];
  for (const name of daysIn(folder)) {
    changed += damagedFiles(folder, name).length;
    if (!dryRun) removeDamaged(folder, name);
    try {
      changed += forgetOnDay(folder, { name, address, dryRun });
    } catch (error) {
      if (isLost(error)) {
        changed++;
        if (!dryRun) removeDay(folder, name);
      } else faults.push(`messages of ${name}: ${faultText(error)}`);
    }
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return changed;
}

function forgetOnDay(
  folder: string,
  of: { readonly name: DayName; readonly address: string; readonly dryRun: boolean },
): number {
  const { main, clear } = dayPaths(folder, of.name);
  if (!existsSync(main)) return 0;
  const day = DayFile.open(folder, of.name, { as: 'write', withClear: existsSync(clear) });
  try {
    day.begin();
    const changed = forgetInDay(day, of.address);
    if (of.dryRun) return changed; // closing drops what was not committed
    day.commit();
    for (const schema of day.schemas) {
      day.database.exec(`PRAGMA ${schema}.wal_checkpoint(TRUNCATE)`);
    }
    return changed;
  } finally {
    day.close();
  }
}

function forgetInDay(day: DayFile, address: string): number {
  let changed = 0;
  const person = day.findPerson(address);
  if (person !== undefined) {
    const mail = `SELECT message FROM main.recipients WHERE person = :person
      UNION SELECT id FROM main.messages WHERE sender = :person OR header_from = :person`;
    for (const schema of day.schemas) {
      for (const sql of [
        `DELETE FROM ${schema}.subjects WHERE message IN (${mail})`,
        `DELETE FROM ${schema}.addresses WHERE person = :person`,
      ]) {
        changed += Number(day.statement(sql).run({ person }).changes);
      }
    }
    // Its mark is random now: the day's key no longer leads to it.
    const mark = randomBytes(16);
    changed += day.run('UPDATE people SET mark = ? WHERE id = ?', mark, person);
  }
  for (const account of [address, localAccount(address)]) {
    const word = day.findWord(account);
    if (word === undefined) continue;
    // The hash leads to the address as well.
    const hash = randomInt(2 ** 47);
    changed += day.run('UPDATE words SET text = ?, hash = ? WHERE id = ?', forgotten, hash, word);
    changed += day.run('DELETE FROM incidents WHERE account = ?', account);
  }
  return changed;
}
