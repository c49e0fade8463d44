/**
 * Removes an address from all day files. The rows stay, so that counts stay right, but nothing
 * leads from them to the address: its mark becomes a random one, and its clear text and the
 * subjects of mail from it and to it are deleted. Deleted octets are overwritten (secure_delete).
 * Nothing can be found in a damaged file that was put aside, so it is removed whole.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { localAccount } from '../../core/account-name.ts';
import { addressKey } from '../../formats/message/address.ts';
import { DayFile } from './day.ts';
import { damagedFiles, dayPaths, daysIn, removeDamaged } from './day-names.ts';

/** In place of an account that has this address as its name. */
const forgotten = '(forgotten)';

/** Answers how many rows changed, or would change. No day may be open for writing. */
export function forgetInDays(folder: string, text: string, dryRun: boolean): number {
  const address = addressKey(text);
  if (address === '') return 0;
  let changed = 0;
  for (const name of daysIn(folder)) {
    const { main, clear } = dayPaths(folder, name);
    changed += damagedFiles(folder, name).length;
    if (!dryRun) removeDamaged(folder, name);
    if (!existsSync(main)) continue;
    const day = DayFile.open(folder, name, { as: 'write', withClear: existsSync(clear) });
    try {
      day.begin();
      changed += forgetInDay(day, address);
      if (dryRun) continue; // closing drops what was not committed
      day.commit();
      for (const schema of day.hasClear ? ['main', 'clear'] : ['main']) {
        day.database.exec(`PRAGMA ${schema}.wal_checkpoint(TRUNCATE)`);
      }
    } finally {
      day.close();
    }
  }
  return changed;
}

/** By the mark, and by the text: a key that was lost and made anew makes other marks. */
function peopleOf(day: DayFile, address: string, schemas: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  const marked = day.findPerson(address);
  if (marked !== undefined) found.add(marked);
  for (const schema of schemas) {
    const named = day.statement(`SELECT person FROM ${schema}.addresses WHERE address = ?`);
    for (const { person } of named.all(address)) found.add(Number(person));
  }
  return found;
}

function forgetInDay(day: DayFile, address: string): number {
  let changed = 0;
  const schemas = day.hasClear ? ['main', 'clear'] : ['main'];
  for (const person of peopleOf(day, address, schemas)) {
    const mail = `SELECT message FROM main.recipients WHERE person = :person
      UNION SELECT id FROM main.messages WHERE sender = :person OR header_from = :person`;
    for (const schema of schemas) {
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
    changed += day.run('UPDATE words SET text = ? WHERE id = ?', forgotten, word);
    changed += day.run('DELETE FROM incidents WHERE account = ?', account);
  }
  return changed;
}
