/** What Postern was moving when it was killed is told apart from what others hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';
import { HoldingNow } from './holding-now.ts';

const ann = 'ann@example.test' as Account;
const bob = 'bob@example.test' as Account;

function journalOf(meta: Map<string, string>, state: 'ok' | 'failing' = 'ok'): Journal {
  const add = (change: Change): void => {
    if (change.kind === 'meta') meta.set(change.key, change.value);
  };
  const journal = {
    add,
    committed: async (changes: readonly Change[]) => {
      changes.forEach(add);
      return true;
    },
    state: () => ({ state, why: '' }),
    live: { meta: (key: string) => meta.get(key) },
  };
  return journal as unknown as Journal;
}

test('the note is there after a crash, until the rows are written', async () => {
  const meta = new Map<string, string>();
  const first = new HoldingNow(journalOf(meta));
  await first.begin(ann, ['AAAAA', 'BBBBB']);
  await first.begin(ann, ['CCCCC']);
  await first.begin(bob, ['DDDDD']);
  const second = new HoldingNow(journalOf(meta));
  assert.deepEqual(
    ['AAAAA', 'CCCCC', 'DDDDD'].map((id) => second.has(ann, id)),
    [true, true, false],
  );
  second.end(ann);
  const third = new HoldingNow(journalOf(meta));
  assert.deepEqual([third.has(ann, 'AAAAA'), third.has(bob, 'DDDDD')], [false, true]);
});

test('a ledger that cannot be written delays nothing; a damaged note is no note', async () => {
  const failing = new HoldingNow(journalOf(new Map(), 'failing'));
  await failing.begin(ann, ['AAAAA']);
  assert.equal(failing.has(ann, 'AAAAA'), true);
  for (const value of ['{', '{}', '[["a"]]', '[["a",[7]]]', '[7]']) {
    const damaged = new HoldingNow(journalOf(new Map([['holding-now', value]])));
    assert.equal(damaged.has('a' as Account, '7'), false);
  }
});
