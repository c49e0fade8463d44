/** Messages that Postern put into the mail server's hold queue, and what became of them. */
import type { Account } from '../../../core/account-name.ts';
import type { HeldSum } from '../../../core/verdict.ts';
import type { Millis } from '../../../lib/time.ts';
import { type HeldRow, heldStates, type Ledger } from '../../../ports/ledger.ts';
import {
  instant,
  integer,
  oneOf,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from './statements.ts';

export type HeldTable = Pick<
  Ledger,
  'held' | 'heldOne' | 'countHeld' | 'heldSum' | 'heldMost' | 'oldestHeldAt'
> & {
  put(row: HeldRow): void;
};

export function heldTable(make: Statements): HeldTable {
  // Updated in place, so that a release does not change its position among rows of one instant.
  const put = make.command(
    `INSERT INTO held
       (queue_id, at, account, recipients, bytes, why, state, changed_at, changed_by, instance)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (queue_id) DO UPDATE SET at = excluded.at, account = excluded.account,
       recipients = excluded.recipients, bytes = excluded.bytes, why = excluded.why,
       state = excluded.state, changed_at = excluded.changed_at, changed_by = excluded.changed_by,
       instance = excluded.instance`,
  );
  const one = make.query('SELECT * FROM held WHERE queue_id = ?');
  const count = make.query("SELECT count(*) AS n FROM held WHERE state = 'held'");
  const sum = make.query(
    `SELECT count(*) AS messages, coalesce(sum(bytes), 0) AS bytes
       FROM held WHERE account = ? AND state = 'held' AND at >= ?`,
  );
  const most = make.query(
    `SELECT account, count(*) AS messages, coalesce(sum(bytes), 0) AS bytes
       FROM held WHERE state = 'held' GROUP BY account ORDER BY messages DESC, account LIMIT ?`,
  );
  const oldest = make.query("SELECT min(at) AS at FROM held WHERE state = 'held'");
  const newest = 'ORDER BY at DESC, number DESC LIMIT ?';
  const all = make.query(`SELECT * FROM held ${newest}`);
  const byState = make.query(`SELECT * FROM held WHERE state = ? ${newest}`);
  const byAccount = make.query(`SELECT * FROM held WHERE account = ? ${newest}`);
  const byBoth = make.query(`SELECT * FROM held WHERE account = ? AND state = ? ${newest}`);
  const rowsOf = ({ account, state, limit }: Parameters<Ledger['held']>[0]): readonly Row[] => {
    if (account === undefined) {
      return state === undefined ? all.all(limit) : byState.all(state, limit);
    }
    return state === undefined ? byAccount.all(account, limit) : byBoth.all(account, state, limit);
  };
  return {
    put(row) {
      put(
        row.queueId,
        row.at,
        row.account,
        row.recipients,
        row.bytes,
        row.why,
        row.state,
        row.changedAt,
        row.by,
        row.instance ?? '',
      );
    },
    held: (filter) => rowsOf(filter).map(heldRow),
    heldOne(queueId) {
      const row = one.first(queueId);
      return row === undefined ? undefined : heldRow(row);
    },
    countHeld: () => integer(count.first() ?? {}, 'n'),
    heldSum: (account, since = 0 as Millis) =>
      heldSum(sum.first(account, since) ?? { messages: 0, bytes: 0 }),
    heldMost: (limit) =>
      most.all(limit).map((row) => ({ account: text(row, 'account') as Account, ...heldSum(row) })),
    oldestHeldAt: () => optionalInstant(oldest.first() ?? { at: null }, 'at'),
  };
}

function heldSum(row: Row): HeldSum {
  return { messages: integer(row, 'messages'), bytes: integer(row, 'bytes') };
}

const reasonsToHold: readonly HeldRow['why'][] = ['verdict', 'queue', 'content', 'rule', 'foreign'];

function heldRow(row: Row): HeldRow {
  const instance = text(row, 'instance');
  return {
    queueId: text(row, 'queue_id'),
    at: instant(row, 'at'),
    account: text(row, 'account') as Account,
    recipients: integer(row, 'recipients'),
    bytes: integer(row, 'bytes'),
    why: oneOf(reasonsToHold, row, 'why'),
    state: oneOf(heldStates, row, 'state'),
    changedAt: instant(row, 'changed_at'),
    by: text(row, 'changed_by'),
    ...(instance === '' ? {} : { instance }),
  };
}
