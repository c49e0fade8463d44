/** Imported contacts: what each import added to an account, and which of them can be undone. */
import type { Account } from '../../../../core/account-name.ts';
import type { ImportChange, ImportLedger, ImportRow } from '../../../../ports/imports/imports.ts';
import { instant, integer, optionalInstant, type Statements, text } from '../statements.ts';

type Change<Kind extends ImportChange['kind']> = Extract<ImportChange, { kind: Kind }>;

export type ImportTable = ImportLedger & {
  put(row: ImportRow): void;
  add(change: Change<'imported'>): void;
  drop(change: Change<'not-imported'>): void;
};

export function importTable(make: Statements): ImportTable {
  const put = make.command(
    `INSERT INTO contact_import (id, account, at, made_by, source, note, added, undone_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET added = excluded.added, undone_at = excluded.undone_at`,
  );
  const add = make.command(
    `INSERT OR REPLACE INTO contact_imported (account, recipient, import)
       VALUES ((SELECT id FROM account WHERE name = ?), ?, ?)`,
  );
  const drop = make.command(
    `DELETE FROM contact_imported
       WHERE account = (SELECT id FROM account WHERE name = ?) AND recipient = ?`,
  );
  const all = make.query('SELECT * FROM contact_import ORDER BY id, account');
  const of = make.scan(
    `SELECT recipient FROM contact_imported
       WHERE import = ? AND account = (SELECT id FROM account WHERE name = ?) ORDER BY recipient`,
  );
  return {
    put: ({ account, added, at, by, id, note, source, undoneAt }) =>
      put(id, account, at, by, source, note, added, undoneAt ?? null),
    add({ account, id, recipients }) {
      for (const recipient of recipients) add(account, recipient, id);
    },
    drop({ account, recipients }) {
      for (const recipient of recipients) drop(account, recipient);
    },
    imports: () =>
      all.all().map((row) => ({
        id: integer(row, 'id'),
        account: text(row, 'account') as Account,
        at: instant(row, 'at'),
        by: text(row, 'made_by'),
        source: text(row, 'source'),
        note: text(row, 'note'),
        added: integer(row, 'added'),
        undoneAt: optionalInstant(row, 'undone_at'),
      })),
    importedOf: (id, account) => of(id, account).map(([recipient]) => Number(recipient)),
  };
}
