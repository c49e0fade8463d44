/** Mail that was handed over through sendmail(1), and which try of each message counts. */
import type { ScriptSubmitter } from '../../../core/script-mail.ts';
import type { HandoverRow } from '../../../ports/handover.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { instant, type Row, type Statements, text } from './statements.ts';

export type HandoverTable = Pick<Ledger, 'handover'> & { put(row: HandoverRow): void };

export function handoverTable(make: Statements): HandoverTable {
  const put = make.command(
    `INSERT OR REPLACE INTO submission
       (token, attempt, at, speaker, sender) VALUES (?, ?, ?, ?, ?)`,
  );
  const one = make.query('SELECT * FROM submission WHERE token = ?');
  return {
    put({ token, attempt, at, submitter, sender }) {
      put(token, attempt, at, JSON.stringify(submitter), sender);
    },
    handover(token) {
      const row = one.first(token);
      return row === undefined ? undefined : handoverRow(row);
    },
  };
}

function handoverRow(row: Row): HandoverRow {
  return {
    token: text(row, 'token'),
    attempt: text(row, 'attempt'),
    at: instant(row, 'at'),
    submitter: JSON.parse(text(row, 'speaker')) as ScriptSubmitter,
    sender: text(row, 'sender'),
  };
}
