import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalHeader } from './header-canonical.ts';
import { breakLongLines } from './line-break.ts';

/** Facts of RFC 6376 section 3.4.5, and what real mail has beside them. */
const rows = [
  ['relaxed', 'A', ' X', 'a:X'],
  ['relaxed', 'B ', ' Y\t\r\n\tZ  ', 'b:Y Z'],
  ['simple', 'B ', ' Y\t\r\n\tZ  ', 'B : Y\t\r\n\tZ  '],
  ['relaxed', 'Subject', ' folded\n as milters\n\thave it ', 'subject:folded as milters have it'],
  ['simple', 'Subject', ' folded\n as milters', 'Subject: folded\r\n as milters'],
  ['relaxed', 'Subject', '', 'subject:'],
  ['relaxed', 'Subject', ' \t\r\n ', 'subject:'],
  ['relaxed', 'X-\xc4', '\xa0\x0b\xa0', 'x-\xc4:\xa0\x0b\xa0'],
] as const;
for (const [how, name, value, want] of rows) {
  test(`${how} ${JSON.stringify(name + value)}`, () => {
    assert.equal(canonicalHeader(how, { name, value }), want);
  });
}

test('long lines of a field are broken where smtp(8) breaks them', () => {
  const x = (count: number): string => 'x'.repeat(count);
  assert.equal(breakLongLines(` ${x(8)}`, 10, 1), ` ${x(8)}`);
  assert.equal(breakLongLines(` ${x(9)}`, 10, 1), ` ${x(8)}\r\n x`);
  assert.equal(breakLongLines(` ${x(8 + 9 + 9)}`, 10, 1), ` ${x(8)}\r\n ${x(9)}\r\n ${x(9)}`);
  assert.equal(breakLongLines(`\n ${x(9)}\n ${x(10)}`, 10, 1), `\n ${x(9)}\n ${x(9)}\r\n x`);
  assert.equal(
    breakLongLines(`\r\n ${x(9)}\r\n ${x(10)}`, 10, 1),
    `\r\n ${x(9)}\r\n ${x(9)}\r\n x`,
  );
  assert.equal(breakLongLines(x(2_000), 0, 1), x(2_000));
});
