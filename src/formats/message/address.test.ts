import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressKey, domainOf } from './address.ts';

const cases = [
  ['brackets', '<a@b.example>', 'a@b.example'],
  ['none', 'a@b.example', 'a@b.example'],
  ['capitals', '<Joe.Doe@B.Example>', 'joe.doe@b.example'],
  ['the dot of the root', 'a@b.example.', 'a@b.example'],
  ['the null sender', '<>', ''],
  ['nothing', '', ''],
  ['quotes that are needed', '"a b"@x', '"a b"@x'],
  ['quotes that are not', '"ab"@x', 'ab@x'],
  ['a quoted backslash', String.raw`"a\b"@x`, 'ab@x'],
  ['a quoted quote', String.raw`"a\"b"@x`, String.raw`"a\"b"@x`],
  ['an @ in quotes', '"a@b"@c', '"a@b"@c'],
  ['two @: the last one splits', 'a@b@c', '"a@b"@c'],
  ['an address literal', 'a@[1.2.3.4]', 'a@[1.2.3.4]'],
  ['an IPv6 literal', '<A@[IPv6:2001:DB8::1]>', 'a@[ipv6:2001:db8::1]'],
  ['a source route', '<@r1,@r2:a@b>', 'a@b'],
  ['no domain', 'root', 'root'],
  ['UTF-8', '<Jürgen@BÜCHER.example>', 'jürgen@bücher.example'],
  ['white space around', '  <a@b> ', 'a@b'],
  ['a bracket too many', '<<a@b>>', 'a@b'],
  ['a bracket too few', '<a@b', 'a@b'],
  ['an extension, which is part of the address', 'a+news@b', 'a+news@b'],
  ['a control character', 'a\u0000b@c', 'a?b@c'],
] as const;
for (const [name, text, key] of cases) {
  test(`address key: ${name}`, () => assert.equal(addressKey(text), key));
}

test('different mailboxes keep different keys', () => {
  const keys = ['a b@c', '"a b"@c', 'ab@c', 'a@b@c', 'a@bc', '"a"b@c', 'a.b@c'].map(addressKey);
  assert.deepEqual(new Set(keys).size, 5);
});

test('the domain of a key', () => {
  assert.equal(domainOf(addressKey('<a@B.example>')), 'b.example');
  assert.equal(domainOf(addressKey('"x@y"@b.example')), 'b.example');
  assert.equal(domainOf(addressKey('"x@y"')), '');
  assert.equal(domainOf('root'), '');
  assert.equal(domainOf(''), '');
});

const nasty = fc.string({
  unit: fc.constantFrom(...'<>"\\@:,. ab[]()\u0000\u0130ß\ud800'),
  maxLength: 40,
});

test('any text has a key, a key is its own key, and keys are bounded', () => {
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 600 })), (text) => {
      const key = addressKey(text);
      assert.equal(addressKey(key), key);
      assert.ok(key.length <= 800);
      assert.ok(key.isWellFormed() && !/\p{Cc}/u.test(key));
      assert.ok(key.endsWith(domainOf(key)));
    }),
    { numRuns: 3_000 },
  );
});

test('megabytes of brackets, quotes and signs take no time worth speaking of', () => {
  for (const char of ['<', '"', '@', ':', '\\', '.', ' ', 'a']) {
    assert.ok(addressKey(`<${char.repeat(1_000_000)}>`).length <= 800);
  }
});
