/**
 * Removes one address from the ledger: as a known recipient (a hash), as a sender, as an author
 * that was seen, and in texts. Accounts, rules, declarations in force and the audit trail stay.
 */
import type { DatabaseSync } from 'node:sqlite';
import { withoutAddress } from '../../formats/message/without-address.ts';
import type { Ledger } from '../../ports/ledger.ts';
import { integer, type Statements, text } from './tables/statements.ts';
import { inTransaction } from './write.ts';

/** Texts that may contain an address: table, its key, and the column. */
const texts = [
  ['story', 'number', 'sample'],
  ['story', 'number', 'subject'],
  ['story', 'number', 'reasons'],
  ['incident', 'number', 'reasons'],
  ['notice', 'rowid', 'body'],
  ['script', 'account', 'odd_text'],
  ['message', 'rowid', 'unsigned'],
  ['meta', 'key', 'value'],
  ['inbound', 'number', 'recipients'],
  ['inbound', 'number', 'facts'],
  ['inbound', 'number', 'subject'],
  ['inbound_deferred', 'key', 'recipient'],
  ['inbound_deferred', 'key', 'subject'],
  ['checklist_item', 'id', 'item'],
  ['checklist_item', 'id', 'unknown_why'],
  ['checklist_change', 'number', 'text'],
  ['acknowledgement', 'id', 'note'],
  ['mailing', 'account', 'note'],
  ['contact_import', 'rowid', 'note'],
  ['contact_import', 'rowid', 'source'],
] as const;
/** Lists of addresses with their numbers, as JSON. */
const lists = ['written_to', 'sent_as'] as const;

export function forgetter(
  database: DatabaseSync,
  path: string,
  { make, stillThere }: { readonly make: Statements; readonly stillThere: () => void },
): Ledger['forget'] {
  const changed = make.query('SELECT total_changes() AS n');
  const changes = (): number => integer(changed.first() ?? {}, 'n');
  const known = make.command('DELETE FROM known WHERE recipient = ?');
  const imported = make.command('DELETE FROM contact_imported WHERE recipient = ?');
  // The subject of a message to or from a person says something about the person.
  const subject = make.command(
    `UPDATE story SET subject = '' WHERE subject <> '' AND
       EXISTS (SELECT 1 FROM json_each(sample) WHERE value = ?)`,
  );
  const incoming = make.command(
    `UPDATE inbound SET subject = '' WHERE subject <> '' AND
       (sender = ?1 OR EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1))`,
  );
  const correspondent = make.command('DELETE FROM inbound_known WHERE key = ?');
  // In both directions: those who wrote to the address, too.
  const wroteIn = make.command('DELETE FROM correspondent WHERE mailbox = ?1 OR sender = ?1');
  const senders = ['message', 'submission', 'inbound', 'inbound_deferred'].map((table) =>
    make.command(`UPDATE ${table} SET sender = '' WHERE sender = ?`),
  );
  const authors = [
    'DELETE FROM written_as WHERE address = ?',
    'DELETE FROM may_write_as WHERE address = ? AND removed_at IS NOT NULL',
  ].map((sql) => make.command(sql));
  const columns = texts.map(([table, key, column]) => ({
    find: make.query(
      `SELECT ${key} AS id, ${column} AS text FROM ${table} WHERE instr(lower(${column}), ?)`,
    ),
    put: make.command(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`),
  }));
  const counted = lists.map((column) => ({
    find: make.query(
      `SELECT account, ${column} AS list FROM script WHERE EXISTS
         (SELECT 1 FROM json_each(${column}) WHERE json_extract(value, '$.key') = ?)`,
    ),
    put: make.command(
      `UPDATE script SET ${column} = (SELECT json_group_array(json(value)) FROM json_each(${column})
         WHERE json_extract(value, '$.key') <> ?) WHERE account = ?`,
    ),
  }));
  return ({ address, hashes }, { dryRun }) => {
    stillThere();
    database.exec('PRAGMA secure_delete = ON');
    try {
      return inTransaction(database, path, () => {
        database.exec('SAVEPOINT forget');
        const before = changes();
        for (const hash of hashes) {
          known(hash);
          imported(hash);
          correspondent(hash);
          wroteIn(hash);
        }
        subject(address);
        incoming(address);
        for (const remove of [...senders, ...authors]) remove(address);
        // In JSON, quotes and backslashes of an address have a backslash before them.
        const written = JSON.stringify(address).slice(1, -1);
        for (const { find, put } of columns) {
          for (const row of find.all(written)) {
            const old = text(row, 'text');
            const fresh = withoutAddress(old, written);
            if (fresh !== old) put(fresh, row['id'] ?? null);
          }
        }
        for (const { find, put } of counted) {
          for (const row of find.all(address)) put(address, text(row, 'account'));
        }
        const count = changes() - before;
        if (dryRun) database.exec('ROLLBACK TO forget');
        return count;
      });
    } finally {
      database.exec('PRAGMA secure_delete = OFF');
    }
  };
}
