/** What `helpAfter` writes, `helpParts` reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpAfter, helpParts } from './help.ts';

test('notes, examples and exit codes come back as they were given', () => {
  const given = {
    notes: 'A note on\ntwo lines.\n\nAfter a hijack, do this first:\n  one\n  two',
    examples: [
      ['postern held list', 'all of them'],
      ['postern held list --json | jq .', ''],
    ],
    exits: [
      [0, 'done'],
      [69, 'no guard is running'],
    ],
  } as const;
  assert.deepEqual(helpParts(helpAfter(given)), {
    notes: ['A note on\ntwo lines.', 'After a hijack, do this first:\n  one\n  two'],
    sections: [
      { title: 'Examples', lines: given.examples },
      {
        title: 'Exit codes',
        lines: [
          ['0', 'done'],
          ['69', 'no guard is running'],
        ],
      },
    ],
  });
});

test('several exit codes on one line are read one by one', () => {
  const text = '\nExit codes (sysexits(3)):\n  0 done   1 a problem was found\n  64 usage\n';
  assert.deepEqual(helpParts(text).sections[0]?.lines, [
    ['0', 'done'],
    ['1', 'a problem was found'],
    ['64', 'usage'],
  ]);
});
