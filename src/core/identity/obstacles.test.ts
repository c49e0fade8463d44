/**
 * Aliases, wildcards and texts that are nearly records: a change belongs where a record of that
 * kind stands, and nothing of another kind is ever harmed.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  a,
  cname,
  mx,
  plainIdentity,
  plainServer,
  ptr,
  txt,
} from '../../../test/doubles/identity.ts';
import { answeredBy } from '../../formats/dns/question.ts';
import { type DnsRecord, dataText } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import type { Step } from './aspect.ts';
import { type ExaminedMail, examine } from './examine.ts';
import type { Identity } from './identity.ts';

const plain: Identity = {
  ...plainIdentity,
  keys: [{ selector: 's1', algorithm: 'ed25519', publicKey: 'A'.repeat(43), state: 'published' }],
  tlsReports: ['tls@example.org'],
  mtaSts: 'testing',
};
const apex = [
  mx('example.org', 'mail.example.org'),
  txt('example.org', 'v=spf1 ip4:192.0.2.25 ip4:203.0.113.0/24 ~all'),
  ptr('192.0.2.25', 'mail.example.org'),
];
const host = [
  a('mail.example.org', '192.0.2.25'),
  txt('mail.example.org', 'v=spf1 ip4:192.0.2.25 -all'),
];
const around = [...apex, ...host];
const dname = (name: string, target: string): DnsRecord => ({
  name,
  type: 'DNAME',
  target,
  ttlSeconds: 60,
});

function look(records: readonly DnsRecord[], identity: Partial<Identity> = {}): ExaminedMail {
  const identities = [{ ...plain, ...identity }];
  return answeredBy(examine(plainServer, identities, 'beside'), zoneAnswers(records));
}

const stepsOf = ({ server: its, domains }: ExaminedMail): readonly Step[] => [
  ...(its?.aspect.steps ?? []),
  ...domains.flatMap(({ aspect }) => aspect.steps),
];

function step(id: string, records: readonly DnsRecord[], identity?: Partial<Identity>): Step {
  const found = stepsOf(look(records, identity)).find((one) => one.id === id);
  assert.ok(found !== undefined, `no step ${id}`);
  return found;
}

const lines = (records: readonly DnsRecord[]): readonly string[] =>
  records.map((one) => `${one.name} ${one.type} ${dataText(one)}`);

const changesOf = ({ add, remove, state }: Step): unknown => [state, lines(add), lines(remove)];

describe('a wildcard alias to the domain itself', () => {
  const records = [...around, cname('*.example.org', 'example.org')];
  const own: readonly (readonly [string, string])[] = [
    ['dkim.s1', 's1._domainkey.example.org'],
    ['dmarc', '_dmarc.example.org'],
    ['tls-rpt', '_smtp._tls.example.org'],
    ['mta-sts', '_mta-sts.example.org'],
  ];
  for (const [id, name] of own) {
    test(`${id} gets a record at its own name`, () => {
      const { state, add, remove, why } = step(id, records);
      assert.deepEqual([state, add.map((one) => one.name), remove], ['missing', [name], []]);
      assert.match(why, /before the wildcard \*\.example\.org$/);
    });
  }

  test('a domain that never sends: its SPF record is replaced once, no key is put there', () => {
    const steps = stepsOf(look(records, { sends: false }));
    const spf = steps.filter(({ remove }) => remove.length > 0);
    assert.deepEqual(
      spf.map(({ id, add }) => [id, lines(add)]),
      [['spf', ['example.org TXT v=spf1 -all']]],
    );
    const none = steps.find(({ id }) => id === 'dkim.none');
    assert.deepEqual(lines(none?.add ?? []), ['*._domainkey.example.org TXT v=DKIM1; p=']);
  });

  test('a host that has its address by it gets no text beside the alias', () => {
    const only = [...apex, cname('*.example.org', 'example.org'), a('example.org', '192.0.2.25')];
    const found = step(
      'spf.helo',
      only.filter((one) => one.type !== 'TXT'),
    );
    assert.deepEqual(changesOf(found), ['missing', [], []]);
    assert.match(found.why, /by the wildcard \*\.example\.org; give it address records of its own/);
  });
});

describe('an alias in the way', () => {
  const rows: readonly (readonly [string, readonly DnsRecord[], RegExp])[] = [
    [
      'dmarc',
      [cname('_dmarc.example.org', 'x.vendor.example'), a('x.vendor.example', '192.0.2.7')],
      /_dmarc\.example\.org is an alias \(CNAME\) of x\.vendor\.example; the alias must go first/,
    ],
    [
      'dkim.s1',
      [cname('s1._domainkey.example.org', 's1.old.example')],
      /s1\._domainkey\.example\.org is an alias \(CNAME\) of s1\.old\.example/,
    ],
    [
      'dkim.s1',
      [
        cname('s1._domainkey.example.org', 's1.old.example'),
        txt('s1.old.example', 'v=DKIM1; k=rsa; p=AAAA'),
      ],
      /the alias must go first/,
    ],
    [
      'dkim.s1',
      [dname('_domainkey.example.org', '_domainkey.old.example')],
      /all names below _domainkey\.example\.org are aliases .*_domainkey\.old\.example \(DNAME\)/,
    ],
    ['mta-sts', [cname('_mta-sts.example.org', 'gone.example')], /must go first/],
    ['tls-rpt', [cname('_smtp._tls.example.org', 'gone.example')], /must go first/],
    ['mta-sts.host', [cname('mta-sts.example.org', 'gone.example')], /must go first/],
  ];
  for (const [id, records, why] of rows) {
    test(`${id}: ${lines(records).join(', ')}`, () => {
      const found = step(id, [...around, ...records]);
      assert.deepEqual([found.add, found.remove, found.keep], [[], [], []]);
      assert.match(found.why, why);
    });
  }

  test('the host in EHLO is an alias: no SPF beside it, and none at its target', () => {
    const records = [...apex, cname('mail.example.org', 'srv.example.org')];
    const found = step('spf.helo', [...records, a('srv.example.org', '192.0.2.25')]);
    assert.deepEqual(changesOf(found), ['missing', [], []]);
    assert.match(found.why, /mail\.example\.org is an alias \(CNAME\) of srv\.example\.org/);
  });

  test('the domain itself is an alias: its MX and SPF stay away', () => {
    const domain = 'shop.example.org';
    const records = [...around, cname(domain, 'shops.vendor.example')];
    for (const id of ['mx', 'spf']) {
      const found = step(id, records, { domain });
      assert.deepEqual([found.add, found.remove], [[], []], id);
      assert.match(found.why, /shop\.example\.org is an alias/);
    }
  });

  test('a name that has a text and is an alias is said, even if the text is right', () => {
    const records = [cname('_dmarc.example.org', 'gone.example')];
    const found = step('dmarc', [
      ...around,
      ...records,
      txt('_dmarc.example.org', 'v=DMARC1; p=none'),
    ]);
    assert.deepEqual(changesOf(found), ['wrong', [], []]);
    assert.match(found.why, /which no name may have; the alias must go first/);
  });
});

describe('records behind an alias', () => {
  const alias = cname('_dmarc.example.org', 'policy.example.org');

  test('of that very kind, in the zone: changed where they stand', () => {
    const found = step('dmarc', [
      ...around,
      alias,
      txt('policy.example.org', 'v=DMARC1; p=none; sp=bogus'),
      txt('policy.example.org', 'other'),
    ]);
    assert.deepEqual(changesOf(found), [
      'wrong',
      ['policy.example.org TXT v=DMARC1; p=none'],
      ['policy.example.org TXT v=DMARC1; p=none; sp=bogus'],
    ]);
    assert.equal(found.standing.length, 2);
  });

  test('right, in the zone of a vendor: kept', () => {
    const found = step('dmarc', [
      ...around,
      cname('_dmarc.example.org', 'x.vendor.example'),
      txt('x.vendor.example', 'v=DMARC1; p=reject'),
    ]);
    assert.deepEqual([found.state, found.name], ['have', 'x.vendor.example']);
  });

  test('wrong, in the zone of a vendor: not touched', () => {
    const found = step('dmarc', [
      ...around,
      cname('_dmarc.example.org', 'x.vendor.example'),
      txt('x.vendor.example', 'v=DMARC1; p=none; sp=bogus'),
    ]);
    assert.deepEqual(changesOf(found), ['wrong', [], []]);
  });
});

describe('wildcards', () => {
  test('right by a wildcard: shown as it stands in the zone', () => {
    const key = `v=DKIM1; k=ed25519; p=${'A'.repeat(43)}`;
    const found = step('dkim.s1', [...around, txt('*._domainkey.example.org', key)]);
    assert.equal(found.state, 'have');
    assert.deepEqual(lines(found.keep), [`*._domainkey.example.org TXT ${key}`]);
    assert.match(found.why, /\(by the wildcard \*\._domainkey\.example\.org\)$/);
  });

  test('wrong by a wildcard: nothing is removed', () => {
    const found = step('dkim.s1', [...around, txt('*.example.org', 'v=DKIM1; p=')]);
    assert.deepEqual([found.state, found.remove, found.standing], ['wrong', [], []]);
    assert.deepEqual(
      found.add.map(({ name }) => name),
      ['s1._domainkey.example.org'],
    );
    assert.match(found.why, /comes from the wildcard \*\.example\.org/);
  });

  test('what a host has only by a wildcard stays, once a record stands below it', () => {
    const domain = 'shop.example.org';
    const records = [
      ...around,
      a('*.example.org', '192.0.2.80'),
      mx('*.example.org', 'mail.example.org'),
      txt('*.example.org', 'v=spf1 -all'),
      txt('*.example.org', 'some-site-verification=x'),
    ];
    const more = stepsOf(look(records, { domain })).filter(({ id }) => id.startsWith('wildcard.'));
    assert.deepEqual(more.flatMap(({ add }) => lines(add)).sort(), [
      '*.shop.example.org A 192.0.2.80',
      '*.shop.example.org MX 10 mail.example.org',
      '*.shop.example.org TXT some-site-verification=x',
      '*.shop.example.org TXT v=spf1 -all',
      'shop.example.org A 192.0.2.80',
      'shop.example.org MX 10 mail.example.org',
      'shop.example.org TXT some-site-verification=x',
    ]);
  });

  test('an alias that a host has only by a wildcard stays too', () => {
    const domain = 'shop.example.org';
    const records = [...around, cname('*.example.org', 'sites.vendor.example')];
    const more = stepsOf(look(records, { domain })).filter(({ id }) => id.startsWith('wildcard.'));
    assert.deepEqual(
      more.flatMap(({ add }) => lines(add)),
      [
        'shop.example.org CNAME sites.vendor.example',
        '*.shop.example.org CNAME sites.vendor.example',
      ],
    );
  });
});

describe('nearly a record', () => {
  const rows: readonly (readonly [string, DnsRecord, string])[] = [
    [
      'spf',
      txt('example.org', 'v=spf1; ip4:192.0.2.25 include:_spf.example.net ~all'),
      'v=spf1 ip4:192.0.2.25 include:_spf.example.net ~all',
    ],
    [
      'spf',
      txt('example.org', '"v=spf1 include:_spf.example.net ~all"'),
      'v=spf1 include:_spf.example.net ip4:192.0.2.25 ~all',
    ],
    [
      'dmarc',
      txt('_dmarc.example.org', 'v=DMARC1\\; p=reject\\; rua=mailto:d@example.org'),
      'v=DMARC1; p=reject; rua=mailto:d@example.org',
    ],
    ['dmarc', txt('_dmarc.example.org', 'v=dmarc1; p=quarantine'), 'v=DMARC1; p=quarantine'],
    ['mta-sts', txt('_mta-sts.example.org', '"v=STSv1; id=1"'), ''],
    [
      'tls-rpt',
      txt('_smtp._tls.example.org', 'v=TLSRPTv1 rua=mailto:t@example.org'),
      'v=TLSRPTv1; rua=mailto:t@example.org,mailto:tls@example.org',
    ],
  ];
  const others = [...around.filter(({ name }) => name !== 'example.org'), ...apex.slice(0, 1)];
  const net = txt('_spf.example.net', 'v=spf1 ip4:203.0.113.0/24 -all');
  for (const [id, record, wanted] of rows) {
    test(`${id}: ${dataText(record)}`, () => {
      const found = step(id, [...others, net, record]);
      assert.equal(found.state, 'wrong');
      assert.deepEqual(lines(found.remove), lines([record]));
      assert.equal(found.add.length, 1);
      if (wanted !== '') assert.equal(found.add.map(dataText)[0], wanted);
      assert.match(found.why, /^broken because /);
    });
  }

  test('if it is not plain what was meant, nothing is put beside it', () => {
    const found = step('spf', [...others, txt('example.org', 'v=spf1, see the wiki')]);
    assert.deepEqual(changesOf(found), ['wrong', [], []]);
  });

  test('a term that was perhaps read wrongly is not taken out', () => {
    const record = txt('example.org', 'v=spf1include:_spf.example.neta~all');
    const found = step('spf', [...others, net, record]);
    assert.deepEqual(changesOf(found), ['wrong', [], []]);
  });

  test('beside a good record it is a hint', () => {
    const records = [
      ...around,
      txt('_dmarc.example.org', 'v=DMARC1; p=none; rua=mailto:d@example.org'),
      txt('_dmarc.example.org', 'v=DMARC1 p=reject'),
    ];
    const { domains } = look(records);
    const finding = domains[0]?.aspect.findings.find(({ id }) => id === 'dmarc');
    assert.equal(finding?.kind, 'ok');
    assert.match(finding?.fix ?? '', /^remove the other text: broken because/);
  });
});

test('a text of another kind at the name of a key is not removed', () => {
  const other = txt('s1._domainkey.example.org', 'google-site-verification=abc');
  const found = step('dkim.s1', [...around, other]);
  assert.deepEqual(changesOf(found), ['wrong', [], []]);
  assert.match(found.why, /is no key, and nothing else may stand here/);
});
