/**
 * Stored passwords, as the real tools write them: scheme, who tries them, and what is no
 * hash at all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StoredPassword } from './hash.ts';
import { isPlain, readHash } from './read-hash.ts';

const how = { scheme: 'CRYPT', account: 'joe@example.org' };
const read = (text: string, scheme = 'CRYPT'): StoredPassword => readHash(text, { ...how, scheme });

/** What the tools made of `secret`. */
const cases: readonly (readonly [string, string, string])[] = [
  ['descrypt', 'EHkd.5Q7bqUZY', 'john:descrypt'],
  ['bsdicrypt', '_J9..CCCCXBrJUJV154M', 'john:bsdicrypt'],
  ['md5crypt', '$1$n42aTZRJ$G56/539uGYINF9g2jJ2AG0', 'john:md5crypt'],
  ['bcrypt', '$2y$05$EvYVIhEE8.ZWEMqLUl7x/eTH0DmRQZtWDJ/G53yNpg5sbvda0EkWy', 'john:bcrypt'],
  [
    'sha512crypt',
    '$6$wzaQuj.e3ml5W6Dz$T8TZVEhz2pJFKfUz1Pw9NR4XxuGXC0quirjaCdvgTZgO' +
      'TobuqLNqQ1OyKenE8ed5ZczDUipq.f3boclh8gQYs/',
    'john:crypt',
  ],
  ['yescrypt', `$y$j9T$${'a'.repeat(22)}$${'b'.repeat(43)}`, 'john:crypt'],
  ['apr1', '$apr1$ANpHuJ5o$j2D/YJWy69PKbpCrS56TK1', 'workers:apr1'],
  ['sha', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'workers:digest'],
  ['ssha256', '{SSHA256}90FyLobURLQBdEE6GYAQmzZyDKzI1Cv9Cv0fBrVWAl9d+xGL', 'workers:digest'],
  ['sha256', '{SHA256.B64}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=', 'workers:digest'],
  ['smd5', '{SMD5}q8THpyDrYoYXMOoYUvh7sUJOklI=', 'workers:digest'],
  ['ldap-md5', '{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', 'workers:digest'],
  ['plain-md5', '{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69', 'workers:digest'],
  [
    'pbkdf2',
    '{PBKDF2}$1$7vOzCLWXXX95ye5x$5000$55b8d8f2aa1ff34e2d5f6d3f750e07ae84c47e6e',
    'workers:pbkdf2',
  ],
  [
    'argon2id',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$dPRY+byRGhhUq9WMtGma4A' +
      '$JOOfmwfURixTPnWts2qtQ4XjADrsWT4YMbVKhKLNAYk',
    'workers:argon2',
  ],
  [
    'scram-sha256',
    '{SCRAM-SHA-256}4096,3/xG5P3Dse459nB6TURFIA==' +
      ',QL0Jl1EAMwpR8qWiaKk5rmC3lTQpSdXvbNOqmq2uoFc=' +
      ',TNUcYkIEh/yIjLcnQ41NJjmjGwFR+ijiDHnwTYOUVNg=',
    'workers:scram',
  ],
  [
    'cram-md5',
    '{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56',
    'workers:cram-md5',
  ],
  ['digest-md5', '{DIGEST-MD5}9e350098094efc4af26cd456adf29a60', 'workers:digest'],
];
for (const [scheme, text, by] of cases) {
  test(`${scheme} is tried by ${by}`, () => {
    const stored = read(text);
    assert.equal(stored.kind, 'hash');
    const { tried, scheme: found } = stored.hash;
    assert.equal(found, scheme);
    const who = tried.by === 'john' ? tried.format : tried.trial.kind;
    assert.equal(`${tried.by}:${who}`, by);
  });
}

test('hexadecimal and base64 of one digest are one hash', () => {
  const texts = [
    '{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=',
    '{SHA256.HEX}2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
    '{SHA256}2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
  ];
  const [first, ...others] = texts.map((text) => read(text));
  for (const other of others) assert.deepEqual(other, first);
});

test('what is no hash is said to be none, without repeating it', () => {
  for (const text of [
    '$9$xx',
    'secret-in-the-clear',
    '{SHA256}xx',
    '{NOSUCH}abc',
    '{PBKDF2}$1$a$0$b',
  ]) {
    const stored = read(text);
    assert.equal(stored.kind, 'unknown', text);
    assert.ok(!stored.what.includes(text.replace(/^\{[^}]*\}/, '')), stored.what);
  }
});

test('locked and empty are neither', () => {
  for (const text of ['!', '*', '!$6$abc', '*LK*', 'x']) assert.equal(read(text).kind, 'locked');
  assert.equal(read('').kind, 'empty');
});

test('what costs too much memory is left alone', () => {
  const settings = '{ARGON2ID}$argon2id$v=19$m=4194304,t=3,p=1$dPRY+byRGhhUq9WMtGma4A$';
  assert.equal(read(`${settings}${'A'.repeat(43)}`).kind, 'unknown');
});

test('a plain list says what it is by its length', () => {
  const stored = read('5ebe2294ecd0e0f08eab7690d2a6ee69', 'AUTO');
  assert.equal(stored.kind === 'hash' && stored.hash.scheme, 'plain-md5');
});

test('hashes that cost the same are one group, others are not', () => {
  const group = (cost: string): string => {
    const stored = read(`$2y$${cost}$EvYVIhEE8.ZWEMqLUl7x/eTH0DmRQZtWDJ/G53yNpg5sbvda0EkWy`);
    return stored.kind === 'hash' ? stored.hash.group : '';
  };
  assert.equal(group('05'), group('05'));
  assert.notEqual(group('05'), group('10'));
});

test('the schemes that keep the password itself are known', () => {
  for (const name of ['PLAIN', 'plain', 'CLEARTEXT', 'PLAIN.b64', 'clear.hex']) {
    assert.ok(isPlain(name), name);
  }
  assert.ok(!isPlain('PLAIN-MD5'));
});

test('nothing makes it throw', () => {
  const prefix = fc.constantFrom(
    '',
    '$6$',
    '$y$',
    '{SSHA}',
    '{PBKDF2}',
    '{ARGON2ID}',
    '{SCRAM-SHA-1}',
  );
  fc.assert(
    fc.property(prefix, fc.string(), (start, rest) => {
      assert.ok(['hash', 'locked', 'empty', 'unknown'].includes(read(start + rest).kind));
    }),
  );
});
