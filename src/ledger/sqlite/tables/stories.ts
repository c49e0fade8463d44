/** Stories: why a message did not simply pass. */
import type { Account } from '../../../core/account-name.ts';
import { accountStates, type VerdictKind } from '../../../core/verdict.ts';
import type { Ledger, StoryRow } from '../../../ports/ledger.ts';
import { storedReasons } from './reasons.ts';
import { instant, integer, list, oneOf, type Row, type Statements, text } from './statements.ts';

export const verdictKinds: readonly VerdictKind[] = ['pass', 'delay', 'hold', 'refuse'];

export type StoryTable = Pick<Ledger, 'observedSince' | 'stories' | 'story'> & {
  put(row: StoryRow): void;
};

/** The index story_observed has all columns that this reads. Exported for its test. */
export const observedSql: string = `
  SELECT account, SUM(recipients) AS recipients, MAX(at) AS last_at,
    SUM(verdict = 'delay') AS delays, SUM(verdict = 'hold') AS holds,
    SUM(verdict = 'refuse') AS refusals
  FROM story WHERE at >= ? AND observed = 1
  GROUP BY account ORDER BY COUNT(*) DESC, account LIMIT ?`;

export function storyTable(make: Statements): StoryTable {
  const put = make.command(
    `INSERT OR REPLACE INTO story
       (id, at, account, verdict, state, observed, recipients, sample, client, subject, reasons)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const one = make.query('SELECT * FROM story WHERE id = ?');
  const newest = 'ORDER BY at DESC, number DESC LIMIT ?';
  const all = make.query(`SELECT * FROM story ${newest}`);
  const byAccount = make.query(`SELECT * FROM story WHERE account = ? ${newest}`);
  const observed = make.query(observedSql);
  return {
    put(row) {
      put(
        row.id,
        row.at,
        row.account,
        row.verdict,
        row.state,
        row.observed ? 1 : 0,
        row.recipients,
        JSON.stringify(row.sample),
        row.client,
        row.subject,
        JSON.stringify(row.reasons),
      );
    },
    story(id) {
      const row = one.first(id);
      return row === undefined ? undefined : storyRow(row);
    },
    observedSince: (since, limit) =>
      observed.all(since, limit).map((row) => ({
        account: text(row, 'account') as Account,
        delay: integer(row, 'delays'),
        hold: integer(row, 'holds'),
        refuse: integer(row, 'refusals'),
        recipients: integer(row, 'recipients'),
        lastAt: instant(row, 'last_at'),
      })),
    stories(filter) {
      const rows =
        filter.account === undefined
          ? all.all(filter.limit)
          : byAccount.all(filter.account, filter.limit);
      return rows.map(storyRow);
    },
  };
}

function storyRow(row: Row): StoryRow {
  return {
    id: text(row, 'id'),
    at: instant(row, 'at'),
    account: text(row, 'account') as Account,
    verdict: oneOf(verdictKinds, row, 'verdict'),
    state: oneOf(accountStates, row, 'state'),
    observed: integer(row, 'observed') === 1,
    recipients: integer(row, 'recipients'),
    sample: list(row, 'sample'),
    client: text(row, 'client'),
    subject: text(row, 'subject'),
    reasons: storedReasons(row),
  };
}
