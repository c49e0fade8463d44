/** Tables line up, also with characters that take two columns on a terminal, or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './table.ts';

test('columns begin at the same place', () => {
  const rows = [
    ['Rechnung', 'a'],
    ['請求書のご案内', 'b'],
    ['e\u0301te\u0301', 'c'],
    ['🎉 offer', 'd'],
    ['한국어', 'e'],
  ];
  assert.equal(
    table([{ title: 'SUBJECT' }, { title: 'TO' }], rows),
    [
      'SUBJECT         TO',
      'Rechnung        a',
      '請求書のご案内  b',
      'e\u0301te\u0301             c',
      '🎉 offer        d',
      '한국어          e',
      '',
    ].join('\n'),
  );
});
