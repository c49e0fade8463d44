import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressOf, ipv4Octets, ipv6Octets, ipv6Text } from './address-octets.ts';

/** What the URL standard takes for an IPv6 address, in its shortest form. */
function ofUrl(text: string): string | undefined {
  if (!/^[\da-f:.]*$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

test('IPv6 addresses, and what only looks like one, as URLs have them', () => {
  const group = fc.constantFrom(
    '0',
    '0',
    '1',
    'fe80',
    'ABCD',
    '0000',
    '00001',
    '',
    '1.2.3.4',
    '1.2.3',
  );
  const separator = fc.constantFrom(':', ':', ':', '::', '.', ':::');
  const text = fc
    .array(fc.tuple(group, separator), { maxLength: 9 })
    .map((parts) => parts.flat().join('').slice(0, -1));
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV6(), text, fc.string({ unit: fc.constantFrom(...':0f1.') })),
      (one) => {
        assert.equal(ipv6Text(one), ofUrl(one));
      },
    ),
    { numRuns: 3000 },
  );
});

test('octets and their text are the same address', () => {
  const octets = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(octets, (sixteen) => {
      assert.deepEqual(ipv6Octets(addressOf(sixteen) ?? ''), sixteen);
      const four = sixteen.slice(0, 4);
      assert.deepEqual(ipv4Octets(addressOf(four) ?? ''), four);
    }),
  );
  assert.equal(addressOf([1, 2, 3]), undefined);
});

test('the shortest form', () => {
  assert.equal(ipv6Text('2001:DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1');
  assert.equal(ipv6Text('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1');
  assert.equal(ipv6Text('0:0:0:0:0:0:0:0'), '::');
  assert.equal(ipv6Text('::ffff:192.0.2.1'), '::ffff:c000:201');
  assert.equal(ipv6Text('1:2:3:4:5:6:7::'), '1:2:3:4:5:6:7:0');
});
