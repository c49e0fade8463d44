/**
 * Random small zones of example.org with aliases, wildcards, DNAMEs, and texts that are nearly
 * records, in the way of what mail needs. Each can be loaded by a name server.
 */
import fc from 'fast-check';
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import { a, cname, mx, txt } from './identity.ts';

export type OddZone = {
  /** Records of example.org, without SOA and NS, and of the zones of others. */
  readonly records: readonly DnsRecord[];
  readonly domain: string;
  readonly sends: boolean;
};

const top = 'example.org';
const hosts = ['mail', 'www', 'shop', 'www.shop', 'mta-sts', 'policy'];
const stars = ['*', '*.shop', '*._domainkey'];
const services = ['_dmarc', '_mta-sts', '_smtp._tls', 's1._domainkey', '_dmarc.shop'];
const targets = [top, `policy.${top}`, `www.${top}`, 'x.vendor.example', 'gone.vendor.example'];

const texts = [
  'v=spf1 mx ~all',
  'v=spf1 ip4:192.0.2.25 -all',
  'v=spf1; mx ~all',
  '"v=spf1 mx ~all"',
  'v=spf1,nonsense',
  'v=DMARC1; p=none',
  'v=DMARC1; p=reject; sp=bogus',
  'v=DMARC1 p=reject',
  'v=DMARC1\\; p=quarantine',
  'v=DKIM1; p=',
  'v=DKIM1; k=ed25519; p=AAAA',
  'v=STSv1; id=1',
  '"v=STSv1; id=1"',
  'v=TLSRPTv1; rua=mailto:t@example.org',
  'v=tlsrptv1; rua=mailto:t@example.org',
  'some-site-verification=abc',
  't=y; o=~',
];

const dname = (name: string): DnsRecord => ({
  name,
  type: 'DNAME',
  target: 'moved.example',
  ttlSeconds: 300,
});
const named = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...names.map((one) => `${one}.${top}`));
const place = fc.oneof(named(hosts), named(stars), named(services));
const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...targets)).map(([name, target]) => cname(name, target)),
  fc
    .tuple(fc.oneof(place, fc.constant(top)), fc.constantFrom(...texts))
    .map(([name, text]) => txt(name, text)),
  fc.oneof(named(hosts), named(stars), fc.constant(top)).map((name) => a(name, '192.0.2.80')),
  fc.oneof(named(hosts), named(stars), fc.constant(top)).map((name) => a(name, '192.0.2.25')),
  fc.oneof(named(hosts), named(stars), fc.constant(top)).map((name) => mx(name, `mail.${top}`)),
  fc.constantFrom('_domainkey', '_tls', 'shop').map((name) => dname(`${name}.${top}`)),
);

/** Records of others, which no plan changes. */
const others: readonly DnsRecord[] = [
  txt('x.vendor.example', 'v=DMARC1; p=none; rua=mailto:d@example.org'),
  txt('s1._domainkey.moved.example', 'v=DKIM1; k=ed25519; p=BBBB'),
];

/** Leaves out what cannot stand beside the records before it. */
function loadable(records: readonly DnsRecord[]): readonly DnsRecord[] {
  const kept: DnsRecord[] = [];
  for (const one of records) {
    const clashes = kept.some(
      (other) =>
        (other.name === one.name &&
          (other.type === 'CNAME' || one.type === 'CNAME' || other.type === 'DNAME')) ||
        (other.type === 'DNAME' && one.name.endsWith(`.${other.name}`)) ||
        (one.type === 'DNAME' && other.name.endsWith(`.${one.name}`)),
    );
    const isThere = kept.some((other) => JSON.stringify(other) === JSON.stringify(one));
    if (!clashes && !isThere) kept.push(one);
  }
  return kept;
}

export const oddZone: fc.Arbitrary<OddZone> = fc.record({
  records: fc.array(record, { maxLength: 12 }).map((records) => [...loadable(records), ...others]),
  domain: fc.constantFrom(top, `shop.${top}`),
  sends: fc.boolean(),
});
