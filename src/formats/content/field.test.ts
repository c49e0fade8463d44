import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { extensionOf, fileNameOf, firstMessageId, mimeField, paramOf, zoneOf } from './field.ts';

test('a MIME field: its value and its parameters', () => {
  const field = mimeField(' Multipart/Mixed; x; Boundary="a;\\"b" ; charset = utf-8\n ;n="open');
  assert.equal(field.value, 'multipart/mixed');
  assert.equal(paramOf(field, 'boundary'), 'a;"b');
  assert.equal(paramOf(field, 'charset'), 'utf-8');
  assert.equal(paramOf(field, 'n'), 'open');
  assert.equal(paramOf(field, 'x'), '');
  assert.deepEqual(mimeField(''), { value: '', params: [] });
});

const names: readonly (readonly [field: string, name: string, extension: string])[] = [
  ['attachment; filename="Bill.PDF"', 'Bill.PDF', 'pdf'],
  ['attachment; filename=bill.pdf.exe', 'bill.pdf.exe', 'exe'],
  ['attachment; filename="bill.pdf. . "', 'bill.pdf. . ', 'pdf'],
  ["attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.docx", "UTF-8''résumé.docx", 'docx'],
  ["attachment; filename*=latin1''r%E9.%64oc; x=y", "latin1''r%E9.%64oc", ''],
  [
    'attachment; filename*0="a very "; filename*1="long name.zi"; filename*2=p',
    'a very long name.zip',
    'zip',
  ],
  ["attachment; filename=a.bin; filename*=utf-8''a.zip", "utf-8''a.zip", 'zip'],
  ['attachment; filename="=?utf-8?B?YS54bHN4?="', 'a.xlsx', 'xlsx'],
  ['attachment; filename="Makefile"', 'Makefile', ''],
  ['attachment; filename="x.waytoolongextension"', 'x.waytoolongextension', ''],
  ['attachment', '', ''],
];
for (const [field, name, extension] of names) {
  test(`the name of a file: ${field}`, () => {
    assert.equal(fileNameOf(mimeField(field), 'filename'), name);
    assert.equal(extensionOf(name), extension);
  });
}

test('the offset at the end of a date', () => {
  const zones: readonly (readonly [date: string, zone: string])[] = [
    [' Sun, 29 Nov 2026 18:42:43 +0100', '+0100'],
    ['Sun, 29 Nov 2026 18:42:43 -0330 (NST)', '-0330'],
    ['Sun, 29 Nov 2026 18:42:43 +0000 (UTC)', '+0000'],
    ['Sun, 29 Nov 2026 18:42:43 GMT', '+0000'],
    ['Sun, 29 Nov 2026 18:42:43 EST', '-0500'],
    ['Sun, 29 Nov 2026 18:42:43 constructor', ''],
    ['29.11.2026', ''],
    ['', ''],
  ];
  for (const [date, zone] of zones) assert.equal(zoneOf(date), zone, date);
});

test('the first id of a field', () => {
  assert.equal(firstMessageId(' <a@b>\n <c@d>'), 'a@b');
  assert.equal(firstMessageId('Your message of <a\n @b>'), 'a@b');
  assert.equal(firstMessageId('a@b '), 'a@b');
  assert.equal(firstMessageId('<a@b'), 'a@b');
  assert.equal(firstMessageId(''), '');
});

test('any field is read, soon', () => {
  const all = (text: string): void => {
    const field = mimeField(text);
    assert.ok(field.params.length <= 40);
    extensionOf(fileNameOf(field, 'filename'));
    assert.match(zoneOf(text), /^(?:[+-]\d{4})?$/);
    assert.ok(firstMessageId(text).length <= 256);
  };
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'a;="\\*%<> (.)') }), all));
  const { ms } = timed(() => {
    for (const unit of [
      ';',
      '=',
      '"',
      '\\',
      ';a=',
      ';a="',
      '=?',
      '(',
      '<',
      ' ',
      '%',
      '\0',
      ';filename*0=%',
    ]) {
      all(unit.repeat(1_000_000));
      all(`a/b; filename="${unit.repeat(100_000)}`);
    }
  });
  assert.ok(ms < 1_000, `${ms} ms`);
});
