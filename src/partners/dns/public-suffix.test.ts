import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicSuffix, organisationOf } from './public-suffix.ts';

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
