/** Which fields say who wrote a message, whatever their form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressReader } from './address-reader.ts';

const spf = { result: 'pass', domain: 'far.example', identity: 'mailfrom', why: '' } as const;
const results = { sender: 'x@far.example', spf, dkim: [] };
const here = { recipients: ['ann@here.test'], delimiters: '' };
const from = ['From', ' <carol@far.example>'] as const;
const long = `${' x,'.repeat(3_000)} carol@far.example`;

const rows: readonly (readonly [string, readonly (readonly [string, string])[], boolean])[] = [
  ['one From', [['Subject', ' hi'], from], true],
  ['capitals and a blank before the colon', [['FROM ', ' <carol@far.example>']], true],
  ['two From', [from, from], false],
  ['three From', [from, from, from], false],
  ['a From that is too long', [['From', long]], false],
  ['a long one and another', [['From', long], from], false],
  ['no field at all', [], false],
  ['a program before', [['Auto-Submitted', ' auto-replied'], from], false],
  ['a program behind', [from, ['PRECEDENCE', ' bulk']], false],
  ['a list', [from, ['List-Id', ' <l.far.example>']], false],
];
for (const [name, fields, isKnown] of rows) {
  test(`who wrote: ${name}`, () => {
    const reader = new AddressReader();
    for (const [field, value] of fields) reader.header(field, value);
    const found = reader.wroteIn(results, here);
    assert.equal(found?.author, isKnown ? 'carol@far.example' : undefined);
  });
}
