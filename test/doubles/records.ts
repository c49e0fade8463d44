/** Any record that can be, for properties of what reads and prints them. */
import fc from 'fast-check';
import { addressOf } from '../../src/formats/dns/address-octets.ts';
import { nameOf } from '../../src/formats/dns/name.ts';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';

const octet = fc.integer({ min: 0, max: 255 });
const octets = (lengths: { readonly minLength: number; readonly maxLength: number }) =>
  fc.array(octet, lengths).map((codes) => String.fromCharCode(...codes));
const plainLabel = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
/** Names that hosts have, and what SPF, DKIM and DMARC put before them. */
const plainName: fc.Arbitrary<string> = fc
  .array(plainLabel, { minLength: 1, maxLength: 4 })
  .map(nameOf);
/** Any octets at all, dots and backslashes inside labels too. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: plainName },
  {
    weight: 1,
    arbitrary: fc
      .array(octets({ minLength: 1, maxLength: 30 }), { minLength: 0, maxLength: 4 })
      .map(nameOf),
  },
);

const ipv4 = fc
  .array(octet, { minLength: 4, maxLength: 4 })
  .map((numbers) => addressOf(numbers) ?? '');
const ipv6 = fc
  .array(fc.oneof(octet, fc.constant(0)), { minLength: 16, maxLength: 16 })
  .map((numbers) => addressOf(numbers) ?? '');
const word = fc.integer({ min: 0, max: 65_535 });
const long = fc.integer({ min: 0, max: 0xffff_ffff });
/** RFC 2181 section 8. */
const seconds = fc.integer({ min: 0, max: 0x7fff_ffff });
/** Any octets, and the characters that either syntax gives a meaning. */
const txtString: fc.Arbitrary<string> = fc.oneof(
  octets({ minLength: 0, maxLength: 255 }),
  fc.stringMatching(/^[ "\\;:()@$.\t\n0-9a-z]{0,40}$/),
);

function anyData(name: fc.Arbitrary<string>): fc.Arbitrary<DnsData> {
  return fc.oneof(
    fc.record({ type: fc.constant('A' as const), address: ipv4 }),
    fc.record({ type: fc.constant('AAAA' as const), address: ipv6 }),
    fc.record({ type: fc.constantFrom('CNAME' as const, 'DNAME', 'NS', 'PTR'), target: name }),
    fc.record({ type: fc.constant('MX' as const), preference: word, exchange: name }),
    fc.record({
      type: fc.constant('TXT' as const),
      strings: fc.array(txtString, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({
      type: fc.constant('SOA' as const),
      primary: name,
      mailbox: name,
      serial: long,
      refresh: seconds,
      retry: seconds,
      expire: seconds,
      minimum: seconds,
    }),
    fc.record({
      type: fc.constant('TLSA' as const),
      usage: octet,
      selector: octet,
      matching: octet,
      association: fc.stringMatching(/^(?:[0-9a-f]{2}){1,70}$/),
    }),
  );
}

export function anyRecord(name: fc.Arbitrary<string>): fc.Arbitrary<DnsRecord> {
  return fc
    .record({ data: anyData(name), name, ttlSeconds: seconds })
    .map(({ data, ...rest }) => ({ ...data, ...rest }));
}
