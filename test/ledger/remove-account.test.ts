/** A made-up account leaves nothing; whatever is about other accounts stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { emptyTally } from '../../src/core/stats/tally.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Change } from '../../src/ports/ledger.ts';
import type { StatsKind } from '../../src/ports/stats.ts';
import { heldRow, incidentRow, messageRow, storyRow } from './samples.ts';

const victim = 'victim@try.invalid' as Account;
const joe = 'joe@here.test' as Account;

function about(account: Account, count: number): readonly Change[] {
  const rows: Change[] = [
    {
      kind: 'account',
      account,
      state: 'suspended',
      profile: () => 'p',
      learned: [1, 10, 2, 10],
      forgotten: [],
    },
    { kind: 'incident', row: incidentRow({ id: `i-${account}`, account }) },
  ];
  for (let nth = 0; nth < count; nth++) {
    const queueId = `${account}-${nth}`;
    const verdict = nth % 2 === 0 ? 'pass' : 'hold';
    rows.push({ kind: 'message', row: messageRow({ queueId, account, verdict }) });
    if (verdict === 'pass') continue;
    rows.push({ kind: 'story', row: storyRow({ id: queueId, account }) });
    rows.push({ kind: 'held', row: heldRow({ queueId, account }) });
  }
  return rows;
}

function counted(by: StatsKind, key: string): Change {
  return {
    kind: 'rollup',
    row: { by, day: 20_000, key, tally: { ...emptyTally(), messages: 3 }, sketch: new Map() },
  };
}

const counts = [
  ['day', ''],
  ['account', victim],
  ['account', joe],
  ['domain', 'try.invalid'],
  ['domain', 'here.test'],
  ['provider', 'gmail.try.invalid'],
  ['provider', 'notry.invalid'],
] as const;

test('a made-up account of many slices goes, with its counts; a real one stays', async () => {
  const ledger = openLedger(inMemory);
  ledger.write([...about(victim, 2_500), ...about(joe, 20)], { durable: false });
  ledger.write(
    counts.map(([by, key]) => counted(by, key)),
    { durable: false },
  );
  let calls = 0;
  while (ledger.removeAccount(victim) > 0) calls++;
  assert.ok(calls > 2, 'a slice at a call');
  assert.equal(ledger.loadAccount(victim), undefined);
  assert.deepEqual(ledger.messagesOf(victim, 0 as never, 9), []);
  assert.equal(ledger.message(`${victim}-1`), undefined);
  assert.deepEqual(ledger.stories({ account: victim, limit: 9 }), []);
  assert.deepEqual(ledger.held({ account: victim, limit: 9 }), []);
  assert.deepEqual(ledger.incidents({ account: victim, limit: 9 }), []);
  assert.notEqual(ledger.loadAccount(joe), undefined);
  assert.equal(ledger.held({ account: joe, limit: 99 }).length, 10);
  assert.equal(ledger.messagesOf(joe, 0 as never, 99).length, 10);
  assert.equal(ledger.incidents({ account: joe, limit: 9 }).length, 1);
  assert.notEqual(ledger.knownHere(1), undefined, 'joe wrote to this recipient too');
  const keys = async (by: StatsKind): Promise<readonly string[]> => {
    const query = { by, since: 19_999, until: 20_001, order: 'messages', limit: 9 } as const;
    return (await ledger.statsAside(query)).lines.map(({ key }) => key);
  };
  assert.deepEqual(await keys('account'), [joe]);
  assert.deepEqual(await keys('domain'), ['here.test']);
  assert.deepEqual(await keys('provider'), ['notry.invalid']);
  ledger.close();
});
