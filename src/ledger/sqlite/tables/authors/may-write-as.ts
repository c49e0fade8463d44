/** Authors: declarations, and what was seen in the time of observation. */
import type { Account } from '../../../../core/account-name.ts';
import type { SeenPair } from '../../../../core/authors/suggest.ts';
import type { AuthorLedger, MayWriteAsRow } from '../../../../ports/authors.ts';
import {
  instant,
  integer,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from '../statements.ts';

export type AuthorTable = AuthorLedger & {
  put(row: MayWriteAsRow): void;
  putSeen(row: SeenPair): void;
  dropSeen(row: Pick<SeenPair, 'account' | 'address'>): void;
};

export function authorTable(make: Statements): AuthorTable {
  const put = make.command(
    `INSERT OR REPLACE INTO may_write_as (account, address, note, made_by, at, removed_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const putSeen = make.command(
    `INSERT OR REPLACE INTO written_as (account, address, first_at, last_at, messages, days)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const dropSeen = make.command('DELETE FROM written_as WHERE account = ? AND address = ?');
  const all = make.query('SELECT * FROM may_write_as ORDER BY account, address');
  const seen = make.query('SELECT * FROM written_as ORDER BY account, address');
  return {
    put: (row) => put(row.account, row.address, row.note, row.by, row.at, row.removedAt ?? null),
    putSeen: (row) =>
      putSeen(row.account, row.address, row.firstAt, row.lastAt, row.messages, row.days),
    dropSeen: ({ account, address }) => dropSeen(account, address),
    mayWriteAs: () => all.all().map(declarationRow),
    writtenAs: () => seen.all().map(writtenAsRow),
  };
}

function declarationRow(row: Row): MayWriteAsRow {
  return {
    account: text(row, 'account'),
    address: text(row, 'address'),
    note: text(row, 'note'),
    by: text(row, 'made_by'),
    at: instant(row, 'at'),
    removedAt: optionalInstant(row, 'removed_at'),
  };
}

function writtenAsRow(row: Row): SeenPair {
  return {
    account: text(row, 'account') as Account,
    address: text(row, 'address'),
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
    messages: integer(row, 'messages'),
    days: integer(row, 'days'),
  };
}
