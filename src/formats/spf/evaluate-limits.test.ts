import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asked, evaluate, spf, zone } from '../../../test/doubles/spf-zone.ts';
import { timed } from '../../../test/processor-time.ts';
import type { DnsRecord } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { hostsMax, lookupsMax } from './check.ts';
import { spfResults } from './evaluate.ts';

/** The first question, ten terms with ten hosts each, the client's names once, an explanation. */
const questionsMax = 1 + lookupsMax * (1 + hostsMax) + (1 + hostsMax) + 1;

/** They take 10 ms; a machine that is busy with other things gets its time. */
const bombMsMax = 2000;

test('bombs: circles, trees that are wide and deep, huge answers', () => {
  const wide = Array.from({ length: 200 }, (_, n) => `include:i${n}.example.org`).join(' ');
  const tree: DnsRecord[] = [];
  for (let n = 0; n < 200; n++) tree.push(...zone(`i${n}.example.org TXT v=spf1 ${wide}`));
  const manyMx = Array.from({ length: 5000 }, (_, n) => `example.org MX ${n} m${n}.example.org`);
  const bombs: readonly (readonly [string, readonly DnsRecord[], string])[] = [
    ['a circle of one', zone(spf('include:example.org')), 'permerror'],
    [
      'a circle of two',
      zone(spf('include:x.org'), 'x.org TXT v=spf1 include:example.org'),
      'permerror',
    ],
    [
      'a circle of redirects',
      zone(spf('redirect=x.org'), 'x.org TXT v=spf1 redirect=example.org'),
      'permerror',
    ],
    ['a wide and deep tree', [...zone(spf(wide)), ...tree], 'permerror'],
    ['5000 MX hosts', zone(spf('mx -all'), ...manyMx), 'permerror'],
    ['64 KB of networks', zone(spf(`${'ip4:198.51.100.1 '.repeat(3800)}-all`)), 'fail'],
    ['64 KB of spaces', zone(spf(`${' '.repeat(65_000)}-all`)), 'fail'],
    ['64 KB of macros', zone(spf(`exists:${'%{s}'.repeat(16_000)} -all`)), 'fail'],
    ['64 KB of nonsense in one name', zone(spf(`a:${'x'.repeat(65_000)} -all`)), 'permerror'],
    ['64 KB in one name', zone(spf(`a:${'a.'.repeat(32_000)}org -all`)), 'fail'],
    [
      '9000 TXT records',
      zone(...Array.from({ length: 9000 }, (_, n) => `example.org TXT v=spf2 ${n}`), spf('-all')),
      'fail',
    ],
    ['9000 SPF records', zone(...Array.from({ length: 9000 }, () => spf('-all'))), 'permerror'],
    [
      '9000 names of the client',
      zone(
        spf('ptr -all'),
        ...Array.from({ length: 9000 }, (_, n) => `1.2.0.192.in-addr.arpa PTR n${n}.org`),
      ),
      'fail',
    ],
  ];
  for (const [name, records, want] of bombs) {
    const answer = zoneAnswers(records);
    const { value: found, ms: took } = timed(() => evaluate([], {}, answer));
    assert.equal(found.result, want, name);
    assert.ok(asked.length <= questionsMax, `${name}: ${asked.length} questions`);
    assert.ok(took < bombMsMax, `${name}: ${took} ms`);
    assert.ok(found.terms.length <= 1000 && found.why.length < 1000, name);
    assert.ok(
      found.terms.every(({ term, why }) => term.length + why.length < 1500),
      name,
    );
  }
});

const names = ['example.org', 'a.org', 'b.org', 'c.org', 'gone.org', '%{l}.org', '%{p}', 'x..org'];
const anyTerm = fc
  .tuple(
    fc.constantFrom('', '-', '~', '?'),
    fc.constantFrom(
      'a',
      'mx',
      'ptr',
      'include',
      'exists',
      'all',
      'ip4:192.0.2.0/24',
      'ip6:2001:db8::/32',
      'redirect',
      'exp',
      'moo',
    ),
    fc.constantFrom('', ...names),
    fc.constantFrom('', '', '/24', '//64'),
  )
  .map(([sign, word, name, bits]) => {
    if (word === 'redirect' || word === 'exp') return `${word}=${name}`;
    return sign + word + (name === '' || word.includes(':') ? '' : `:${name}`) + bits;
  });
const host = fc.constantFrom(
  'example.org',
  'a.org',
  'b.org',
  'c.org',
  'joe.org',
  '1.2.0.192.in-addr.arpa',
);
const anyLine = fc.oneof(
  fc
    .tuple(host, fc.array(anyTerm, { maxLength: 6 }))
    .map(([name, terms]) => `${name} TXT v=spf1 ${terms.join(' ')}`),
  fc
    .tuple(
      host,
      fc.constantFrom(
        'A 192.0.2.1',
        'A 192.0.2.200',
        'AAAA 2001:db8::1',
        'TXT TIMEOUT',
        'TXT %{d} says no',
      ),
    )
    .map((parts) => parts.join(' ')),
  fc.tuple(host, fc.constantFrom('MX 1', 'PTR', 'CNAME'), host).map((parts) => parts.join(' ')),
);

test('whatever the zone says: one of seven results, few questions, costs that add up', () => {
  const question = fc.record({
    ip: fc.constantFrom('192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', 'x'),
    sender: fc.oneof(fc.constantFrom('joe@example.org', '', 'joe@a.org'), fc.string()),
    helo: fc.oneof(fc.constantFrom('b.org', 'c.org'), fc.string()),
  });
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 12 }), question, (lines, asks) => {
      const found = evaluate(zone(...lines), asks);
      assert.ok(spfResults.includes(found.result));
      assert.ok(asked.length <= questionsMax);
      assert.ok(found.lookups <= 10 && found.voids <= 3);
      assert.equal(
        found.terms.reduce((sum, { lookups }) => sum + lookups, 0),
        found.lookups,
      );
      assert.equal(
        found.terms.reduce((sum, { voids }) => sum + voids, 0),
        found.voids,
      );
      assert.match(found.explanation, /^[ -~]*$/);
      assert.ok(asked.every(({ name }) => name.length <= 253 && !/(?:^|\.)(?:\.|$)/.test(name)));
    }),
    { numRuns: 1000 },
  );
});
