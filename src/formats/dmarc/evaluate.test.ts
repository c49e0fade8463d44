import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answeredBy, type DnsLookup, type DnsQuestion } from '../dns/question.ts';
import { type DnsRecord, txtStrings } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import type { AuthorDomains } from '../message/author-domains.ts';
import { type DmarcIdentifier, type DmarcResult, evaluateDmarc } from './evaluate.ts';

/** `name: text` as TXT records; `name` alone is a name that exists. */
function zone(lines: readonly string[]): (question: DnsQuestion) => ReturnType<typeof answer> {
  const records = lines.map((line): DnsRecord => {
    const [name = '', text] = line.split(': ');
    return text === undefined
      ? { name, ttlSeconds: 60, type: 'A', address: '192.0.2.1' }
      : { name, ttlSeconds: 60, type: 'TXT', strings: txtStrings(text) };
  });
  const answer = zoneAnswers(records);
  return answer;
}

/** `spf:domain` passed; `dkim:domain!` could not be checked; `spf:domain-` did not pass. */
function identifiers(text: string): readonly DmarcIdentifier[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [, by, domain = '', mark] = /^(spf|dkim):(.*?)([!-]?)$/.exec(word) ?? [];
      return {
        by: by === 'spf' ? 'spf' : 'dkim',
        domain,
        result: mark === '!' ? 'temperror' : mark === '-' ? 'other' : 'pass',
      };
    });
}

const authors = (...domains: readonly string[]): AuthorDomains => ({ domains, cut: false });

type DmarcCase = { readonly from: string; readonly by: string; readonly suffixes?: string };

function judged(lines: readonly string[], { from, by, suffixes = '' }: DmarcCase): DmarcResult {
  const known = new Set(suffixes.split(' '));
  return answeredBy(
    evaluateDmarc({
      authors: authors(...from.split(' ').filter((word) => word !== '')),
      identifiers: identifiers(by),
      isPublicSuffix: (domain) => known.has(domain),
    }),
    zone(lines),
  );
}

const summary = ({ result, policyDomain, policy, disposition, aligned }: DmarcResult): string =>
  [
    result,
    ...(policyDomain === '' ? [] : [`${policyDomain}:${policy ?? '?'}`]),
    ...(result === 'fail' ? [`do ${disposition}`] : []),
    ...aligned.map((one) => `${one.by}:${one.domain}`),
  ].join(' ');

const org = ['_dmarc.example.org: v=DMARC1; p=reject; sp=quarantine; np=none', 'sub.example.org'];
const bank = [
  '_dmarc.bank.example: v=DMARC1; p=none; psd=y; np=reject',
  '_dmarc.giant.bank.example: v=DMARC1; p=quarantine',
];
const rows: readonly (readonly [string, readonly string[], DmarcCase, string])[] = [
  ['no record', [], { from: 'example.org', by: 'spf:example.org' }, 'none'],
  [
    'the same domain',
    org,
    { from: 'example.org', by: 'spf:example.org' },
    'pass example.org:reject spf:example.org',
  ],
  [
    'a subdomain signs',
    org,
    { from: 'example.org', by: 'dkim:mail.example.org' },
    'pass example.org:reject dkim:mail.example.org',
  ],
  [
    'the parent signs',
    org,
    { from: 'sub.example.org', by: 'dkim:example.org' },
    'pass example.org:quarantine dkim:example.org',
  ],
  [
    'a sister signs',
    org,
    { from: 'sub.example.org', by: 'dkim:other.example.org' },
    'pass example.org:quarantine dkim:other.example.org',
  ],
  [
    'a stranger signs',
    org,
    { from: 'example.org', by: 'dkim:bulk.example spf:bulk.example' },
    'fail example.org:reject do reject',
  ],
  [
    'a stranger whose name ends alike',
    org,
    { from: 'example.org', by: 'dkim:notexample.org' },
    'fail example.org:reject do reject',
  ],
  ['nobody signs', org, { from: 'example.org', by: '' }, 'fail example.org:reject do reject'],
  [
    'it did not pass',
    org,
    { from: 'example.org', by: 'spf:example.org- dkim:example.org-' },
    'fail example.org:reject do reject',
  ],
  [
    'a subdomain that exists',
    org,
    { from: 'sub.example.org', by: '' },
    'fail example.org:quarantine do quarantine',
  ],
  [
    'a subdomain that does not',
    org,
    { from: 'none.example.org', by: '' },
    'fail example.org:none do none',
  ],
  [
    'strict, and a subdomain',
    ['_dmarc.example.org: v=DMARC1; p=reject; adkim=s; aspf=s'],
    { from: 'example.org', by: 'dkim:m.example.org spf:m.example.org' },
    'fail example.org:reject do reject',
  ],
  [
    'strict for one alone',
    ['_dmarc.example.org: v=DMARC1; p=reject; adkim=s'],
    { from: 'example.org', by: 'dkim:m.example.org spf:m.example.org' },
    'pass example.org:reject spf:m.example.org',
  ],
  [
    'a test',
    ['_dmarc.example.org: v=DMARC1; p=reject; t=y'],
    { from: 'example.org', by: '' },
    'fail example.org:reject do quarantine',
  ],
  [
    'a test of less',
    ['_dmarc.example.org: v=DMARC1; p=quarantine; t=y'],
    { from: 'example.org', by: '' },
    'fail example.org:quarantine do none',
  ],
  [
    'two records are none',
    ['_dmarc.example.org: v=DMARC1; p=reject', '_dmarc.example.org: v=DMARC1; p=none'],
    { from: 'example.org', by: '' },
    'none',
  ],
  [
    'other texts beside it',
    ['_dmarc.example.org: v=DMARC1; p=reject', '_dmarc.example.org: hello'],
    { from: 'example.org', by: '' },
    'fail example.org:reject do reject',
  ],
  [
    'a record without a policy',
    ['_dmarc.example.org: v=DMARC1; adkim=s'],
    { from: 'example.org', by: '' },
    'permerror example.org:?',
  ],
  [
    'that wants reports',
    ['_dmarc.example.org: v=DMARC1; rua=mailto:a@b.example'],
    { from: 'example.org', by: '' },
    'fail example.org:none do none',
  ],
  [
    'a subdomain policy that is wrong',
    ['_dmarc.example.org: v=DMARC1; p=reject; sp=no; rua=mailto:a@b.example'],
    { from: 'example.org', by: '' },
    'fail example.org:none do none',
  ],
  [
    'the subdomain has its own',
    [...org, '_dmarc.sub.example.org: v=DMARC1; p=none'],
    { from: 'sub.example.org', by: 'dkim:example.org' },
    'pass sub.example.org:none dkim:example.org',
  ],
  [
    'psd=n ends an organisation',
    [...org, '_dmarc.sub.example.org: v=DMARC1; p=reject; psd=n'],
    { from: 'sub.example.org', by: 'dkim:example.org' },
    'fail sub.example.org:reject do reject',
  ],
  [
    'psd=n below the signer',
    [...org, '_dmarc.sub.example.org: v=DMARC1; p=reject; psd=n'],
    { from: 'example.org', by: 'dkim:sub.example.org' },
    'fail example.org:reject do reject',
  ],
  [
    'a public suffix: its giant',
    bank,
    { from: 'giant.bank.example', by: 'spf:mail.giant.bank.example' },
    'pass giant.bank.example:quarantine spf:mail.giant.bank.example',
  ],
  [
    'a public suffix: its other',
    bank,
    { from: 'giant.bank.example', by: 'dkim:mail.mega.bank.example' },
    'fail giant.bank.example:quarantine do quarantine',
  ],
  [
    'a public suffix: one without a record',
    bank,
    { from: 'mega.bank.example', by: '' },
    'fail bank.example:reject do reject',
  ],
  [
    'a suffix that does not say so',
    ['_dmarc.example: v=DMARC1; p=none'],
    { from: 'a.example', by: 'dkim:b.example' },
    'pass example:none dkim:b.example',
  ],
  [
    'and is known',
    ['_dmarc.example: v=DMARC1; p=none'],
    { from: 'a.example', by: 'dkim:b.example', suffixes: 'example' },
    'fail example:none do none',
  ],
  [
    'SPF could not be checked',
    org,
    { from: 'example.org', by: 'spf:example.org!' },
    'temperror example.org:reject',
  ],
  [
    'a stranger could not be checked',
    org,
    { from: 'example.org', by: 'spf:bulk.example!' },
    'fail example.org:reject do reject',
  ],
  [
    'one passed, one could not be checked',
    org,
    { from: 'example.org', by: 'spf:example.org! dkim:example.org' },
    'pass example.org:reject dkim:example.org',
  ],
  [
    'the record could not be asked for',
    ['_dmarc.example.org: TIMEOUT'],
    { from: 'example.org', by: 'spf:example.org' },
    'temperror',
  ],
  [
    'the suffix could not be asked, and need not be',
    [...org, '_dmarc.org: TIMEOUT'],
    { from: 'example.org', by: 'spf:example.org' },
    'pass example.org:reject spf:example.org',
  ],
  [
    'the suffix could not be asked, and matters',
    [...org, '_dmarc.org: TIMEOUT'],
    { from: 'example.org', by: 'spf:m.example.org' },
    'temperror example.org:reject',
  ],
  ['no author', org, { from: '', by: 'spf:example.org' }, 'permerror'],
  [
    'two authors, one good',
    [...org, '_dmarc.evil.example: v=DMARC1; p=none'],
    { from: 'evil.example example.org', by: 'dkim:evil.example' },
    'fail example.org:reject do reject',
  ],
  [
    'two authors, both good',
    [...org, '_dmarc.two.example: v=DMARC1; p=none'],
    { from: 'two.example example.org', by: 'dkim:two.example dkim:example.org' },
    'pass two.example:none dkim:two.example',
  ],
  ['five authors', org, { from: 'a.b c.d e.f g.h i.j', by: '' }, 'permerror'],
];
for (const [name, lines, asked, wanted] of rows) {
  test(`DMARC: ${name}`, () => assert.equal(summary(judged(lines, asked)), wanted));
}

test('it says why', () => {
  const sentence = (lines: readonly string[], asked: DmarcCase): string =>
    judged(lines, asked).sentence;
  assert.equal(
    sentence(org, { from: 'sub.example.org', by: 'spf:bulk.example' }),
    'neither SPF nor a signature passed for sub.example.org, and example.org asks to ' +
      'quarantine such mail',
  );
  assert.equal(
    sentence(org, { from: 'example.org', by: 'dkim:m.example.org' }),
    'it is signed by m.example.org',
  );
  assert.equal(
    sentence(org, { from: 'two.example example.org', by: '' }),
    'neither SPF nor a signature passed for example.org, and example.org asks to reject such ' +
      'mail; From names 1 more',
  );
});

function asked<Value>(asking: DnsLookup<Value>, lines: readonly string[]): readonly string[][] {
  const answer = zone(lines);
  const batches: string[][] = [];
  let step = asking.next();
  while (step.done !== true) {
    batches.push(step.value.map(({ name, type }) => `${name} ${type}`));
    step = asking.next(step.value.map(answer));
  }
  return batches;
}

test('a deep name costs eight questions, strangers none, relatives only what is not known', () => {
  const deep = 'a.b.c.d.e.f.g.h.i.j.mail.example.com';
  const [first] = asked(evaluateDmarc({ authors: authors(deep), identifiers: [] }), []);
  assert.deepEqual(first, [
    `_dmarc.${deep} TXT`,
    '_dmarc.g.h.i.j.mail.example.com TXT',
    '_dmarc.h.i.j.mail.example.com TXT',
    '_dmarc.i.j.mail.example.com TXT',
    '_dmarc.j.mail.example.com TXT',
    '_dmarc.mail.example.com TXT',
    '_dmarc.example.com TXT',
    '_dmarc.com TXT',
  ]);
  const some = identifiers('dkim:bulk.example dkim:m.example.org spf:x.y.example.org');
  assert.deepEqual(
    asked(evaluateDmarc({ authors: authors('example.org'), identifiers: some }), org),
    [
      ['_dmarc.example.org TXT', '_dmarc.org TXT'],
      ['_dmarc.m.example.org TXT', '_dmarc.x.y.example.org TXT', '_dmarc.y.example.org TXT'],
    ],
  );
});

test('a From that is longer than is read is nobody’s', () => {
  const asking = evaluateDmarc({
    authors: { domains: ['example.org'], cut: true },
    identifiers: identifiers('dkim:example.org'),
  });
  assert.equal(answeredBy(asking, zone(org)).result, 'permerror');
});

test('hundreds of identifiers cost no more than some', () => {
  const many = Array.from({ length: 500 }, (_, n) => `dkim:d${n}.example.org`).join(' ');
  const batches = asked(
    evaluateDmarc({ authors: authors('example.org'), identifiers: identifiers(many) }),
    org,
  );
  assert.ok(batches.flat().length < 30);
});

test('whatever is published, it ends with a result', () => {
  const label = fc.constantFrom('a', 'b', 'example', 'org');
  const name = fc.array(label, { minLength: 1, maxLength: 10 }).map((labels) => labels.join('.'));
  const text = fc.oneof(
    fc.constantFrom('v=DMARC1; p=reject; psd=y', 'v=DMARC1; psd=n', 'TIMEOUT', 'v=DMARC1'),
    fc.string().map((tail) => `v=DMARC1; p=reject;${tail.replace(/[^ -~]/g, '')}`),
  );
  const line = fc.tuple(name, text).map(([at, said]) => `_dmarc.${at}: ${said}`);
  const who = fc.tuple(fc.constantFrom('spf:', 'dkim:'), name, fc.constantFrom('', '!', '-'));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 6 }),
      fc.array(name, { maxLength: 5 }),
      fc.array(who, { maxLength: 4 }),
      (lines, from, by) => {
        const found = judged(lines, {
          from: from.join(' '),
          by: by.map((parts) => parts.join('')).join(' '),
        });
        assert.ok(found.sentence.length > 0);
        assert.equal(found.result === 'pass', found.aligned.length > 0);
      },
    ),
  );
});
