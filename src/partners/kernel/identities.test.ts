/** Users of a directory, and their names while the directory does not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIdentities } from './identities.ts';

const uid = 3_999_999_999;

test('a directory that is away for a moment takes nobody’s name for good', () => {
  let now = 0;
  let answer = '';
  let asked = 0;
  const identities = openIdentities(
    () => {
      asked++;
      return answer;
    },
    () => now,
  );
  const name = (): string => identities.user(uid).name;
  assert.deepEqual([name(), name(), asked], ['', '', 1]);
  answer = `joe:x:${uid}:100:Joe:/home/joe:/bin/sh\n`;
  now += 61_000;
  assert.deepEqual([name(), name(), asked], ['joe', 'joe', 2]);
  answer = '';
  now += 3_601_000;
  assert.deepEqual([name(), name(), asked], ['joe', 'joe', 3]);
});
