/** Hashes in the forms that a jumbo John takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hash } from './hash.ts';
import { forJohn } from './john-format.ts';
import { readHash } from './read-hash.ts';

function read(text: string): Hash {
  const stored = readHash(text, { scheme: 'CRYPT', account: 'joe' });
  assert.ok(stored.kind === 'hash');
  return stored.hash;
}

const formats = new Set(['salted-sha1', 'ssha512', 'md5crypt', 'sha512crypt', 'pbkdf2-hmac-sha1']);
const ssha = '{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==';
const crypt = `$6$abc$${'x'.repeat(86)}`;
const apr1 = '$apr1$ANpHuJ5o$j2D/YJWy69PKbpCrS56TK1';

for (const [text, format, form] of [
  [ssha, 'Salted-SHA1', ssha],
  [crypt, 'sha512crypt', crypt],
  [apr1, 'md5crypt', apr1],
  [
    '{PBKDF2}$1$7vOzCLWXXX95ye5x$5000$55b8d8f2aa1ff34e2d5f6d3f750e07ae84c47e6e',
    'PBKDF2-HMAC-SHA1',
    '$pbkdf2-hmac-sha1$5000.37764f7a434c57585858393579653578' +
      '.55b8d8f2aa1ff34e2d5f6d3f750e07ae84c47e6e',
  ],
] as const) {
  test(`${text.slice(0, 8)}… as ${format}`, () => {
    const hash = read(text);
    const { tried, group, ...rest } = forJohn(hash, formats);
    assert.deepEqual(tried, { by: 'john', format, text: form });
    assert.equal(group, `${hash.group}:john`, 'apart from those that are tried otherwise');
    assert.deepEqual(rest, { scheme: hash.scheme, rate: hash.rate, unsalted: hash.unsalted });
  });
}

test('what it cannot take, or another one does as well, stays as it was', () => {
  const long = Buffer.concat([Buffer.alloc(20, 1), Buffer.alloc(9, 2)]).toString('base64');
  for (const text of [
    '{SSHA256}90FyLobURLQBdEE6GYAQmzZyDKzI1Cv9Cv0fBrVWAl9d+xGL',
    '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
    `{SSHA}${long}`,
    `$y$j9T$abc$${'x'.repeat(43)}`,
  ]) {
    assert.deepEqual(forJohn(read(text), formats), read(text));
  }
  for (const text of [ssha, crypt, apr1]) {
    assert.deepEqual(forJohn(read(text), new Set()), read(text), 'the core version');
  }
});
