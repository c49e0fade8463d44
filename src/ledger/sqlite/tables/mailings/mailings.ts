/** Announced mailings, one for each account. */
import type { Account } from '../../../../core/account-name.ts';
import type { ExpectedMailing } from '../../../../core/mailings/expected.ts';
import type { MailingLedger } from '../../../../ports/mailings/mailings.ts';
import { instant, integer, type Statements, text } from '../statements.ts';

export type MailingTable = MailingLedger & { put(row: ExpectedMailing): void };

export function mailingTable(make: Statements): MailingTable {
  const put = make.command(
    `INSERT OR REPLACE INTO mailing (account, recipients, remaining, until, note, made_by, at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = make.query('SELECT * FROM mailing ORDER BY account');
  return {
    put: ({ account, at, by, left, note, recipients, until }) =>
      put(account, recipients, left, until, note, by, at),
    mailings: () =>
      all.all().map((row) => ({
        account: text(row, 'account') as Account,
        recipients: integer(row, 'recipients'),
        left: integer(row, 'remaining'),
        until: instant(row, 'until'),
        by: text(row, 'made_by'),
        note: text(row, 'note'),
        at: instant(row, 'at'),
      })),
  };
}
