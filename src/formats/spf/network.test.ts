import assert from 'node:assert/strict';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  arpaWord,
  dottedParts,
  type IpAddress,
  inNetwork,
  parseClientIp,
  parseIpv4,
  parseIpv6,
  reverseName,
} from './network.ts';

const ip = (text: string): IpAddress => {
  const read = parseClientIp(text);
  assert.ok(read !== undefined, text);
  return read;
};

test('addresses and other text', () => {
  assert.equal(ip('192.0.2.1').text, '192.0.2.1');
  assert.equal(ip('2001:DB8:0:0:0::1').text, '2001:db8::1');
  assert.equal(ip('::FFFF:192.0.2.1').text, '192.0.2.1', 'an IPv4 address in an IPv6 one');
  assert.equal(parseIpv6('::FFFF:192.0.2.1')?.text, '::ffff:c000:201', 'unless a record says so');
  for (const text of [
    '',
    'x',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
  ]) {
    assert.equal(parseClientIp(text), undefined, text);
  }
});

test('names of the reverse zone', () => {
  assert.equal(reverseName(ip('192.0.2.1')), '1.2.0.192.in-addr.arpa');
  assert.equal(
    reverseName(ip('2001:db8::567:89ab')),
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  );
  assert.equal(arpaWord(ip('::1')), 'ip6');
  assert.equal(dottedParts(ip('192.0.2.1')).join('.'), '192.0.2.1');
});

const address = fc.oneof(fc.ipV4(), fc.ipV6());

test('the same addresses as Node takes, in networks as Node sees them', () => {
  fc.assert(
    fc.property(address, address, fc.nat(128), (one, other, length) => {
      const [client, network] = [
        parseIpv4(one) ?? parseIpv6(one),
        parseIpv4(other) ?? parseIpv6(other),
      ];
      assert.ok(client !== undefined && network !== undefined);
      assert.ok(isIPv4(client.text) || isIPv6(client.text));
      const family = isIPv4(other) ? 'ipv4' : 'ipv6';
      const bits = Math.min(length, family === 'ipv4' ? 32 : 128);
      const list = new BlockList();
      list.addSubnet(other, bits, family);
      const same = client.octets.length === network.octets.length;
      assert.equal(inNetwork(client, network, bits), same && list.check(one, family));
    }),
  );
});

test('neighbours: the bit that decides', () => {
  for (const bits of [0, 1, 7, 8, 9, 23, 24, 31, 32]) {
    const flipped = (bit: number): IpAddress => {
      const octets = [192, 0, 2, 1];
      octets[bit >> 3] = (octets[bit >> 3] ?? 0) ^ (128 >> (bit & 7));
      return { octets, text: octets.join('.') };
    };
    const network = ip('192.0.2.1');
    if (bits > 0) assert.equal(inNetwork(flipped(bits - 1), network, bits), false, `${bits}`);
    if (bits < 32) assert.equal(inNetwork(flipped(bits), network, bits), true, `${bits}`);
  }
});
