import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicSuffix } from './public-suffix.ts';

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
