/** Which addresses are ours, and when Postern says that it does not know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownAddresses } from './subjects.ts';

const free = { bound: [], free: [4, 6], relayHost: '' } as const;

test('public addresses of the interfaces, without Postfix or where it binds to none', () => {
  assert.deepEqual(ownAddresses(undefined, ['198.51.100.7']).addresses, ['198.51.100.7']);
  assert.deepEqual(ownAddresses(free, ['198.51.100.7']).addresses, ['198.51.100.7']);
});

test('where Postfix binds to an address, others of that family send nothing', () => {
  const bound = { bound: ['198.51.100.8'], free: [6], relayHost: '' } as const;
  const found = ownAddresses(bound, ['198.51.100.7', '2001:db8::1']);
  assert.deepEqual(found.addresses, ['198.51.100.8', '2001:db8::1']);
});

test('a public source that the mail log named counts too', () => {
  const found = ownAddresses(free, [], ['198.51.100.9', '10.0.0.9']);
  assert.deepEqual(found, { addresses: ['198.51.100.9'], unfound: '' });
});

test('behind NAT and behind a relay no address is known, with the reason', () => {
  assert.match(ownAddresses(free, []).unfound, /no public address.*NAT/);
  const bound = { bound: ['10.0.0.8'], free: [], relayHost: '' } as const;
  assert.match(ownAddresses(bound, []).unfound, /Postfix sends from 10\.0\.0\.8.*NAT/);
  const relayed = { bound: [], free: [], relayHost: '[relay.test]' } as const;
  assert.match(ownAddresses(relayed, ['198.51.100.7']).unfound, /relay \[relay\.test\]/);
});
