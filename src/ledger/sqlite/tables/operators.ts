/**
 * What operators did and are told: exemptions, the audit trail, notices. Also the ledger's own
 * small values.
 */
import type { Account } from '../../../core/account-name.ts';
import type { AuditRow, ExemptionRow, Ledger, NoticeRow } from '../../../ports/ledger.ts';
import { instant, integer, oneOf, type Row, type Statements, text } from './statements.ts';

export type ExemptionTable = Pick<Ledger, 'exemptions'> & { put(row: ExemptionRow): void };
export type AuditTable = Pick<Ledger, 'audit'> & { put(row: AuditRow): void };
export type NoticeTable = Pick<Ledger, 'notices'> & { put(row: NoticeRow): void };
export type MetaTable = Pick<Ledger, 'meta'> & { put(key: string, value: string): void };

export function exemptionTable(make: Statements): ExemptionTable {
  const put = make.command(
    `INSERT OR REPLACE INTO exemption
       (account, until, granted_by, note, at) VALUES (?, ?, ?, ?, ?)`,
  );
  const all = make.query('SELECT * FROM exemption ORDER BY account');
  return {
    put: (row) => put(row.account, row.until, row.by, row.note, row.at),
    exemptions: () => all.all().map(exemptionRow),
  };
}

function exemptionRow(row: Row): ExemptionRow {
  return {
    account: text(row, 'account') as Account,
    until: instant(row, 'until'),
    by: text(row, 'granted_by'),
    note: text(row, 'note'),
    at: instant(row, 'at'),
  };
}

/** The audit trail: rows are only added. */
export function auditTable(make: Statements): AuditTable {
  const put = make.command(
    'INSERT INTO audit (at, done_by, action, account, detail) VALUES (?, ?, ?, ?, ?)',
  );
  const all = make.query('SELECT * FROM audit WHERE at >= ? ORDER BY number DESC LIMIT ? OFFSET ?');
  const byAccount = make.query(
    'SELECT * FROM audit WHERE account = ? AND at >= ? ORDER BY number DESC LIMIT ? OFFSET ?',
  );
  return {
    put: (row) => put(row.at, row.by, row.action, row.account, row.detail),
    audit({ account, limit, offset = 0, since = 0 }) {
      const rows =
        account === undefined
          ? all.all(since, limit, offset)
          : byAccount.all(account, since, limit, offset);
      return rows.map(auditRow);
    },
  };
}

function auditRow(row: Row): AuditRow {
  return {
    at: instant(row, 'at'),
    by: text(row, 'done_by'),
    action: text(row, 'action'),
    account: text(row, 'account'),
    detail: text(row, 'detail'),
  };
}

/** Notices: one row for each channel. The name of its column is from version 0.1. */
export function noticeTable(make: Statements): NoticeTable {
  const put = make.command(
    `INSERT OR REPLACE INTO notice (id, road, at, body, tries, next_at, state)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const due = make.query(
    `SELECT * FROM notice WHERE state = 'waiting' AND next_at <= ?
     ORDER BY next_at, id, road LIMIT ${noticesMax}`,
  );
  return {
    put: (row) => put(row.id, row.channel, row.at, row.body, row.tries, row.nextAt, row.state),
    notices: (now) => due.all(now).map(noticeRow),
  };
}

/** Notices read at once. After a long outage the rest follows when these are sent. */
const noticesMax = 500;

const channels: readonly NoticeRow['channel'][] = ['mail', 'webhook', 'owner'];
const noticeStates: readonly NoticeRow['state'][] = ['waiting', 'sent', 'failed'];

function noticeRow(row: Row): NoticeRow {
  return {
    id: text(row, 'id'),
    at: instant(row, 'at'),
    channel: oneOf(channels, row, 'road'),
    body: text(row, 'body'),
    tries: integer(row, 'tries'),
    nextAt: instant(row, 'next_at'),
    state: oneOf(noticeStates, row, 'state'),
  };
}

export function metaTable(make: Statements): MetaTable {
  const put = make.command('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  const one = make.query('SELECT value FROM meta WHERE key = ?');
  return {
    put,
    meta(key) {
      const row = one.first(key);
      return row === undefined ? undefined : text(row, 'value');
    },
  };
}
