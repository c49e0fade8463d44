/** Client networks: what is one network, what is new, what is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { monday } from '../../../test/doubles/server.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { newProfile } from '../account/profile.ts';
import {
  forgetNetworks,
  longDays,
  networkOf,
  networkStanding,
  networksAtOnce,
  noteNetwork,
  type SeenNetwork,
} from './network.ts';

const forms = [
  ['an IPv4 address', '192.0.2.77', '192.0.2.0/24'],
  ['another one of the same network', '192.0.2.1', '192.0.2.0/24'],
  ['IPv4 mapped into IPv6', '::ffff:192.0.2.77', '192.0.2.0/24'],
  ['the same in capitals', '::FFFF:192.0.2.77', '192.0.2.0/24'],
  ['an IPv6 address', '2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['a short one', '2001:db8:1::9', '2001:db8:1::/48'],
  ['zeros before the digits', '2001:0db8:0001::9', '2001:db8:1::/48'],
  ['capitals', '2001:DB8:1::9', '2001:db8:1::/48'],
  ['as Sendmail writes it', 'IPv6:2001:db8:1::9', '2001:db8:1::/48'],
  ['zeros within', '2001:db8::1', '2001:db8:0::/48'],
  ['the same, spelled out', '2001:db8:0:0:0:0:0:1', '2001:db8:0::/48'],
  ['the host itself', '::1', '0:0:0::/48'],
  ['a name', 'mail.example.org', ''],
  ['nothing', '', ''],
  ['unknown', 'unknown', ''],
  ['an address with a port', '192.0.2.1:25', ''],
  ['half an address', '192.0.2', ''],
] as const;
for (const [what, client, network] of forms) {
  test(`the network of ${what}`, () => assert.equal(networkOf(client), network));
}

test('any text has a network or none, and never throws', () => {
  const parts = fc.constantFrom(
    ':',
    '::',
    '.',
    'ffff',
    '0',
    '1.2.3.4',
    '%eth0',
    'IPv6:',
    'é',
    '255',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(parts, { maxLength: 20 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (client) => {
      const network = networkOf(client);
      assert.ok(network === '' || /^[0-9a-f.:]+\/(?:24|48)$/.test(network), network);
      assert.ok(network.length <= 64);
    }),
    { numRuns: 2_000 },
  );
});

test('two addresses of one /48 have one network, however they are written', () => {
  fc.assert(
    fc.property(fc.ipV6(), (client) => {
      const network = networkOf(client);
      // a dotted tail is no form that mail servers pass on, except mapped
      if (client.includes('.')) return;
      assert.notEqual(network, '');
      assert.equal(networkOf(client.toUpperCase()), network);
    }),
  );
});

const at = (ms: number): Millis => (monday + ms) as Millis;

test('a network is known a day after it was first seen', () => {
  const profile = newProfile(monday);
  assert.equal(networkStanding(profile, 'a', monday), 'no-history');
  noteNetwork(profile, 'a', monday);
  const standing = (network: string, ms: number) => networkStanding(profile, network, at(ms));
  assert.equal(standing('a', hourMs), 'no-history');
  assert.equal(standing('a', dayMs), 'known');
  assert.equal(standing('b', dayMs), 'new');
  noteNetwork(profile, 'b', at(dayMs));
  assert.equal(standing('b', dayMs + hourMs), 'new');
  assert.equal(standing('b', 2 * dayMs), 'known');
});

test('networks at once are those of the last hour', () => {
  const profile = newProfile(monday);
  for (const [i, network] of ['a', 'b', 'c'].entries())
    noteNetwork(profile, network, at(i * 20 * minuteMs));
  const atOnce = (network: string, ms: number) =>
    networksAtOnce(profile, network, at(ms), () => false);
  assert.equal(atOnce('d', 45 * minuteMs), 4);
  assert.equal(atOnce('a', 45 * minuteMs), 3);
  assert.equal(atOnce('d', 75 * minuteMs), 3);
  assert.equal(atOnce('d', dayMs), 1);
});

test('a network of an earlier version is the account’s own after an upgrade as before', () => {
  const old: SeenNetwork = { network: '192.0.2.0/24', first: 0, last: 0 };
  const profile = { networks: [old] };
  noteNetwork(profile, old.network, (40 * dayMs) as Millis);
  assert.equal(profile.networks[0]?.days, longDays + 1);
});

test('a botnet does not fill the memory', () => {
  const profile = newProfile(monday);
  for (let i = 0; i < 5_000; i++) noteNetwork(profile, `net${i}`, at(i * 1_000));
  assert.ok(profile.networks.length <= 32);
  assert.ok(profile.networks.some(({ network }) => network === 'net4999'));
});

test('after a hijack the networks since then are forgotten', () => {
  const profile = newProfile(monday);
  noteNetwork(profile, 'home', monday);
  noteNetwork(profile, 'thief', at(dayMs));
  noteNetwork(profile, 'home', at(2 * dayMs));
  forgetNetworks(profile, at(dayMs));
  assert.deepEqual(
    profile.networks.map(({ network }) => network),
    ['home'],
  );
});

test('a login before the mail of a day hides no day of the network', () => {
  const profile = newProfile(monday);
  for (let day = 0; day < 4; day++) {
    const at = (monday + day * dayMs) as Millis;
    noteNetwork(profile, '192.0.2.0/24', at, { teaches: false });
    for (const later of [1, 2]) {
      noteNetwork(profile, '192.0.2.0/24', (at + later * hourMs) as Millis);
      noteNetwork(profile, '192.0.2.0/24', (at + later * hourMs) as Millis, { teaches: false });
    }
  }
  assert.deepEqual(
    profile.networks.map(({ days }) => days),
    [4],
  );
});
