import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnDomain } from './own-domains.ts';

test('a name matches itself, a name with a dot before it all names below', () => {
  const domains = new Set(['here.example', '.wide.example']);
  const own = (domain: string): boolean => isOwnDomain(domains, domain);
  for (const domain of ['here.example', 'a.wide.example', 'b.a.wide.example']) {
    assert.ok(own(domain), domain);
  }
  for (const domain of ['', 'a.here.example', 'wide.example', 'awide.example', 'example']) {
    assert.ok(!own(domain), domain);
  }
});
