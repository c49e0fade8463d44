import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultLog } from './listener-log.ts';

test('trouble is always counted, and logged ten times a minute', () => {
  let now = 5;
  let counted = 0;
  const lines: Readonly<Record<string, unknown>>[] = [];
  const fault = faultLog(
    'milter',
    (level, event, fields) => lines.push({ level, event, ...fields }),
    (_metric, by) => {
      counted += by;
    },
    () => now,
  );
  for (let index = 0; index < 1_000; index++) fault('protocol', 'peer', new Error('bad'));
  fault('bug', 'peer', new TypeError('ours'));
  assert.equal(counted, 1_001);
  assert.equal(lines.length, 11);
  assert.equal(lines.at(-1)?.['level'], 'error');
  now += 60_000;
  fault('protocol', 'peer', new Error('bad'));
  assert.deepEqual(lines.at(-1), {
    level: 'warn',
    event: 'milter.protocol',
    peer: 'peer',
    what: 'bad',
    leftOut: 990,
  });
});
