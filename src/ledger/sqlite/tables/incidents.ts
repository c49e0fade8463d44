/** Incidents: from the first bad sign of an account to its release. */
import type { Account } from '../../../core/account-name.ts';
import type { IncidentRow, Ledger } from '../../../ports/ledger.ts';
import { storedReasons } from './reasons.ts';
import {
  instant,
  integer,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from './statements.ts';

export type IncidentTable = Pick<Ledger, 'incidents'> & {
  put(row: IncidentRow): void;
};

export function incidentTable(make: Statements): IncidentTable {
  const put = make.command(
    `INSERT INTO incident
       (id, account, since, suspended_at, ended_at, ended_by, leaked_messages,
        leaked_recipients, stopped_messages, queued_held, login_closed, reasons,
        observed, suspended_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET account = excluded.account, since = excluded.since,
       suspended_at = excluded.suspended_at, ended_at = excluded.ended_at,
       ended_by = excluded.ended_by, leaked_messages = excluded.leaked_messages,
       leaked_recipients = excluded.leaked_recipients, queued_held = excluded.queued_held,
       stopped_messages = excluded.stopped_messages, login_closed = excluded.login_closed,
       reasons = excluded.reasons, observed = excluded.observed,
       suspended_by = excluded.suspended_by`,
  );
  const newest = 'ORDER BY suspended_at DESC, number DESC LIMIT ?';
  const all = make.query(`SELECT * FROM incident ${newest}`);
  const open = make.query(`SELECT * FROM incident WHERE ended_at IS NULL ${newest}`);
  const byAccount = make.query(`SELECT * FROM incident WHERE account = ? ${newest}`);
  const byBoth = make.query(
    `SELECT * FROM incident WHERE account = ? AND ended_at IS NULL ${newest}`,
  );
  return {
    put(row) {
      put(
        row.id,
        row.account,
        row.since,
        row.suspendedAt,
        row.endedAt ?? null,
        row.endedBy,
        row.leakedMessages,
        row.leakedRecipients,
        row.stoppedMessages,
        row.queuedHeld,
        row.loginClosed ? 1 : 0,
        JSON.stringify(row.reasons),
        row.observed ? 1 : 0,
        row.by,
      );
    },
    incidents({ account, open: openOnly, limit }) {
      const rows =
        account === undefined
          ? (openOnly === true ? open : all).all(limit)
          : (openOnly === true ? byBoth : byAccount).all(account, limit);
      return rows.map(incidentRow);
    },
  };
}

function incidentRow(row: Row): IncidentRow {
  return {
    id: text(row, 'id'),
    account: text(row, 'account') as Account,
    observed: integer(row, 'observed') === 1,
    by: text(row, 'suspended_by'),
    since: instant(row, 'since'),
    suspendedAt: instant(row, 'suspended_at'),
    endedAt: optionalInstant(row, 'ended_at'),
    endedBy: text(row, 'ended_by'),
    leakedMessages: integer(row, 'leaked_messages'),
    leakedRecipients: integer(row, 'leaked_recipients'),
    stoppedMessages: integer(row, 'stopped_messages'),
    queuedHeld: integer(row, 'queued_held'),
    loginClosed: integer(row, 'login_closed') === 1,
    reasons: storedReasons(row),
  };
}
