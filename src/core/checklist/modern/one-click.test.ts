/** Bulk senders and one click. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ItemState } from '../items/item.ts';
import { bulkDomains, oneClickItem } from './one-click.ts';

test('a domain is a bulk sender from half of a limit on, or once it passed one', () => {
  const day = { messagesADay: 10, passedAt: undefined };
  assert.deepEqual(
    bulkDomains([
      { ...day, domain: 'small.test', provider: 'google' },
      { ...day, domain: 'near.test', provider: 'google', messagesADay: 2_500 },
      { ...day, domain: 'orange.test', provider: 'orange', messagesADay: 500 },
      { ...day, domain: 'passed.test', provider: 'google', passedAt: 1 },
      { ...day, domain: 'passed.test', provider: 'yahoo', messagesADay: 2_600 },
      { ...day, domain: 'other.test', provider: 'yahoo', messagesADay: 2_400 },
    ]),
    ['near.test', 'orange.test', 'passed.test'],
  );
});

const rows: readonly (readonly [string, number, number, number, ItemState, RegExp])[] = [
  ['no offer at all', 900, 0, 0, 'missing', /none of 900 messages/],
  ['some without one click', 900, 800, 700, 'missing', /of 800 .* 700 have one click/],
  ['nearly all', 900, 800, 795, 'done', /795 of 800/],
  ['nothing counted', 0, 0, 0, 'unknown', /no mail of a\.test was counted/],
];
for (const [name, messages, offered, oneClick, state, found] of rows) {
  test(`${name}: ${state}`, () => {
    const item = oneClickItem(['a.test'], () => ({ messages, offered, oneClick }));
    assert.equal(item.state, state);
    assert.match(item.found, found);
  });
}

test('without a bulk sender it is not needed', () => {
  const nothing = { messages: 0, offered: 0, oneClick: 0 };
  assert.equal(oneClickItem([], () => nothing).state, 'not needed');
});
