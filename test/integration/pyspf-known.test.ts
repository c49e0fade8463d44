/**
 * Where pyspf sees SPF otherwise than RFC 7208, case by case, with what decides. A pyspf that is
 * fixed shows here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spfVoidsMax } from '../../src/formats/spf/check.ts';
import { spf, zone } from '../doubles/spf-zone.ts';
import { askPyspf, noVoidsMax, ours, pyspfMissing, verdict } from './pyspf.ts';

/** What pyspf sees otherwise: records, ours, theirs, and why ours is right. */
const known: readonly (readonly [
  string,
  {
    readonly lines: readonly string[];
    readonly sender?: string;
    readonly helo?: string;
    readonly voidsMax?: number;
  },
  string,
  string,
])[] = [
  [
    'section 4.6: a term that nobody reaches does not count, be it an include of itself',
    { lines: [spf('+all include:example.org')] },
    'pass',
    'permerror',
  ],
  [
    'section 4.6.4: nor a redirect that nobody follows',
    { lines: [spf(`${'a '.repeat(10)}~all redirect=gone.org`)] },
    'softfail',
    'permerror',
  ],
  [
    'section 4.6.4: terms are counted that ask for what is not there, not each of their questions',
    {
      lines: [
        spf('mx ?all'),
        'example.org MX 1 a.org',
        'example.org MX 2 b.org',
        'example.org MX 3 c.org',
      ],
      voidsMax: spfVoidsMax,
    },
    'neutral',
    'permerror',
  ],
  [
    'section 5.4: the first host that matches decides',
    {
      lines: [
        spf('mx -all'),
        'example.org MX 1 a.org',
        'a.org A 192.0.2.1',
        'example.org MX 2 mute.org',
        'mute.org TXT TIMEOUT',
      ],
    },
    'pass',
    'temperror',
  ],
  [
    'section 5.5: a client whose PTR cannot be had does not match',
    { lines: [spf('ptr -all'), '1.2.0.192.in-addr.arpa TXT TIMEOUT'] },
    'fail',
    'temperror',
  ],
  [
    'section 5.5: a name that nobody answers for is passed over',
    {
      lines: [
        spf('ptr -all'),
        '1.2.0.192.in-addr.arpa PTR mute.org',
        '1.2.0.192.in-addr.arpa PTR a.example.org',
        'a.example.org A 192.0.2.1',
        'mute.org TXT TIMEOUT',
      ],
    },
    'pass',
    'temperror',
  ],
  [
    'RFC 1034 section 3.6.2: aliases in a circle are an error',
    { lines: [spf('a:b.org -all'), 'b.org CNAME c.org', 'c.org CNAME b.org'] },
    'temperror',
    'fail',
  ],
  [
    'section 4.3: postmaster, in %{s} too',
    {
      lines: [spf('exists:%{s}.x.org -all'), 'postmaster@example.org.x.org A 127.0.0.2'],
      sender: '@example.org',
    },
    'pass',
    'fail',
  ],
  [
    'RFC 5321 section 4.1.2: a quoted local part may hold an @',
    { lines: [spf('-all')], sender: '"a@b.org"@example.org' },
    'fail',
    'none',
  ],
  [
    'section 6: an unknown modifier may stand twice',
    { lines: [spf('x=1 x=2 -all')] },
    'fail',
    'permerror',
  ],
  [
    'RFC 5234 section 2.3: names of modifiers have no case',
    { lines: [spf('REDIRECT=b.org'), 'b.org TXT v=spf1 -all'] },
    'fail',
    'neutral',
  ],
  ['section 7.1: a macro ends with }', { lines: [spf('a:%{d.org ?all')] }, 'permerror', 'neutral'],
  [
    'section 7.3: to keep no part is a fault',
    { lines: [spf('a:%{d0}.x.org ?all')] },
    'permerror',
    'neutral',
  ],
  [
    'section 7.3: parts are joined with dots, whatever cut them',
    { lines: [spf('exists:%{h-}.x.org -all'), 'a.b.c.x.org A 127.0.0.2'], helo: 'a-b.c' },
    'pass',
    'fail',
  ],
  [
    'section 7.3: the reversing r has no case',
    { lines: [spf('exists:%{iR}.x.org -all'), '1.2.0.192.x.org A 127.0.0.2'] },
    'pass',
    'fail',
  ],
  [
    'section 7.3: as many labels are cut as are too many',
    {
      lines: [spf('exists:%{l}.x.org -all'), `${'a.'.repeat(124)}x.org A 127.0.0.2`],
      sender: `${'a.'.repeat(200)}a@example.org`,
    },
    'pass',
    'fail',
  ],
  [
    'section 7.3: %{p} is the nearest name to the domain that asks',
    {
      lines: [
        spf('include:a.org include:b.org -all'),
        'a.org TXT v=spf1 exists:%{p}.gone.org',
        'b.org TXT v=spf1 exists:%{p}.x.org',
        '1.2.0.192.in-addr.arpa PTR h.a.org',
        '1.2.0.192.in-addr.arpa PTR h.b.org',
        'h.a.org A 192.0.2.1',
        'h.b.org A 192.0.2.1',
        'h.b.org.x.org A 127.0.0.2',
      ],
    },
    'pass',
    'fail',
  ],
  [
    'section 6.2: an explanation is a text, not a name to be cut',
    { lines: [spf('-all exp=e.org'), `e.org TXT 1. ${'long '.repeat(60)}end.`] },
    `fail 1. ${'long '.repeat(60)}end.`,
    `fail  ${'long '.repeat(60)}end.`,
  ],
];

const knownCases = known.map(([, { lines, sender, helo, voidsMax }]) => ({
  records: zone(...lines),
  question: {
    ip: '192.0.2.1',
    sender: sender ?? 'joe@example.org',
    helo: helo ?? 'mail.example.org',
  },
  voidsMax: voidsMax ?? noVoidsMax,
}));
const skip = pyspfMissing();
const knownTheirs = skip === false ? askPyspf(knownCases) : [];
for (const [nth, [name, , our, their]] of known.entries()) {
  test(`pyspf sees it otherwise: ${name}`, { skip }, () => {
    const [one, other] = [knownCases[nth], knownTheirs[nth]];
    assert.ok(one !== undefined && other !== undefined);
    assert.equal(verdict(ours(one)), our);
    assert.equal(verdict(other), their, other.why);
  });
}
