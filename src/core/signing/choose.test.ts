import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Choice, chooseKeys, type SigningRules } from './choose.ts';

/** The keys of a domain: here their names alone. */
const held: Readonly<Record<string, readonly string[]>> = {
  'a.example': ['a-rsa', 'a-ed'],
  'b.example': ['b-rsa'],
  'deep.b.example': ['deep'],
  'server.example': ['own'],
};
const keysOf = (domain: string): readonly string[] => held[domain] ?? [];
const rules: SigningRules = {
  domains: new Map([
    ['customer.test', 'a.example'],
    ['*.shops.test', 'b.example'],
    ['*.old.shops.test', 'a.example'],
    ['quiet.example', 'off'],
    ['quiet.b.example', 'off'],
    ['*.quiet.a.example', 'off'],
    ['lost.test', 'no-keys.example'],
    ['sub.a.example', 'b.example'],
  ]),
  identity: '',
};
const withIdentity: SigningRules = { ...rules, identity: 'server.example' };

const short = (choice: Choice<string>): string =>
  choice.kind === 'sign'
    ? `${choice.domain} by ${choice.by} for ${choice.author}: ${choice.keys.join(' ')}`
    : `unsigned ${choice.author}: ${choice.why}`;

const cases = [
  ['its own keys, all of them', ['a.example'], 'a.example by author for a.example: a-rsa a-ed'],
  ['a parent', ['x.y.a.example'], 'a.example by parent for x.y.a.example: a-rsa a-ed'],
  [
    'the nearest parent',
    ['x.deep.b.example'],
    'deep.b.example by parent for x.deep.b.example: deep',
  ],
  ['the table', ['customer.test'], 'a.example by table for customer.test: a-rsa a-ed'],
  ['the table, for all below', ['x.shops.test'], 'b.example by table for x.shops.test: b-rsa'],
  [
    'the nearest of the table',
    ['x.old.shops.test'],
    'a.example by table for x.old.shops.test: a-rsa a-ed',
  ],
  ['a star is not the domain itself', ['shops.test'], 'unsigned shops.test: no-key'],
  ['the table before a parent', ['sub.a.example'], 'b.example by table for sub.a.example: b-rsa'],
  ['the second author', ['x.test', 'b.example'], 'b.example by author for b.example: b-rsa'],
  [
    'the first of two authors',
    ['a.example', 'b.example'],
    'a.example by author for a.example: a-rsa a-ed',
  ],
  ['off', ['quiet.b.example'], 'unsigned quiet.b.example: off'],
  ['off for all below', ['x.quiet.a.example'], 'unsigned x.quiet.a.example: off'],
  [
    'off for one author only',
    ['quiet.example', 'a.example'],
    'a.example by author for a.example: a-rsa a-ed',
  ],
  ['the table leads to no key', ['lost.test'], 'unsigned lost.test: no-key'],
  ['nobody', [], 'unsigned : no-from'],
  ['a stranger', ['x.test'], 'unsigned x.test: no-key'],
] as const;
for (const [name, authors, want] of cases) {
  test(`signed by: ${name}`, () => assert.equal(short(chooseKeys(authors, rules, keysOf)), want));
}

test('the server signs what nobody else signs, but not against the operator', () => {
  const choose = (...authors: readonly string[]): string =>
    short(chooseKeys(authors, withIdentity, keysOf));
  assert.equal(choose('x.test'), 'server.example by identity for x.test: own');
  assert.equal(choose(), 'server.example by identity for : own');
  assert.equal(choose('quiet.example'), 'unsigned quiet.example: off');
  assert.equal(choose('x.test', 'b.example'), 'b.example by author for b.example: b-rsa');
});

test('whoever signs has keys; without table and identity it is an author or above one', () => {
  const label = fc.constantFrom('a', 'b', 'deep', 'x', 'example', 'test', 'shops');
  const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(fc.array(domain, { maxLength: 4 }), (authors) => {
      const choice = chooseKeys(authors, { domains: new Map(), identity: '' }, keysOf);
      if (choice.kind === 'unsigned') return;
      assert.ok(choice.keys.length > 0);
      const above = authors.some(
        (one) => one === choice.domain || one.endsWith(`.${choice.domain}`),
      );
      assert.ok(above && authors.includes(choice.author));
    }),
  );
});
