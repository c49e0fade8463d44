/**
 * Accounts and the recipients they have written to.
 *
 * Known recipients are rows keyed (account, recipient hash): an account's book is one range of
 * neighbouring rows, and one index over the hashes answers "has anyone here ever written to it?"
 * exactly, also after an account forgot somebody.
 */
import type { Account } from '../../../core/account-name.ts';
import { type AccountState, accountStates } from '../../../core/verdict.ts';
import { assert } from '../../../lib/assert.ts';
import { lazyText } from '../../../lib/lazy.ts';
import type { AccountRecord, Change, Ledger } from '../../../ports/ledger.ts';
import { integer, oneOf, type Row, type Statements, text } from './statements.ts';

type AccountChange = Extract<Change, { kind: 'account' }>;
type AccountLine = ReturnType<Ledger['accounts']>[number];
type AccountFilter = Parameters<Ledger['accounts']>[0];

export type AccountTable = Pick<
  Ledger,
  'loadAccount' | 'knownHere' | 'accounts' | 'countAccounts' | 'findAccounts'
> & {
  put(change: AccountChange): void;
};

export function accountTable(make: Statements): AccountTable {
  const put = putAccount(make);
  const byName = make.query('SELECT id, state, past FROM account WHERE name = ?');
  const book = make.scan(
    'SELECT recipient, minute FROM known WHERE account = ? ORDER BY recipient',
  );
  const anyone = make.query(
    'SELECT min(minute) AS minute FROM (SELECT minute FROM known WHERE recipient = ? LIMIT 4)',
  );
  const count = make.query('SELECT count(*) AS n FROM account');
  const accounts = listAccounts(make);
  return {
    put,
    loadAccount(account): AccountRecord | undefined {
      const row = byName.first(account);
      if (row === undefined) return undefined;
      const rows = book(integer(row, 'id'));
      const recipients = new Float64Array(rows.length);
      const sinceMinutes = new Uint32Array(rows.length);
      for (const [index, pair] of rows.entries()) {
        recipients[index] = Number(pair[0]);
        sinceMinutes[index] = Number(pair[1]);
      }
      const state = oneOf(accountStates, row, 'state');
      return { account, state, profile: text(row, 'past'), recipients, sinceMinutes };
    },
    // If many accounts know a recipient, the minutes of a few of them are early enough.
    knownHere(recipient) {
      const minute = anyone.first(recipient)?.['minute'];
      return minute === null || minute === undefined ? undefined : Number(minute);
    },
    accounts,
    countAccounts: () => integer(count.first() ?? {}, 'n'),
    findAccounts: findAccounts(make),
  };
}

function putAccount(make: Statements): AccountTable['put'] {
  const last = make.query('SELECT coalesce(max(touched), 0) AS n FROM account');
  const upsert = make.asking(
    `INSERT INTO account (name, state, touched, past) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE
       SET state = excluded.state, touched = excluded.touched, past = excluded.past
     RETURNING id`,
  );
  const forget = make.command('DELETE FROM known WHERE account = ? AND recipient = ?');
  const learn = make.command(
    `INSERT INTO known (account, recipient, minute) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET minute = excluded.minute`,
  );
  // Read with the first write: the guard must start also if the page of this index is damaged.
  let touched: number | undefined;
  return (change) => {
    assert(change.learned.length % 2 === 0, 'learned is pairs of hash and minute');
    touched = (touched ?? integer(last.first() ?? {}, 'n')) + 1;
    const row = upsert(change.account, change.state, touched, lazyText(change.profile));
    const id = integer(row ?? {}, 'id');
    for (const recipient of change.forgotten) forget(id, recipient);
    for (let index = 0; index < change.learned.length; index += 2) {
      learn(id, change.learned[index] ?? 0, change.learned[index + 1] ?? 0);
    }
  };
}

/**
 * Walks the index once for each state, newest first. Only matching rows are read from the table.
 */
function listAccounts(make: Statements): Ledger['accounts'] {
  const columns = 'SELECT name, state, touched, past FROM account WHERE state = ?';
  const newest = 'ORDER BY touched DESC LIMIT ?';
  const all = make.query(`${columns} ${newest}`);
  const like = make.query(`${columns} AND name LIKE ? ESCAPE '\\' ${newest}`);
  const rowsOf = (state: AccountState, filter: AccountFilter): readonly Row[] =>
    filter.like === undefined || filter.like === ''
      ? all.all(state, filter.limit)
      : like.all(state, containing(filter.like), filter.limit);
  return (filter) => {
    const states = filter.state === undefined ? accountStates : [filter.state];
    const rows = states.flatMap((state) => rowsOf(state, filter));
    rows.sort((one, other) => integer(other, 'touched') - integer(one, 'touched'));
    return rows.slice(0, filter.limit).map(accountLine);
  };
}

/**
 * Names first that are the text, then those with the text before the `@`, then those that begin
 * with it; of equals the one that was active last.
 */
function findAccounts(make: Statements): Ledger['findAccounts'] {
  const matching = "FROM account WHERE name LIKE ? ESCAPE '\\'";
  const best = make.query(
    `SELECT name, state ${matching}
       ORDER BY name = ? DESC, name LIKE ? ESCAPE '\\' DESC, name LIKE ? ESCAPE '\\' DESC,
         touched DESC
       LIMIT ?`,
  );
  const count = make.query(`SELECT count(*) AS n ${matching}`);
  return (typed, limit) => {
    const part = containing(typed);
    const start = part.slice(1);
    const rows = best.all(part, typed, `${start.slice(0, -1)}@%`, start, limit);
    return {
      found: rows.map((row) => ({
        account: text(row, 'name') as Account,
        state: oneOf(accountStates, row, 'state'),
      })),
      count: integer(count.first(part) ?? {}, 'n'),
    };
  };
}

function accountLine(row: Row): AccountLine {
  return {
    account: text(row, 'name') as Account,
    state: oneOf(accountStates, row, 'state'),
    profile: text(row, 'past'),
  };
}

/** A LIKE pattern for "contains this text", with its special characters escaped. */
function containing(part: string): string {
  return `%${part.replace(/[\\%_]/g, '\\$&')}%`;
}
