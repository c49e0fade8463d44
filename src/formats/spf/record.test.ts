import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import {
  isSpfRecord,
  parseSpf,
  printSpf,
  printSpfTerm,
  type SpfRecord,
  type SpfTerm,
} from './record.ts';

const printed = (text: string): string => {
  const read = parseSpf(text);
  return read.ok ? printSpf(read.value) : `${read.error.term}: ${read.error.what}`;
};

test('which texts are SPF records', () => {
  for (const text of ['v=spf1', 'V=SpF1 -all', 'v=spf1 ', 'v=spf1 nonsense']) {
    assert.equal(isSpfRecord(text), true, text);
  }
  for (const text of ['', 'v=spf10', 'v=spf1\tall', ' v=spf1', 'v=spf1-all', 'v=spf2.0/pra']) {
    assert.equal(isSpfRecord(text), false, text);
    assert.equal(parseSpf(text).ok, false, text);
  }
});

const good = [
  ['nothing', 'v=spf1', 'v=spf1'],
  ['spaces', 'v=spf1   a  -all ', 'v=spf1 a -all'],
  ['capitals', 'V=SPF1 A:Mail.Example.ORG -ALL', 'v=spf1 a:Mail.Example.ORG -all'],
  ['plus is said by nothing', 'v=spf1 +a ?mx ~all', 'v=spf1 a ?mx ~all'],
  ['lengths that say nothing', 'v=spf1 ip4:1.2.3.4/32 a/32//128', 'v=spf1 ip4:1.2.3.4 a'],
  [
    'networks',
    'v=spf1 ip4:1.2.3.4/0 ip6:2001:DB8::0:1/64',
    'v=spf1 ip4:1.2.3.4/0 ip6:2001:db8::1/64',
  ],
  ['an IPv4 address in an IPv6 one', 'v=spf1 ip6:::1.2.3.4', 'v=spf1 ip6:::102:304'],
  ['both lengths', 'v=spf1 a:x.org/24//64 mx//48 mx/8', 'v=spf1 a:x.org/24//64 mx//48 mx/8'],
  [
    'slashes in a name',
    'v=spf1 a:foo:bar/baz.example.com/24',
    'v=spf1 a:foo:bar/baz.example.com/24',
  ],
  [
    'macros',
    'v=spf1 exists:%{ir}.%{v}.%{L1r-}._spf.%{d2}',
    'v=spf1 exists:%{ir}.%{v}.%{L1r-}._spf.%{d2}',
  ],
  ['a macro before a length', 'v=spf1 a:%{d}/24', 'v=spf1 a:%{d}/24'],
  ['escapes at the end', 'v=spf1 a:x%% a:x%_ a:x%-', 'v=spf1 a:x%% a:x%_ a:x%-'],
  ['modifiers', 'v=spf1 Redirect=_spf.%{d} EXP=x.%{d}', 'v=spf1 redirect=_spf.%{d} exp=x.%{d}'],
  [
    'unknown modifiers',
    'v=spf1 moo.cow-far_out=man:dog/cat x=',
    'v=spf1 moo.cow-far_out=man:dog/cat x=',
  ],
  ['twice the same unknown one', 'v=spf1 x=1 x=2', 'v=spf1 x=1 x=2'],
  ['a dot at the end', 'v=spf1 include:a.example.', 'v=spf1 include:a.example.'],
  ['an A-label at the top', 'v=spf1 a:foo.xn--zckzah', 'v=spf1 a:foo.xn--zckzah'],
] as const;
for (const [name, text, want] of good) {
  test(`record: ${name}`, () => assert.equal(printed(text), want));
}

test('one term is printed as in its record', () => {
  const read = parseSpf('v=spf1 +mx:x.org/24//64 -all');
  assert.deepEqual(read.ok && read.value.map(printSpfTerm), ['mx:x.org/24//64', '-all']);
});

test('terms say what they are', () => {
  const read = parseSpf('v=spf1 ~a:x.org/24 -all exp=e.org');
  assert.deepEqual(read, {
    ok: true,
    value: [
      { kind: 'a', qualifier: '~', domain: 'x.org', ip4Bits: 24, ip6Bits: 128 },
      { kind: 'all', qualifier: '-' },
      { kind: 'exp', domain: 'e.org' },
    ],
  });
});

const bad = [
  ['a character beyond ASCII', 'a:\u00e9.example', /not printable ASCII/],
  ['a tab', 'a\tmx', /not printable ASCII/],
  ['all with more', 'all:x', /nothing may follow/],
  ['all with a dot', 'all.', /nothing may follow/],
  ['include of nothing', 'include', /needs a domain/],
  ['include with an empty domain', 'include:', /domain is missing/],
  ['include with a length', 'include:x.org/24', /does not end like/],
  ['ptr with a length', 'ptr/0', /must come a colon/],
  ['an address in a', 'a:192.0.2.1', /write an address as ip4/],
  ['a network in a', 'a:192.0.2.0/24', /write an address as ip4/],
  ['one part only', 'a:museum', /only one part/],
  ['one part and a dot', 'a:museum.', /only one part/],
  ['a number at the top', 'a:abc.123', /does not end like/],
  ['a port', 'a:example.com:8080', /does not end like/],
  ['a dash at the top', 'a:example.-com', /does not end like/],
  ['a text that only looks like a macro at the end', 'a:x%%{d}', /only one part/],
  ['33 bits', 'a/33', /at most 32 bits/],
  ['129 bits', 'mx//129', /at most 128 bits/],
  ['zero in front', 'ip4:1.2.3.4/032', /needs one address/],
  ['zero in front of an octet', 'ip4:1.2.03.4', /needs one address/],
  ['one slash for IPv6', 'a/24/64', /must come a colon/],
  ['three numbers', 'ip4:1.2.3', /needs one address/],
  ['two colons twice', 'ip6::CAFE::BABE', /needs one address/],
  ['IPv6 in ip4', 'ip4:2001:db8::1', /needs one address/],
  ['a comma', 'ip4:1.2.3.4,', /needs one address/],
  ['redirect with a colon', 'redirect:x.org', /written with =/],
  ['redirect to nothing', 'redirect=', /domain is missing/],
  ['exp as a directive', 'exp=-all', /only one part/],
  ['a name that begins with a digit', '1up=foo', /neither a mechanism/],
  ['no name', '=all', /neither a mechanism/],
  ['a slip', 'ipv4:1.2.3.4', /ip4 is meant/],
  ['an unknown word', 'moo', /no mechanism moo/],
  ['a percent sign alone', 'foo=%abc', /after % must come/],
  ['an unknown macro', 'a:%{x}.org', /no macro x/],
  ['a macro of explanations', 'exp=%{r}.org', /only allowed in an explanation/],
  ['a macro that keeps nothing', 'a:%{d0}', /keeps no part/],
  ['a macro that does not end', 'a:%{d.org', /is not a macro/],
  ['two redirects', 'redirect=a.org redirect=a.org', /redirect= occurs twice/],
  ['two explanations', 'exp=a.org -all EXP=b.org', /exp= occurs twice/],
] as const;
for (const [name, terms, what] of bad) {
  test(`no record: ${name}`, () => {
    const read = parseSpf(`v=spf1 mx ${terms} -all`);
    assert.ok(!read.ok);
    assert.match(read.error.what, what);
    assert.ok(read.error.at >= 'v=spf1 mx '.length);
    assert.equal(`v=spf1 mx ${terms} -all`.slice(read.error.at).startsWith(read.error.term), true);
  });
}

const label = fc.stringMatching(/^[a-z0-9_]{1,8}$/);
const macro = fc
  .tuple(
    fc.constantFrom('s', 'l', 'o', 'd', 'i', 'p', 'v', 'h', 'S', 'L'),
    fc.option(fc.integer({ min: 1, max: 200 }), { nil: '' }),
    fc.constantFrom('', 'r'),
    fc.constantFrom('', '.', '-', '+,/_='),
  )
  .map(([key, keep, r, delimiters]) => `%{${key}${keep}${r}${delimiters}}`);
const domainSpec = fc.oneof(
  fc
    .tuple(
      fc.array(fc.oneof(label, macro, fc.constantFrom('%%', '%_', '%-', '/', ':')), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.constantFrom('.org', '.org.', '.x--y', '%{d2}', '%_'),
    )
    .map(([parts, end]) => parts.join('.') + end),
  macro,
);
const qualifier = fc.constantFrom('+', '-', '~', '?') as fc.Arbitrary<'+' | '-' | '~' | '?'>;
const ip4 = fc.ipV4();
const term: fc.Arbitrary<SpfTerm> = fc.oneof(
  fc.record({ kind: fc.constant('all' as const), qualifier }),
  fc.record({ kind: fc.constantFrom('include', 'exists'), qualifier, domain: domainSpec }),
  fc.record({
    kind: fc.constant('ptr' as const),
    qualifier,
    domain: fc.option(domainSpec, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constantFrom('a', 'mx'),
    qualifier,
    domain: fc.option(domainSpec, { nil: undefined }),
    ip4Bits: fc.integer({ min: 0, max: 32 }),
    ip6Bits: fc.integer({ min: 0, max: 128 }),
  }),
  fc.record({
    kind: fc.constant('ip4' as const),
    qualifier,
    address: ip4,
    bits: fc.integer({ min: 0, max: 32 }),
  }),
  fc.record({
    kind: fc.constant('ip6' as const),
    qualifier,
    address: fc.ipV6().map((text) => new URL(`http://[${text}]/`).hostname.slice(1, -1)),
    bits: fc.integer({ min: 0, max: 128 }),
  }),
  fc.record({
    kind: fc.constant('unknown' as const),
    name: fc.stringMatching(/^x[a-z0-9_.-]{0,8}$/),
    value: fc.oneof(label, macro),
  }),
);

test('what is printed reads as the same terms', () => {
  fc.assert(
    fc.property(
      fc.array(term, { maxLength: 12 }),
      fc.option(domainSpec, { nil: undefined }),
      (terms, target) => {
        const record: SpfRecord =
          target === undefined ? terms : [...terms, { kind: 'redirect', domain: target }];
        assert.deepEqual(parseSpf(printSpf(record)), { ok: true, value: structuredClone(record) });
      },
    ),
  );
});

test('no text breaks the parser, and what it takes it prints and takes again', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'mx',
      'all',
      'ip4:',
      'ip6:',
      'include:',
      'exp=',
      'redirect=',
      '%{',
      '}',
      '%',
      '/',
      '//',
      ':',
      '.',
      ' ',
      '-',
      '24',
      'd',
      'r',
      '1.2.3.4',
      '::1',
      'x.org',
      '=',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `v=spf1 ${pieces.join('')}`;
      const read = parseSpf(text);
      if (!read.ok) assert.ok(read.error.what !== '' && read.error.at <= text.length);
      else assert.deepEqual(parseSpf(printSpf(read.value)), read);
    }),
    { numRuns: 500 },
  );
});

test('64 KB in one term, of every kind that could make a parser slow, take no time', () => {
  const long = 65_000;
  const slow = [
    'a'.repeat(long),
    '/1'.repeat(long / 2),
    '%{d}'.repeat(long / 4),
    '.'.repeat(long),
    '1'.repeat(long),
    '%'.repeat(long),
    'a-'.repeat(long / 2),
  ];
  const { ms: took } = timed(() => {
    for (const text of slow) {
      for (const head of ['', 'a', 'a:', 'a:x.', 'x=', 'ip4:', 'ip6:', 'exp=', '-all a/']) {
        for (const tail of ['', '!', '.', '}']) parseSpf(`v=spf1 ${head}${text}${tail}`);
      }
    }
  });
  assert.ok(took < 3000, `${took} ms`);
});
