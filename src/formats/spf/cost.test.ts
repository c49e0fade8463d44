import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate, spf, zone } from '../../../test/doubles/spf-zone.ts';
import { answeredBy, type DnsQuestion } from '../dns/question.ts';
import type { DnsRecord } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { type SpfCost, spfCost } from './cost.ts';
import { parseClientIp } from './network.ts';
import { type AddressRange, permittedAddresses, rangeOf } from './permitted.ts';

const asked: DnsQuestion[] = [];
function cost(records: readonly DnsRecord[]): SpfCost {
  asked.length = 0;
  const answer = zoneAnswers(records);
  return answeredBy(spfCost('Example.org'), (question) => {
    asked.push(question);
    return answer(question);
  });
}

test('a tree: what each record costs with all below it', () => {
  const found = cost(
    zone(
      spf('ip4:192.0.2.0/24 a include:a.org ?include:b.org mx -all redirect=c.org a:never.org'),
      'example.org A 192.0.2.7',
      'example.org AAAA 2001:db8::1',
      'a.org TXT v=spf1 ip4:192.0.2.128/25 -ip4:203.0.113.0/24 exists:gone.a.org redirect=b.org',
      'b.org TXT v=spf1 a:gone.b.org ip6:2001:db8::/126 ptr',
    ),
  );
  assert.deepEqual(
    found.records.map(({ domain, by, depth, lookups, voids, published }) =>
      [domain, by, depth, lookups, voids, published.kind].join(' '),
    ),
    [
      'example.org  0 10 4 record',
      'a.org include:a.org 1 4 2 record',
      'b.org redirect=b.org 2 2 1 record',
      'b.org ?include:b.org 1 2 1 record',
    ],
  );
  assert.deepEqual([found.lookups, found.voids, found.complete], [10, 4, true]);
  assert.deepEqual(found.addresses, { ip4: 256n, ip6: 4n });
  assert.deepEqual(found.problems, []);
  assert.equal(asked.filter(({ name, type }) => name === 'b.org' && type === 'TXT').length, 1);
});

test('hosts without an address of the client are void for its family alone', () => {
  const found = cost(
    zone(
      spf('a:one.org a:two.org mx exists:gone.org a:gone.org -all'),
      'one.org A 192.0.2.1',
      'two.org AAAA 2001:db8::2',
      'example.org MX 1 one.org',
      'example.org MX 2 two.org',
    ),
  );
  // Of an MX, one host without such an address is enough, as in an evaluation.
  assert.deepEqual([found.voidsOf, found.voids], [{ ip4: 4, ip6: 4 }, 2]);
  for (const [ip, voids] of [
    ['203.0.113.9', found.voidsOf.ip4],
    ['2001:db8:f::9', found.voidsOf.ip6],
  ] as const) {
    const records = zone(
      spf('a:one.org a:two.org mx exists:gone.org a:gone.org -all'),
      'one.org A 192.0.2.1',
      'two.org AAAA 2001:db8::2',
      'example.org MX 1 one.org',
      'example.org MX 2 two.org',
    );
    assert.equal(evaluate(records, { ip, voidsMax: 99 }).voids, voids);
  }
});

test('what is permitted, each address once', () => {
  const both = cost(zone(spf('+all'))).addresses;
  assert.deepEqual(both, { ip4: 2n ** 32n, ip6: 2n ** 128n });
  const mx = cost(
    zone(
      spf('mx/30//127 ip4:192.0.2.1 -all'),
      'example.org MX 1 m.org',
      'm.org A 192.0.2.2',
      'm.org AAAA ::2',
    ),
  );
  assert.deepEqual(mx.addresses, { ip4: 4n, ip6: 2n });
  assert.deepEqual(cost(zone(spf('?all'))).addresses, { ip4: 0n, ip6: 0n });
});

test('what is wrong, and what nobody can know', () => {
  const found = cost(
    zone(
      spf(
        'include:a.org include:gone.org include:mute.org a:mute.org exists:%{i}.x.org mx ' +
          'a:x..org redirect=%{d2}',
      ),
      'a.org TXT v=spf1 include:example.org include:bad.%{d}',
      'bad.a.org TXT v=spf1 moo',
      'mute.org TXT TIMEOUT',
      ...Array.from({ length: 11 }, (_, n) => `example.org MX ${n} m.org`),
    ),
  );
  assert.deepEqual(
    found.problems.map(({ kind, domain, term, why }) => [kind, domain, term, why].join(' | ')),
    [
      'error | a.org | include:example.org | example.org includes itself',
      'error | a.org | include:bad.%{d} | bad.a.org: moo: there is no mechanism moo',
      'error | example.org | include:gone.org | gone.org has no TXT record',
      'unknown | example.org | include:mute.org | TXT mute.org: no server answers for mute.org',
      'unknown | example.org | a:mute.org | no server answers for mute.org',
      'unknown | example.org | exists:%{i}.x.org | the name depends on the client',
      'error | example.org | mx | example.org has 11 MX records; 10 are allowed',
      'error | example.org | a:x..org | x..org is not a valid DNS name',
      'error | example.org | redirect=%{d2} | example.org includes itself',
    ],
  );
});

test('trees that are wide and deep end, and are known to be more than was counted', () => {
  const wide = Array.from({ length: 50 }, (_, n) => `include:i${n}.org`).join(' ');
  const records = zone(
    spf(wide),
    ...Array.from({ length: 50 }, (_, n) => `i${n}.org TXT v=spf1 ${wide}`),
  );
  const found = cost(records);
  assert.deepEqual([found.complete, found.lookups], [false, 100]);
  const networks = Array.from({ length: 3700 }, (_, n) => `ip4:10.0.${n >> 8}.${n & 255}`).join(
    ' ',
  );
  const big = cost(zone(spf(`${'include:a.org '.repeat(9)}-all`), `a.org TXT v=spf1 ${networks}`));
  assert.deepEqual([big.complete, big.addresses.ip4], [false, 3700n]);
});

test('ranges: every address of small networks, counted by hand', () => {
  const network = fc.tuple(fc.nat(255), fc.integer({ min: 24, max: 32 }));
  fc.assert(
    fc.property(fc.array(network, { maxLength: 12 }), (networks) => {
      const ranges: AddressRange[] = [];
      const seen = new Set<number>();
      for (const [last, bits] of networks) {
        const address = parseClientIp(`192.0.2.${last}`);
        assert.ok(address !== undefined);
        ranges.push(rangeOf(address, bits));
        const size = 2 ** (32 - bits);
        const first = last - (last % size);
        for (let at = first; at < first + size; at++) seen.add(at);
      }
      assert.deepEqual(permittedAddresses(ranges), { ip4: BigInt(seen.size), ip6: 0n });
    }),
  );
});

test('no evaluation costs more than the walk says', () => {
  const word = fc.constantFrom(
    'a',
    'mx',
    'ptr',
    'a:b.org',
    'mx:c.org',
    'include:b.org',
    'include:c.org',
    'exists:gone.org',
    'redirect=c.org',
    '-all',
    '?ip4:192.0.2.0/24',
  );
  const record = fc.array(word, { maxLength: 4 }).map((words) => [...new Set(words)].join(' '));
  fc.assert(
    fc.property(record, record, record, (own, b, c) => {
      const records = zone(
        spf(own),
        `b.org TXT v=spf1 ${b}`,
        `c.org TXT v=spf1 ${c}`,
        'b.org MX 1 b.org',
        'c.org A 192.0.2.1',
      );
      const most = cost(records);
      const found = evaluate(records, { ip: '203.0.113.9', voidsMax: 99 });
      // A circle goes on for an evaluation until ten lookups are spent.
      const ends = most.problems.every(({ kind }) => kind !== 'error');
      if (ends && most.lookups <= 10) assert.equal(found.lookups, most.lookups);
      else
        assert.ok(
          most.lookups > 10 || found.result === 'permerror' || found.lookups <= most.lookups,
        );
    }),
  );
});
