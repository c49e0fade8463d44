/** Accounts whose password was guessed, and since when; never the password, nor its hash. */
import type { Account } from '../../../core/account-name.ts';
import { candidateKinds, strengthClasses } from '../../../core/passwords/strength.ts';
import type { WeakPassword } from '../../../core/passwords/weak.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { instant, oneOf, optionalInstant, type Row, type Statements, text } from './statements.ts';

export type WeakPasswordTable = Pick<Ledger, 'weakPasswords'> & { put(row: WeakPassword): void };

export function weakPasswordTable(make: Statements): WeakPasswordTable {
  const put = make.command(
    `INSERT OR REPLACE INTO weak_password
       (source, login, account, scheme, strength, found_by, since, changed_at, told_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = make.query('SELECT * FROM weak_password ORDER BY since, source, login');
  return {
    put: (row) =>
      put(
        row.source,
        row.login,
        row.account,
        row.scheme,
        row.strength,
        row.by,
        row.since,
        row.changedAt ?? null,
        row.toldAt ?? null,
      ),
    weakPasswords: () => all.all().map(weakPassword),
  };
}

function weakPassword(row: Row): WeakPassword {
  return {
    account: text(row, 'account') as Account,
    login: text(row, 'login'),
    source: text(row, 'source'),
    scheme: text(row, 'scheme'),
    strength: oneOf(strengthClasses, row, 'strength'),
    by: oneOf(candidateKinds, row, 'found_by'),
    since: instant(row, 'since'),
    changedAt: optionalInstant(row, 'changed_at'),
    toldAt: optionalInstant(row, 'told_at'),
  };
}
