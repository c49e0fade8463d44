/** Whose a message was, while it is among the last ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import { SentMessages } from './sent-messages.ts';

const message = (number: number, id = `m${number}`): Submission => ({
  kind: 'send',
  id,
  at: number as Millis,
  account: `account${number % 7}@here.example` as Account,
  outside: ['a@x.example', 'b@x.example'],
  local: [],
});

test('a message is found by its id, and as often told as it has recipients', () => {
  const sent = new SentMessages();
  for (let number = 0; number < 3_000; number++) sent.add(message(number));
  assert.equal(sent.find('m3000'), undefined);
  const row = sent.find('m2500') ?? -1;
  assert.deepEqual(sent.about(row), { account: 'account1@here.example', sentAt: 2_500 });
  assert.equal(sent.left(row), 2);
  sent.told(row);
  sent.add(message(3_000));
  assert.equal(sent.left(sent.find('m2500') ?? -1), 1);
  // An id that comes again is that of the later message.
  sent.add(message(9_000, 'm2500'));
  assert.equal(sent.about(sent.find('m2500') ?? -1).sentAt, 9_000);
});

test('old messages are forgotten, whether they were looked for or not', () => {
  for (const looked of [true, false]) {
    const sent = new SentMessages();
    for (let number = 0; number < 400_000; number++) sent.add(message(number));
    if (looked) assert.ok(sent.find('m0') !== undefined);
    for (let number = 400_000; number < 1_100_000; number++) sent.add(message(number));
    assert.equal(sent.find('m0'), undefined);
    assert.equal(sent.find('m599999'), undefined);
    assert.equal(sent.about(sent.find('m600000') ?? -1).sentAt, 600_000);
    assert.equal(sent.about(sent.find('m1099999') ?? -1).sentAt, 1_099_999);
  }
});
