/** A difference, applied to the one text, gives the other; and reads as diff -u writes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

const names = { before: 'a', after: 'b' };

test('reads as diff -u writes it', () => {
  const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n';
  const after = '1\n2\n3\n4\n5\nsix\n7\n8\n9\nten';
  const lines = [
    '--- a',
    '+++ b',
    '@@ -3,7 +3,8 @@',
    ' 3',
    ' 4',
    ' 5',
    '-6',
    '+six',
    ' 7',
    ' 8',
    ' 9',
    '+ten',
  ];
  const want = `${lines.join('\n')}\n\\ No newline at end of file\n`;
  assert.equal(unifiedDiff(before, after, names), want);
  assert.equal(unifiedDiff(before, before, names), '');
});

test('an empty file grows from line 0', () => {
  assert.equal(unifiedDiff('', 'x\n', names), '--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n');
});

const text = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'c', '', '-x', '+y', '@@'), { maxLength: 30 }),
    fc.boolean(),
  )
  .map(([lines, end]) => lines.join('\n') + (end && lines.length > 0 ? '\n' : ''));

test('applied to the one text it gives the other', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      assert.equal(apply(before, unifiedDiff(before, after, names)), after);
    }),
  );
});

/** What patch(1) does, with nothing forgiven. */
function apply(before: string, diff: string): string {
  if (diff === '') return before;
  const old = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const [, start, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const first = Number(start) - (count === '0' ? 0 : 1);
      while (at < first) out.push(old[at++] ?? '');
    } else if (line.startsWith('\\')) {
      // Speaks of the line before it: an old one has no newline anyway, a new one loses ours.
      const last = out.at(-1);
      if (last?.endsWith('\n') && lastKind !== '-') out[out.length - 1] = last.slice(0, -1);
    } else {
      if (line[0] !== '+') {
        assert.equal((old[at++] ?? '').replace(/\n$/, ''), line.slice(1));
      }
      if (line[0] !== '-') out.push(`${line.slice(1)}\n`);
      lastKind = line[0] ?? '';
    }
  }
  return out.concat(old.slice(at)).join('');
}
let lastKind = '';
