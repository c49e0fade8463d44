/** Text that roff would read as commands comes out as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, escaped, literal, paragraph, quoted } from './roff.ts';

test('what roff would take for a command, an escape or a hyphen is text', () => {
  const cases = [
    ['.so /etc/passwd', '\\&.so /etc/passwd'],
    ["'br", '\\(aqbr'],
    ['a\\fBb', 'a\\efBb'],
    ['--state', '\\-\\-state'],
    ['one\n.two', 'one .two'],
    ['`x` ^ ~ ’ …', '\\(gax\\(ga \\(ha \\(ti \\(cq ...'],
  ] as const;
  for (const [text, wanted] of cases) assert.equal(escaped(text), wanted);
  assert.equal(quoted('say "x"'), '"say \\(dqx\\(dq"');
});

test('a paragraph is filled anew, and a literal text keeps its lines and its indent', () => {
  assert.equal(paragraph('one\n   two'), '.PP\none two\n');
  assert.equal(literal('a\n  .b'), '.PP\n.nf\na\n\\&  .b\n.fi\n');
  assert.equal(entry('-x', 'what\nit does'), '.TP\n\\fB\\-x\\fR\nwhat it does\n');
  assert.equal(entry('alone', ''), '.PP\n\\fBalone\\fR\n');
});
