/** Which clients are hosts of the server itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnByDefault, ownHosts } from './own-hosts.ts';

const rows = [
  ['127.0.0.1', true],
  ['::1', true],
  ['10.0.0.80', true],
  ['172.31.9.9', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['fd00::5', true],
  ['fe80::1', true],
  ['203.0.113.80', false],
  ['2001:db8::1', false],
  ['100.64.1.1', false],
  ['', false],
  ['unknown', false],
] as const;
for (const [client, own] of rows) {
  test(`an own host without a word, ${own ? 'yes' : 'no'}: ${client}`, () =>
    assert.equal(isOwnByDefault(client), own));
}

test('what the operator names is decided first', () => {
  const isOwn = ownHosts(['203.0.113.80', '2001:db8:1::/48', '!10.9.0.0/16']);
  const clients = ['203.0.113.80', '203.0.113.81', '2001:db8:1::9', '10.9.0.1', '10.8.0.1'];
  assert.deepEqual(clients.map(isOwn), [true, false, true, false, true]);
});
