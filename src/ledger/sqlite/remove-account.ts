/**
 * Removes a made-up account and its domain with all rows about them, one slice at a call, so that
 * the event loop never stops for it. Only flow/admin/try-undone.ts calls it. The audit trail and
 * notices that were sent stay, and so do the totals of each day.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ledger } from '../../ports/ledger.ts';
import { integer, type Statements } from './tables/statements.ts';
import { inTransaction } from './write.ts';

/** Rows of each table in a slice. Each statement has an index. */
const sliceRows = 500;

/** In this order: the ids of stories find messages that did not pass. */
const slices = [
  `message WHERE id IN (SELECT id FROM message WHERE account = ? AND verdict = 'pass'
     LIMIT ${sliceRows})`,
  `message WHERE id IN (SELECT message.id FROM story JOIN message ON message.queue_id = story.id
     WHERE story.account = ? AND message.account = story.account LIMIT ${sliceRows})`,
  `held WHERE number IN (SELECT number FROM held WHERE account = ? LIMIT ${sliceRows})`,
  `incident WHERE number IN (SELECT number FROM incident WHERE account = ? LIMIT ${sliceRows})`,
  `known WHERE (account, recipient) IN (SELECT known.account, recipient FROM account
     JOIN known ON known.account = account.id WHERE account.name = ? LIMIT ${sliceRows})`,
  `written_as WHERE (account, address) IN
     (SELECT account, address FROM written_as WHERE account = ? LIMIT ${sliceRows})`,
  `may_write_as WHERE (account, address) IN
     (SELECT account, address FROM may_write_as WHERE account = ? LIMIT ${sliceRows})`,
  `contact_imported WHERE (account, recipient) IN (SELECT contact_imported.account, recipient
     FROM account JOIN contact_imported ON contact_imported.account = account.id
     WHERE account.name = ? LIMIT ${sliceRows})`,
  'contact_import WHERE account = ?',
  'mailing WHERE account = ?',
  'exemption WHERE account = ?',
];

export function accountRemover(
  database: DatabaseSync,
  path: string,
  { make, stillThere }: { readonly make: Statements; readonly stillThere: () => void },
): Ledger['removeAccount'] {
  const removals = slices.map((slice) => make.command(`DELETE FROM ${slice}`));
  const story = make.command(
    `DELETE FROM story WHERE number IN
       (SELECT number FROM story WHERE account = ? LIMIT ${sliceRows})`,
  );
  const hasMessages = make.query(
    `SELECT 1 FROM story JOIN message ON message.queue_id = story.id
     WHERE story.account = ? AND message.account = story.account LIMIT 1`,
  );
  const days = make.query(
    "SELECT DISTINCT day FROM rollup WHERE by = 'day' ORDER BY day DESC LIMIT 1000",
  );
  // Today such mail is not counted; an earlier version did.
  const counted = [
    "DELETE FROM rollup WHERE by = 'account' AND day = ?1 AND key = ?2",
    `DELETE FROM rollup WHERE by = 'domain' AND day = ?1
       AND ?2 LIKE '%@%' AND key = substr(?2, instr(?2, '@') + 1)`,
    `DELETE FROM rollup WHERE by = 'provider' AND day = ?1
       AND ?2 LIKE '%@%' AND '.' || key LIKE '%.' || substr(?2, instr(?2, '@') + 1)`,
  ].map((sql) => make.command(sql));
  const row = make.command('DELETE FROM account WHERE name = ?');
  const changed = make.query('SELECT total_changes() AS n');
  const changes = (): number => integer(changed.first() ?? {}, 'n');
  return (account) => {
    stillThere();
    const before = changes();
    inTransaction(database, path, () => {
      for (const remove of removals) remove(account);
      if (hasMessages.first(account) === undefined) story(account);
      for (const day of days.all()) {
        for (const remove of counted) remove(integer(day, 'day'), account);
      }
      // Last: without its row nobody would look for the rest again.
      if (changes() === before) row(account);
    });
    return changes() - before;
  };
}
