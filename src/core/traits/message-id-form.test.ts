/** Forms of Message-IDs: of one program alike, of two programs different. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { messageIdForm } from './message-id-form.ts';

const owner = { domains: ['d.example', ''], helo: 'PC-7' };
const form = (id: string): string => messageIdForm(id, owner);

const forms: readonly (readonly [program: string, id: string, form: string])[] = [
  ['Thunderbird', '<1b2c3d4e-5f60-7a8b-9c0d-1e2f3a4b5c6d@d.example>', 'f-f-f-f-f@own'],
  ['Apple Mail', '<0A1B2C3D-1234-5678-9ABC-DEF012345678@d.example>', 'F-F-F-F-F@own'],
  ['Outlook', '<000001dc5e1b$0a1b2c3d$9e8f7a6b$@d.example>', 'f$f$f$@own'],
  ['Gmail', '<CAF3kz+Xq_0-9abcDEF=g@mail.gmail.com>', 'z@mail.gmail.com'],
  ['Roundcube', '<b1946ac92492d2347c6235b4d2611184@d.example>', 'f32@own'],
  ['Postfix', '<20260101123456.4ABCDEF012@mail.d.example>', 'F.F@own'],
  ['Python', '<176441670012.12.7@web1.example>', '9.9.9@web9.example'],
  ['JavaMail', '<12.34.JavaMail.root@app>', '9.9.a.a@app'],
  ['random letters and digits', '<q9z8x7w6v5u4t3s2@d.example>', 'x16@own'],
  ['a machine', '<12@pc-7>', '9@host'],
  ['an address', '<12@[192.0.2.1]>', '[ip]'],
  ['no domain', '12', '9'],
  ['none', '', ''],
  ['empty', '<>', ''],
];
for (const [program, id, want] of forms) {
  test(`form of an id: ${program}`, () => {
    assert.equal(form(id), want.startsWith('[') ? `9@${want}` : want);
  });
}

test('ids of one program have one form, nearly always', () => {
  const hex = (length: number) =>
    fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: length,
      maxLength: length,
    });
  const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((all) => all.join('-'));
  fc.assert(
    fc.property(uuid, (id) => {
      // One in a million has no digit, or nothing else, at all.
      fc.pre(/\d[a-f]|[a-f]\d/.test(id.replaceAll('-', ' ')));
      return form(`<${id}@d.example>`) === 'f-f-f-f-f@own';
    }),
  );
});

test('any text has a short form, soon', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (id) => form(id).length <= 201));
  const { ms } = timed(() => {
    for (const unit of ['a', '1', '-', '@', '.', 'aB1+', '\0', '\u{1f600}']) {
      assert.ok(form(unit.repeat(1_000_000)).length <= 201);
    }
  });
  assert.ok(ms < 500, `${ms} ms`);
});
