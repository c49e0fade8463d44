/** What is shown of a held message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import { heldText } from './held-text.ts';

const held = (why: HeldRow['why']): HeldRow => ({
  queueId: '4bXm2R7hQzz2',
  at: 0 as Millis,
  account: 'joe@a.test' as Account,
  recipients: 1,
  bytes: 1_000,
  why,
  state: 'held',
  changedAt: 0 as Millis,
  by: '',
});

test('mail that is held for its author: the command that says what allows it', () => {
  const foreign = heldText({ held: held('foreign'), story: undefined });
  assert.match(foreign, /^What allows it: {5}postern explain 4bXm2R7hQzz2$/m);
  const other = heldText({ held: held('verdict'), story: undefined });
  assert.doesNotMatch(other, /What allows it/);
});
