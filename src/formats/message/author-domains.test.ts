import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiDomain, authorDomains, shownAuthors } from './author-domains.ts';

const found = (...fields: readonly string[]): string => {
  const { domains, cut } = authorDomains(
    fields.map((field) => Buffer.from(field).toString('latin1')),
  );
  return `${domains.join(' ')}${cut ? ' ?' : ''}`;
};

const rows: readonly (readonly [string, string])[] = [
  [' a@example.org', 'example.org'],
  [' Joe <a@Example.ORG>', 'example.org'],
  [' "ceo@bank.example" <a@evil.example>', 'evil.example'],
  [' ceo@bank.example <a@evil.example>', 'evil.example'],
  [' a@evil.example (ceo@bank.example)', 'evil.example'],
  [' a@one.example, "B, C" <b@two.example>,\r\n\tc@one.example', 'one.example two.example'],
  [' <a@one.example><b@two.example>', 'one.example two.example'],
  [' a@one.example b@two.example', 'one.example two.example'],
  [' Friends: a@one.example, <b@two.example>;', 'one.example two.example'],
  [' undisclosed-recipients:;', ''],
  [' "a b"@one.example', 'one.example'],
  [' "a@two.example,"@one.example', 'one.example'],
  [' a (c) @ (d) one . example', 'one.example'],
  [' <@route.example:a@one.example>', 'one.example'],
  [' a@one.example.', 'one.example'],
  [' Jürgen <j@bücher.example>', 'xn--bcher-kva.example'],
  [' a@[192.0.2.1]', ''],
  [' a@one..example', 'one.example'],
  [' <root>', ''],
  [' root', ''],
  [' <a@one.example', 'one.example'],
  [' "never ends <a@one.example>', 'one.example'],
  ['', ''],
];
/** Fields that break the grammar, and what some mail program may show. */
const hidden: readonly (readonly [string, string])[] = [
  ...[
    '>',
    "'",
    '"',
    ';',
    '!',
    ',',
    ')',
    ']',
    ':25',
    '/x',
    '%00',
    '?',
    '..',
    '>>',
    '\u200b',
    '\0',
    '\u201d',
    '\u00bb',
    '\u2122',
    '.\u2019',
  ].map((sign) => [` a@one.example${sign}`, 'one.example'] as const),
  [" 'a@one.example'", 'one.example'],
  [' a @ one . example >', 'one.example'],
  [' a@.one.example', 'one.example'],
  [' a@@one.example', 'one.example'],
  [' <a@one.example>>, b@two.example', 'one.example two.example'],
  [' a@one.example@two.example', 'two.example one.example'],
  [' <a@one.example <b@two.example>', 'two.example one.example'],
  [' <a@(c)one.example>', 'one.example'],
  [' <a@one(c).example (d)>', 'one.example'],
  [' <a@one.\r\n\texample>', 'one.example'],
  [' "a@one.example"', 'one.example'],
  [' (a@one.example)', 'one.example'],
  [' a@one.example <>', 'one.example'],
  [' a@one.example <root>, b@two.example', 'one.example two.example'],
  [' b@two.example, "a@one.example', 'two.example one.example'],
  [' b@two.example (a@one.example', 'two.example one.example'],
  [' <"b@two.example>, a@one.example', 'two.example one.example'],
  [' a@one.example\0.two.example', 'one.example one.example.two.example'],
  [' a\uff20one.example', 'one.example'],
  [' a\\@one.example', 'one.example'],
  [' \\"<a@one.example>"<b@two.example>', 'two.example one.example'],
  [` ${'a'.repeat(3_000)}@one.example, b@two.example`, 'one.example two.example'],
  [' =?utf-8?q?a=40one=2Eexample?=', 'one.example'],
  [' =?UTF-8?B?YUBvbmUuZXhhbXBsZQ==?=', 'one.example'],
];
for (const [field, wanted] of hidden) {
  test(`no author is hidden in${JSON.stringify(field).slice(0, 60)}`, () =>
    assert.equal(found(field), wanted));
}

for (const [field, wanted] of rows) {
  test(`authors of${field}`, () => assert.equal(found(field), wanted));
}

test('several fields count as one; more than is looked at makes it doubtful', () => {
  assert.equal(found(' a@one.example', ' b@two.example'), 'one.example two.example');
  const many = Array.from({ length: 2_000 }, (_, n) => `a@d${n}.example`).join(', ');
  assert.match(found(many), /\?$/);
  assert.ok(found(many).split(' ').length < 60);
});

test('addresses: what programs read alike is one address, else some address of the domain', () => {
  const addresses = (...fields: readonly string[]): string =>
    shownAuthors(fields.map((field) => Buffer.from(field).toString('latin1')))
      .authors.map(({ address }) => address)
      .join(' ');
  assert.equal(addresses(' Joe <JOE@One.example>'), 'joe@one.example');
  assert.equal(
    addresses(' "joe"@one.example (c), <a.b+c@bücher.example>'),
    'joe@one.example a.b+c@xn--bcher-kva.example',
  );
  assert.equal(addresses(' "joe b"@one.example'), '@one.example');
  assert.equal(addresses(' jörg@one.example'), '@one.example');
  assert.equal(
    addresses(' =?utf-8?q?ceo=40two.example?=@one.example'),
    '@one.example @two.example',
  );
  assert.equal(addresses(' a@one.example@two.example'), '@two.example @one.example');
  assert.equal(
    addresses(' a@one.example, A@one.example', ' b@one.example'),
    'a@one.example b@one.example',
  );
});

test('addresses in display names and comments are no authors, and are told apart', () => {
  const named = (field: string): string => shownAuthors([field]).named.join(' ');
  assert.equal(named(' "ceo@bank.example" <a@one.example>'), 'bank.example');
  assert.equal(named(' =?utf-8?q?ceo=40bank.example?= <a@one.example>'), 'bank.example');
  assert.equal(named(' a@one.example (b@one.example)'), '');
  assert.equal(named(' Joe <a@one.example>'), '');
});

test('a field with hundreds of addresses is read at its beginning, in any disguise', () => {
  for (const one of ['a@b.c,', '@', '\uff20', '=?utf-8?b?QEBAQEBAQEBAQEBA?= ', 'ü@ü.ü,']) {
    const field = Buffer.from(one.repeat(300)).toString('latin1');
    assert.equal(shownAuthors([field]).cut, true, one);
  }
  assert.equal(shownAuthors([' a@b.c,'.repeat(150)]).cut, false);
});

test('an A-label comes of every way to write a name', () => {
  assert.equal(asciiDomain('BÜCHER.example'), 'xn--bcher-kva.example');
  assert.equal(asciiDomain('a b.example'), undefined);
  assert.equal(asciiDomain('ü b.example'), undefined);
  assert.equal(asciiDomain(`${'a'.repeat(64)}.example`), undefined);
  assert.equal(asciiDomain(''), undefined);
});

test('a plain field is read as one that is not plain', () => {
  const signs = [...`ab9.-_ '",@<>+`];
  const part = fc.oneof(fc.constantFrom(...signs), fc.constantFrom('a@b.c', '<a@b.c>', '"a" '));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const field = parts.join('');
      // A comment before it makes no field plain, and is part of no address.
      assert.deepEqual(authorDomains([field]), authorDomains([`(c) ${field}`]));
    }),
    { numRuns: 2_000 },
  );
});

test('no text breaks it, and all it finds are names', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('<', '>', '@', '"', '(', ')', ',', 'a@b.c', '=?x?q?a=40b.c?='),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      for (const domain of authorDomains([parts.join('')]).domains) {
        assert.equal(asciiDomain(domain), domain);
      }
    }),
  );
});

test('time grows with the length of a field, whatever it repeats', () => {
  const filled = (unit: string): string => unit.repeat(Math.floor(16_000 / unit.length));
  const fields = [' ', '\t', '\r\n ', '\\"', '"', '(', '<', '. ', ' .', 'a.', '=?a?q?'].flatMap(
    (unit) => [
      `<${filled(unit)}x@y.test>`,
      `<x@y.test${filled(unit)}z>`,
      `a@b.test"${filled(unit)}`,
    ],
  );
  const began = process.cpuUsage();
  for (const field of fields) authorDomains([field]);
  const { user, system } = process.cpuUsage(began);
  // A twentieth of this is usual; a pattern that looks back took a second for one field.
  assert.ok(user + system < 1_000_000, `${(user + system) / 1_000} ms`);
});

test('whatever stands behind a domain, the author is seen', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', '<', "'", '"'),
      fc.string({ maxLength: 6 }),
      (before, after) => {
        // Characters of a name would make another name.
        fc.pre(!/^[\w.\u0080-\uffff\\-]/.test(after));
        // It is a local part in quotes, or a name before a whole address.
        fc.pre(!(before === '"' && /^[^"]*"\s*@/.test(after)));
        fc.pre(!/<[^<>@]+@[^<>@]+>/.test(after));
        const { domains } = authorDomains([` ${before}ceo@bank.example${after}`]);
        assert.ok(domains.includes('bank.example'), domains.join(' '));
      },
    ),
    { numRuns: 500 },
  );
});
