import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, evaluate, spf, zone } from '../../../test/doubles/spf-zone.ts';
import type { SpfQuestion } from './evaluate.ts';

const cases: readonly (readonly [string, readonly string[], Partial<SpfQuestion>, string])[] = [
  ['no record', [], {}, 'none'],
  ['another TXT record', ['example.org TXT hello'], {}, 'none'],
  ['two records', [spf('-all'), spf('-all')], {}, 'permerror'],
  ['a record among others', [spf('-all'), 'example.org TXT \u00ff'], {}, 'fail'],
  ['a server that is silent', ['example.org TXT TIMEOUT'], {}, 'temperror'],
  ['a fault behind what matches', [spf('+all moo')], {}, 'permerror'],
  ['the null sender: HELO', ['mail.example.org TXT v=spf1 ~all'], { sender: '' }, 'softfail'],
  ['the null sender, HELO no name', [], { sender: '', helo: '[192.0.2.1]' }, 'none'],
  ['the null sender, HELO nothing', [], { sender: '', helo: '' }, 'none'],
  ['a sender without a domain', [], { sender: 'root' }, 'none'],
  ['an @ in quotes', [spf('-all')], { sender: '"a@b.test"@example.org' }, 'fail'],
  ['a dot at the end', [spf('-all')], { sender: 'joe@Example.ORG.' }, 'fail'],
  [
    'another script',
    ['xn--bcher-kva.example TXT v=spf1 -all'],
    { sender: 'j\u00fcrgen@B\u00fccher.example' },
    'fail',
  ],
  [
    'a domain that only a URL would take',
    ['example.org TXT v=spf1 +all'],
    { sender: 'joe@example.org/\u00fc' },
    'none',
  ],
  [
    'a dot at the end is ignored',
    [spf('exists:%{d2}.x.org -all'), 'example.org.x.org A 127.0.0.2'],
    { sender: 'joe@example.org.' },
    'pass',
  ],
  [
    'HELO in another script, in a macro',
    [spf('exists:%{h}.x.org -all'), 'xn--bcher-kva.example.x.org A 127.0.0.2'],
    { helo: 'b\u00fccher.example' },
    'pass',
  ],
  ['no address', [spf('-all')], { ip: 'localhost' }, 'none'],
  [
    'a local part beyond ASCII matches nothing',
    [spf('exists:%{l}.example.org -all'), '*.example.org A 127.0.0.2'],
    { sender: '\u00fc@example.org' },
    'fail',
  ],
  [
    'its neighbour does',
    [spf('exists:%{l}.example.org -all'), '*.example.org A 127.0.0.2'],
    { sender: 'u@example.org' },
    'pass',
  ],
  ['IPv4 inside IPv6', [spf('ip4:192.0.2.0/24 -all')], { ip: '::ffff:192.0.2.77' }, 'pass'],
  [
    'MX hosts',
    [
      spf('mx -all'),
      'example.org MX 10 a.example.org',
      'example.org MX 5 b.example.org',
      'a.example.org A 192.0.2.1',
      'b.example.org A 192.0.2.9',
    ],
    {},
    'pass',
  ],
  [
    'a silent MX host before the one',
    [
      spf('mx -all'),
      'example.org MX 10 a.example.org',
      'example.org MX 5 b.example.org',
      'a.example.org A 192.0.2.1',
      'b.example.org TXT TIMEOUT',
    ],
    {},
    'temperror',
  ],
  [
    'a silent MX host behind the one',
    [
      spf('mx -all'),
      'example.org MX 1 a.example.org',
      'example.org MX 5 b.example.org',
      'a.example.org A 192.0.2.1',
      'b.example.org TXT TIMEOUT',
    ],
    {},
    'pass',
  ],
  ['a silent PTR is no match', [spf('ptr -all'), '1.2.0.192.in-addr.arpa TXT TIMEOUT'], {}, 'fail'],
  [
    'a silent name of the client is passed over',
    [
      spf('ptr -all'),
      '1.2.0.192.in-addr.arpa PTR a.example.org',
      '1.2.0.192.in-addr.arpa PTR b.example.org',
      'a.example.org TXT TIMEOUT',
      'b.example.org A 192.0.2.1',
    ],
    {},
    'pass',
  ],
  [
    'ptr of a neighbour',
    [
      spf('ptr:ample.org -all'),
      '1.2.0.192.in-addr.arpa PTR b.example.org',
      'b.example.org A 192.0.2.1',
    ],
    {},
    'fail',
  ],
  ['include of none', [spf('include:x.org -all')], {}, 'permerror'],
  ['include of a silent one', [spf('include:x.org -all'), 'x.org TXT TIMEOUT'], {}, 'temperror'],
  ['include of no name', [spf('include:x..org -all')], {}, 'permerror'],
  ['redirect to none', [spf('redirect=x.org')], {}, 'permerror'],
  ['redirect is not used behind all', [spf('redirect=x.org ?all')], {}, 'neutral'],
  [
    'redirect changes the domain',
    [spf('redirect=x.org'), 'x.org TXT v=spf1 a -all', 'x.org A 192.0.2.1'],
    {},
    'pass',
  ],
  [
    'a redirect within an include',
    [
      spf('include:x.org -all'),
      'x.org TXT v=spf1 redirect=y.org',
      'y.org TXT v=spf1 a',
      'y.org A 192.0.2.1',
    ],
    {},
    'pass',
  ],
];
for (const [name, lines, question, want] of cases) {
  test(`SPF: ${name}`, () => {
    const found = evaluate(zone(...lines), question);
    assert.equal(found.result, want, JSON.stringify(found, null, 1));
    assert.match(found.why, /^.{5,}$/);
  });
}

test('what is spent stands beside each term, and adds up', () => {
  const found = evaluate(
    zone(
      spf('ip4:198.51.100.0/24 a:gone.example.org include:spf.example.net mx ~all'),
      'spf.example.net TXT v=spf1 a:also.gone.example.net ?all',
    ),
  );
  assert.equal(found.result, 'permerror');
  assert.deepEqual(
    found.terms.map(({ domain, term, depth, result, lookups, voids }) =>
      [domain, term, depth, result, lookups, voids].join(' '),
    ),
    [
      'example.org ip4:198.51.100.0/24 0 no match 0 0',
      'example.org a:gone.example.org 0 no match 1 1',
      'example.org include:spf.example.net 0 no match 1 0',
      'spf.example.net a:also.gone.example.net 1 no match 1 1',
      'spf.example.net ?all 1 match 0 0',
      'example.org mx 0 permerror 1 1',
    ],
  );
  assert.equal(found.lookups, 4);
  assert.equal(found.voids, 3);
});

test('voids are a setting, and one term has at most one', () => {
  const records = zone(
    spf('mx a:x.example.org ~all'),
    ...[1, 2, 3, 4].map((n) => `example.org MX ${n} m${n}.example.org`),
  );
  assert.deepEqual([evaluate(records).result, evaluate(records).voids], ['softfail', 2]);
  assert.equal(evaluate(records, { voidsMax: 1 }).result, 'permerror');
  assert.equal(evaluate(records, { voidsMax: 0 }).result, 'permerror');
});

const explained = (...lines: readonly string[]): string =>
  evaluate(zone(spf('-all exp=e.example.org'), ...lines), { receiver: 'mx.test' }).explanation;

test('explanations, and all that makes one void', () => {
  assert.equal(
    explained('e.example.org TXT %{c} %{t} %{r} is not %{d}, see https://x.org/?s=%{S}'),
    '192.0.2.1 9 mx.test is not example.org, see https://x.org/?s=joe%40example.org',
  );
  assert.equal(
    explained(
      'e.example.org TXT the name of %{i} is %{p}',
      '1.2.0.192.in-addr.arpa PTR h.x.org',
      'h.x.org A 192.0.2.1',
    ),
    'the name of 192.0.2.1 is h.x.org',
  );
  assert.equal(explained('e.example.org TXT %{p}'), 'unknown');
  assert.equal(explained(), '');
  assert.equal(explained('e.example.org A 192.0.2.1'), '');
  assert.equal(explained('e.example.org TXT TIMEOUT'), '');
  assert.equal(explained('e.example.org TXT one', 'e.example.org TXT two'), '');
  assert.equal(explained('e.example.org TXT caf\u00e9'), '');
  assert.equal(explained('e.example.org TXT one\r\ntwo'), '');
  assert.equal(explained('e.example.org TXT 100%'), '');
  assert.equal(explained('e.example.org TXT %{x}'), '');
  assert.equal(explained(`e.example.org TXT ${'%{s}'.repeat(16_000)}`).length, 1000);
  const beyond = evaluate(zone(spf('-all exp=e.x.org'), 'e.x.org TXT hello %{l}'), {
    sender: '\u00fc@example.org',
  });
  assert.equal(beyond.explanation, '', 'no reply may hold what is not ASCII');
});

test('an explanation is for fail only, and asked for outside of the limits', () => {
  const exp = 'e.example.org TXT hello';
  assert.equal(evaluate(zone(spf('~all exp=e.example.org'), exp)).explanation, '');
  const found = evaluate(zone(spf('a:x.org a:y.org -all exp=gone.example.org')));
  assert.deepEqual([found.result, found.lookups, found.voids], ['fail', 2, 2]);
  const inner = evaluate(
    zone(spf('include:x.org -all'), 'x.org TXT v=spf1 -all exp=e.example.org', exp),
  );
  assert.equal(inner.explanation, '', 'that of an included record is not used');
  const other = evaluate(
    zone(spf('redirect=x.org exp=e.example.org'), 'x.org TXT v=spf1 -all', exp),
  );
  assert.equal(other.explanation, '', 'nor that of a record that redirects');
});

test('%{p}: the domain itself, else a name below it, else any', () => {
  const ptr = ['a.other.test', 'b.example.org', 'example.org'].map(
    (name) => `1.2.0.192.in-addr.arpa PTR ${name}`,
  );
  const hosts = ['a.other.test', 'b.example.org', 'example.org'].map(
    (name) => `${name} A 192.0.2.1`,
  );
  const named = (...left: readonly string[]): string =>
    evaluate(zone(spf('-all exp=e.example.org'), 'e.example.org TXT %{p}', ...left)).explanation;
  assert.equal(named(...ptr, ...hosts), 'example.org');
  assert.equal(named(...ptr, ...hosts.slice(0, 2)), 'b.example.org');
  assert.equal(named(...ptr, ...hosts.slice(0, 1)), 'a.other.test');
  assert.equal(named(...ptr), 'unknown');
});

test('a name that macros make too long loses labels on the left', () => {
  const sender = `${'a.'.repeat(150)}b@example.org`;
  const found = evaluate(zone(spf('exists:%{l}.x.org -all')), { sender });
  const name = asked.at(-1)?.name ?? '';
  assert.ok(name.length <= 253 && name.length > 250 && name.endsWith('.a.b.x.org'), name);
  assert.equal(found.result, 'fail');
});

test('the sentence names the term that decided or failed, not those that led to it', () => {
  const why = (...lines: readonly string[]): string => evaluate(zone(...lines)).why;
  const circle = why(spf('include:x.org'), 'x.org TXT v=spf1 include:example.org');
  assert.equal(circle, 'include:x.org of example.org: more than 10 terms ask the DNS');
  assert.equal(
    why(spf('include:x.org -all'), 'x.org TXT v=spf1 include:y.org', 'y.org TXT TIMEOUT'),
    'include:y.org of x.org: TXT y.org: no server answers for y.org',
  );
  assert.equal(
    why(spf('include:x.org -all'), 'x.org TXT v=spf1 moo'),
    'include:x.org of example.org: x.org: moo: there is no mechanism moo',
  );
  assert.equal(why(spf('redirect=x.org')), 'x.org has no TXT record');
  assert.equal(
    why(spf('include:x.org -all'), 'x.org TXT v=spf1 ip4:192.0.2.0/24'),
    'include:x.org of example.org: ip4:192.0.2.0/24 of x.org: 192.0.2.1 is in it',
  );
});
