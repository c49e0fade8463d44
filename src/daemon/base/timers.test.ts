/** Ids of a running process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from './timers.ts';

test('no id is an option on a command line', () => {
  for (let nth = 0; nth < 5_000; nth++) assert.match(newId(), /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
});
