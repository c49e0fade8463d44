import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAmong, isListed, parseNetwork, parseNetworkRule } from './network-list.ts';

const networks = ['192.0.2.0/24', '2001:db8::/33', '127.0.0.1'].flatMap(
  (text) => parseNetwork(text) ?? [],
);

const rows = [
  ['192.0.2.77', true],
  ['192.0.3.77', false],
  ['127.0.0.1', true],
  ['127.0.0.2', false],
  ['2001:db8::1', true],
  ['2001:db8:8000::1', false],
  ['::ffff:192.0.2.1', true],
  ['', false],
  ['localhost', false],
] as const;
for (const [client, wanted] of rows) {
  test(`a client of a list: ${client} ${wanted}`, () =>
    assert.equal(isAmong(client, networks), wanted));
}

test('what is no network', () => {
  for (const text of ['', '/8', '10.0.0.0/33', '10.0/8', '::/129', 'lan', '10.0.0.0/x', '1/2/3']) {
    assert.equal(parseNetwork(text), undefined, text);
  }
});

test('an IPv6 network in brackets, as Postfix writes it; nothing else in them', () => {
  assert.deepEqual(parseNetwork('[2001:db8::]/33'), parseNetwork('2001:db8::/33'));
  for (const text of ['[192.0.2.1]', '[::1/128]', '[::1', '::1]', '[]']) {
    assert.equal(parseNetwork(text), undefined, text);
  }
});

test('of rules, the first that fits decides', () => {
  const rules = ['!10.0.0.5', '10.0.0.0/8', '!10.9.0.0/16', '[::1]/128', '!0.0.0.0/0'].flatMap(
    (text) => parseNetworkRule(text) ?? [],
  );
  assert.equal(rules.length, 5);
  const listed = (client: string): boolean => isListed(client, rules);
  for (const client of ['10.0.0.4', '10.9.0.1', '::1', '::ffff:10.0.0.1']) {
    assert.ok(listed(client), client);
  }
  for (const client of ['10.0.0.5', '192.0.2.1', '::2', '', 'unknown']) {
    assert.ok(!listed(client), client);
  }
  for (const text of ['', '!', '!lan', '!!10.0.0.1']) {
    assert.equal(parseNetworkRule(text), undefined, text);
  }
});
