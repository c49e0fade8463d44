/** What mail offers to unsubscribe, and how it is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../lib/time.ts';
import {
  countUnsubscribe,
  decodeUnsubscribe,
  encodeUnsubscribe,
  type UnsubscribeCount,
  UnsubscribeFields,
  unsubscribeSum,
} from './one-click.ts';

type Field = readonly [string, string];
const list: Field = ['List-Unsubscribe', ' <mailto:u@a.test>, <https://a.test/u?1>'];
const post: Field = ['LIST-Unsubscribe-Post', ' List-Unsubscribe=One-Click'];
const rows: readonly (readonly [string, readonly Field[], boolean, boolean, boolean])[] = [
  ['both fields, signed', [list, post], true, true, true],
  ['not signed', [list, post], false, true, false],
  ['without the second field', [list], true, true, false],
  ['only by mail', [['List-Unsubscribe', '<mailto:u@a.test>'], post], true, true, false],
  ['only by http', [['List-Unsubscribe', '<http://a.test/u>'], post], true, true, false],
  ['another word', [list, ['List-Unsubscribe-Post', 'One-Click']], true, true, false],
  [
    'neither',
    [
      ['Subject', 'x'],
      ['List-Unsubscribed', '<https://x>'],
    ],
    true,
    false,
    false,
  ],
];
for (const [name, fields, isSigned, offered, oneClick] of rows) {
  test(`a message with ${name}`, () => {
    const read = new UnsubscribeFields();
    for (const [field, value] of fields) read.header(field, value);
    assert.deepEqual(read.offer(isSigned), { offered, oneClick });
  });
}

const start = (1_000 * dayMs) as Millis;
const later = (days: number): Millis => (start + days * dayMs) as Millis;
const fine = { offered: true, oneClick: true };
const bad = { offered: true, oneClick: false };

test('a repair is seen: old mail stops counting after two spans', () => {
  let count: UnsubscribeCount | undefined;
  for (let nth = 0; nth < 10; nth++) count = countUnsubscribe(count, bad, start);
  count = countUnsubscribe(count, fine, later(14));
  assert.deepEqual(unsubscribeSum([count]), { messages: 11, offered: 11, oneClick: 1 });
  count = countUnsubscribe(count, fine, later(28));
  assert.deepEqual(unsubscribeSum([count]), { messages: 2, offered: 2, oneClick: 2 });
  count = countUnsubscribe(count, fine, later(90));
  assert.deepEqual(unsubscribeSum([count]), { messages: 1, offered: 1, oneClick: 1 });
});

test('a clock that was set back begins anew', () => {
  const count = countUnsubscribe(countUnsubscribe(undefined, bad, later(5)), fine, start);
  assert.equal(count.since, start);
  assert.equal(count.messages, 1);
});

test('what is written is read again, and other text is no count', () => {
  const count = countUnsubscribe(countUnsubscribe(undefined, bad, start), fine, later(20));
  assert.deepEqual(decodeUnsubscribe(encodeUnsubscribe(count)), count);
  assert.equal(encodeUnsubscribe(undefined), '');
  for (const text of ['', 'x', '[]', '[1,2,3,4,5,6,"7"]', '[1,2,3,4,5,6,-7]', '{}']) {
    assert.equal(decodeUnsubscribe(text), undefined, text);
  }
});
