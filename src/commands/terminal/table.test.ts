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

test('a very long cell moves its own row alone', () => {
  const long = `${'x'.repeat(228)}@example.org`;
  const lines = table(
    [{ title: 'ACCOUNT' }, { title: 'STATE' }],
    [
      ['joe@example.org', 'clear'],
      [long, 'watched'],
    ],
  ).split('\n');
  assert.deepEqual(lines, [
    'ACCOUNT          STATE',
    'joe@example.org  clear',
    `${long}  watched`,
    '',
  ]);
});

test('where a line has no room, a row is a block, and no word is broken', () => {
  const columns = [{ title: 'ACCOUNT' }, { title: 'STATE' }, { title: 'SUBJECT' }, { title: '' }];
  const rows = [
    ['joe@example.org', 'suspended', 'Your parcel is waiting for you at the counter', 'why'],
    ['ann@example.org', 'clear', '', ''],
  ];
  assert.equal(table(columns, rows, 200).split('\n').length, 4);
  assert.equal(
    table(columns, rows, 40),
    [
      'joe@example.org',
      '  state suspended',
      '  subject Your parcel is waiting for you',
      '  at the counter  why',
      'ann@example.org',
      '  state clear',
      '',
    ].join('\n'),
  );
});
