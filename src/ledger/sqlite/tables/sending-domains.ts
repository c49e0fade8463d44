/** From domains of mail that went out, and who signed for them. */
import { decodeUnsubscribe, encodeUnsubscribe } from '../../../core/lanes/one-click.ts';
import type { Ledger, SendingDomainRow } from '../../../ports/ledger.ts';
import { instant, integer, type Row, type Statements, text } from './statements.ts';

export type SendingDomainTable = Pick<Ledger, 'sendingDomains'> & {
  put(row: SendingDomainRow): void;
};

export function sendingDomainTable(make: Statements): SendingDomainTable {
  const put = make.command(
    `INSERT OR REPLACE INTO sending_domain
       (domain, first_at, last_at, messages, signed, signed_by, unsubscribe)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const newest = make.query('SELECT * FROM sending_domain ORDER BY last_at DESC, domain LIMIT ?');
  return {
    put: (row) =>
      put(
        row.domain,
        row.firstAt,
        row.lastAt,
        row.messages,
        row.signed,
        row.signedBy,
        encodeUnsubscribe(row.unsubscribe),
      ),
    sendingDomains: (limit) => newest.all(limit).map(sendingDomainRow),
  };
}

function sendingDomainRow(row: Row): SendingDomainRow {
  const unsubscribe = decodeUnsubscribe(text(row, 'unsubscribe'));
  return {
    domain: text(row, 'domain'),
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
    messages: integer(row, 'messages'),
    signed: integer(row, 'signed'),
    signedBy: text(row, 'signed_by'),
    ...(unsubscribe === undefined ? {} : { unsubscribe }),
  };
}
