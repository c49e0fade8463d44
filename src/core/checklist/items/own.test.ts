import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OwnEnd, ownItem } from './own.ts';

const about = {
  id: 'own.backup',
  title: 'The backup is there',
  effort: 'hours',
  cost: 'money',
  effect: 'Mail can be restored.',
  fix: 'look at the log',
} as const;

function seen(end: OwnEnd): readonly string[] {
  const { state, found, fix } = ownItem(about, end);
  return [state, found, fix];
}

test('the exit code says the state, and the first line what was found', () => {
  const ended = (exit: number, output = 'so it is\nmore\n') =>
    seen({ kind: 'ended', exit, output });
  assert.deepEqual(ended(0), ['done', 'so it is', '']);
  assert.deepEqual(ended(1), ['broken', 'so it is', 'look at the log']);
  assert.deepEqual(ended(2), ['missing', 'so it is', 'look at the log']);
  assert.deepEqual(ended(3), ['not needed', 'so it is', '']);
  assert.deepEqual(ended(4), ['unknown', 'its program ended with 4: so it is', '']);
  assert.deepEqual(ended(0, ' \n\r\n'), ['done', 'its program ended with 0', '']);
});

test('what it prints cannot move a cursor or turn the direction of text', () => {
  const output = '\u001b[2J\u202efine\u0007 \u{1f600}\nx';
  const [, found] = seen({ kind: 'ended', exit: 0, output });
  assert.equal(found, '?[2J?fine? \u{1f600}');
  const [, long] = seen({ kind: 'ended', exit: 0, output: 'x'.repeat(4_096) });
  assert.equal(long?.length, 300);
});

test('a program that did not run, or did not end, leaves its item unknown with the reason', () => {
  const why = 'its program did not end within 10 s';
  assert.deepEqual(seen({ kind: 'failed', why, output: 'waiting\n' }), [
    'unknown',
    `${why}; it said: waiting`,
    '',
  ]);
  assert.deepEqual(seen({ kind: 'not run', why: 'not run: x' }), ['unknown', 'not run: x', '']);
});
