import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicSuffix, organisationOf, siteOf } from './public-suffix.ts';

const rows = [
  ['com', true],
  ['co.uk', true],
  ['example.co.uk', false],
  ['example.com', false],
  ['github.io', false],
  ['xn--p1ai', true],
  ['no-such-suffix', false],
  ['', false],
] as const;
for (const [domain, wanted] of rows) {
  test(`a public suffix: ${domain} ${wanted}`, () => assert.equal(isPublicSuffix(domain), wanted));
}

test('which domain an organisation registered', () => {
  assert.equal(organisationOf('a.b.example.co.uk'), 'example.co.uk');
  assert.equal(organisationOf('example.org'), 'example.org');
  assert.equal(organisationOf('_dmarc.example.org'), 'example.org');
  for (const nobody of ['co.uk', 'org', 'localhost', '192.0.2.1']) {
    assert.equal(organisationOf(nobody), undefined);
  }
});

test('whose site a host is', () => {
  const rows = [
    ['www.shop.example.co.uk', 'example.co.uk'],
    ['thief.github.io', 'thief.github.io'],
    ['a.thief.github.io', 'thief.github.io'],
    ['github.io', 'github.io'],
    ['192.0.2.1', '192.0.2.1'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['localhost', 'localhost'],
    ['m\u00fcller.example', 'm\u00fcller.example'],
    ['x'.repeat(253), 'x'.repeat(253)],
  ] as const;
  for (const [host, site] of rows) assert.equal(siteOf(host), site);
});
