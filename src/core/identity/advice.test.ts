/** The advice for records as they are found: right records are kept, wrong ones fixed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  a,
  cname,
  digest,
  mx,
  plainIdentity,
  plainServer,
  ptr,
  txt,
  world,
} from '../../../test/doubles/identity.ts';
import { answeredBy, type DnsAnswer } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { hash53 } from '../../lib/hash.ts';
import { type Aspect, dataTexts } from './aspect.ts';
import { examine } from './examine.ts';
import type { Identity } from './identity.ts';

const around: readonly DnsRecord[] = [
  a('mail.example.org', '192.0.2.25'),
  ptr('192.0.2.25', 'mail.example.org'),
  mx('example.org', 'mail.example.org'),
  txt('_spf.example.com', 'v=spf1 ip4:203.0.113.0/24 -all'),
  txt('open.example.com', 'v=spf1 a +all'),
  txt('halves.example.com', 'v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all'),
  txt(
    'large.example.com',
    `v=spf1 ${[...'abcdefghijk'].map((n) => `a:${n}.example.com`).join(' ')} -all`,
  ),
];

function aspect(
  records: readonly DnsRecord[],
  identity: Partial<Identity> = {},
  secure = false,
): Aspect {
  const answer = zoneAnswers([...around, ...records]);
  const asked = (question: Parameters<typeof answer>[0]): DnsAnswer => {
    const said = answer(question);
    return said.kind === 'failure' ? said : { ...said, secure };
  };
  const found = answeredBy(
    examine(plainServer, [{ ...plainIdentity, ...identity }], 'beside'),
    asked,
  );
  const [first] = found.domains;
  assert.ok(first !== undefined && found.server !== undefined);
  return {
    steps: [...found.server.aspect.steps, ...first.aspect.steps],
    files: first.aspect.files,
    findings: [...found.server.aspect.findings, ...first.aspect.findings],
  };
}

/** `wrong: what should be there`. */
function advised({ steps }: Aspect, id: string): string {
  const step = steps.find((one) => one.id === id);
  if (step === undefined) return 'no step';
  if (step.state === 'have') return 'have';
  const isSame = step.add.length === 0 && step.remove.length === 0;
  if (step.state === 'wrong' && isSame) return 'only by hand';
  return `${step.state}: ${dataTexts([...step.keep, ...step.add])}`;
}

describe('SPF', () => {
  /** Nothing is advised, and the record stays. */
  const stuck = 'only by hand';
  const rows: readonly (readonly [readonly string[], string])[] = [
    [[], 'missing: v=spf1 ip4:192.0.2.25 ~all'],
    [['v=spf1 mx ~all'], 'have'],
    [['v=spf1 a mx -all'], 'have'],
    [['v=spf1 a ~all'], 'wrong: v=spf1 a ip4:192.0.2.25 ~all'],
    [['v=spf1 ip4:192.0.2.0/24 ?all'], 'wrong: v=spf1 ip4:192.0.2.0/24 ~all'],
    [['v=spf1 mx +all'], 'wrong: v=spf1 mx ~all'],
    [['v=spf1 mx'], 'wrong: v=spf1 mx ~all'],
    [['v=spf1 -ip4:192.0.2.0/24 -all'], 'wrong: v=spf1 ip4:192.0.2.25 -ip4:192.0.2.0/24 -all'],
    [
      ['v=spf1 redirect=_spf.example.com'],
      'wrong: v=spf1 ip4:192.0.2.25 redirect=_spf.example.com',
    ],
    [['v=spf1 ptr mx ip4:10.0.0.0/8 -all'], 'have'],
    [['v=spf1 mx ip4:11.0.0.0/8 -all'], stuck],
    [['v=spf1 include:open.example.com mx -all'], stuck],
    [['v=spf1 mx redirect=halves.example.com'], stuck],
    [['v=spf1 include:gone.example.com mx -all'], stuck],
    [['v=spf1 ipv4:192.0.2.25 nonsense -all'], stuck],
    [['v=spf1 ipv4:192.0.2.25 -all'], 'wrong: v=spf1 ip4:192.0.2.25 -all'],
    [
      ['v=spf1 mx redirect=_spf.example.com -all'],
      'wrong: v=spf1 mx include:_spf.example.com -all',
    ],
    [['v=spf1 mx -all include:_spf.example.com'], 'wrong: v=spf1 mx include:_spf.example.com -all'],
    [['v=spf1 mx include:_spf.example.com. include: -all'], stuck],
    [['v=spf1 mx ip4:gone.example.com -all'], stuck],
    [
      ['v=spf1 include:_spf.example.com -all', 'v=spf1 mx ~all'],
      'wrong: v=spf1 include:_spf.example.com mx ~all',
    ],
    [['v=spf1 a:x1.example.com a:x2.example.com a:x3.example.com mx -all'], stuck],
  ];
  for (const [texts, wanted] of rows) {
    test(texts.join(' | ') || 'nothing', () => {
      const found = aspect(texts.map((text) => txt('example.org', text)));
      assert.equal(advised(found, 'spf'), wanted);
    });
  }

  test('what costs too much is told, with what each term costs, and nothing is advised', () => {
    const found = aspect([
      txt('example.org', 'v=spf1 include:large.example.com mx -all'),
      ...[...'abcdefghijk'].map((n, nth) => a(`${n}.example.com`, `203.0.113.${nth}`)),
    ]);
    const step = found.steps.find(({ id }) => id === 'spf');
    assert.deepEqual([step?.state, step?.add, step?.remove], ['wrong', [], []]);
    assert.match(
      step?.why ?? '',
      /ask 13 times, 10 are allowed.*include:large.example.com 12, mx 1/,
    );
    assert.equal(found.findings.find(({ id }) => id === 'spf')?.kind, 'fail');
  });

  test('a domain that never sends', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['v=spf1 -all', 'have'],
      ['v=spf1 mx -all', 'wrong: v=spf1 -all'],
    ];
    for (const [text, wanted] of rows) {
      const found = aspect([txt('example.org', text)], { sends: false });
      assert.equal(advised(found, 'spf'), wanted);
    }
    assert.equal(advised(aspect([], { sends: false }), 'dmarc'), 'missing: v=DMARC1; p=reject');
    assert.equal(advised(aspect([], { sends: false }), 'dkim.none'), 'missing: v=DKIM1; p=');
  });
});

describe('DMARC', () => {
  const dmarcReports = ['dmarc@example.org'];
  const rows: readonly (readonly [readonly string[], Partial<Identity>, string])[] = [
    [[], {}, 'missing: v=DMARC1; p=none'],
    [[], { dmarcReports }, 'missing: v=DMARC1; p=none; rua=mailto:dmarc@example.org'],
    [['v=DMARC1; p=reject; x=1'], {}, 'have'],
    [
      ['v=DMARC1; p=quarantine; x=1; rua=mailto:a@example.org'],
      { dmarcReports },
      'wrong: v=DMARC1; p=quarantine; x=1; rua=mailto:a@example.org,mailto:dmarc@example.org',
    ],
    [['v=DMARC1; p=reject; pct=20; ri=1'], {}, 'wrong: v=DMARC1; p=reject; pct=20; t=y'],
    [['v=DMARC1; p=reject; pct=0'], {}, 'wrong: v=DMARC1; p=reject; pct=0; t=y'],
    [['v=DMARC1; p=reject; pct=0; t=y'], {}, 'have'],
    [['v=DMARC1; p=reject; pct=100%'], {}, 'wrong: v=DMARC1; p=reject'],
    [
      ['v=DMARC1; p=none; adkim=strict; aspf=relaxed'],
      {},
      'wrong: v=DMARC1; p=none; adkim=s; aspf=r',
    ],
    [
      ['v=DMARC1; p=quarantined, rua=mailto: a@example.org'],
      {},
      'wrong: v=DMARC1; p=quarantine; rua=mailto:a@example.org',
    ],
    [['v=DMARC1; p=none; pct=20'], {}, 'wrong: v=DMARC1; p=none'],
    [['v=DMARC1; rua=a@example.org'], {}, 'wrong: v=DMARC1; p=none; rua=mailto:a@example.org'],
    [
      ['v=DMARC1; p=reject', 'v=DMARC1; p=none; sp=reject'],
      {},
      'wrong: v=DMARC1; p=none; sp=reject',
    ],
    [['v=DMARC1; p=none; sp=none'], { sends: false }, 'wrong: v=DMARC1; p=reject'],
    [['hello'], {}, 'missing: v=DMARC1; p=none'],
  ];
  for (const [texts, identity, wanted] of rows) {
    test(texts.join(' | ') || 'nothing', () => {
      const found = aspect(
        texts.map((text) => txt('_dmarc.example.org', text)),
        identity,
      );
      assert.equal(advised(found, 'dmarc'), wanted);
    });
  }

  test('a subdomain is covered by its organisation; without mail only if that refuses all', () => {
    const domain = 'shop.example.org';
    const above = [txt('_dmarc.example.org', 'v=DMARC1; p=none; sp=quarantine')];
    assert.equal(advised(aspect(above, { domain }), 'dmarc'), 'no step');
    const silent = aspect(above, { domain, sends: false });
    assert.equal(advised(silent, 'dmarc'), 'missing: v=DMARC1; p=reject');
  });

  test('reports that go outside need consent there', () => {
    const text = 'v=DMARC1; p=none; rua=mailto:x@reports.example.net';
    const id = 'dmarc.reports.reports.example.net';
    const open = aspect([txt('_dmarc.example.org', text)]);
    assert.equal(advised(open, id), 'missing: v=DMARC1');
    assert.equal(open.steps.find((one) => one.id === id)?.where, 'other');
    const name = '*._report._dmarc.reports.example.net';
    const consent = [txt('_dmarc.example.org', text), txt(name, 'v=DMARC1')];
    assert.equal(advised(aspect(consent), id), 'have');
  });
});

describe('the rest', () => {
  test('MX', () => {
    const other = { domain: 'example.net' };
    const rows: readonly (readonly [readonly DnsRecord[], Partial<Identity>, string])[] = [
      [[], other, 'missing: 10 mail.example.org'],
      [[mx('example.net', 'mail.example.org')], other, 'have'],
      [[mx('example.net', '192.0.2.1')], other, 'wrong: 10 mail.example.org'],
      [
        [mx('example.net', 'gone.example.net', 5), mx('example.net', 'mail.example.org')],
        other,
        'wrong: 10 mail.example.org',
      ],
      [
        [mx('example.net', 'www.example.net'), cname('www.example.net', 'mail.example.org')],
        other,
        'wrong: 10 mail.example.org',
      ],
      [[mx('example.net', '', 0)], other, 'wrong: 10 mail.example.org'],
      [[], { ...other, sends: false }, 'missing: 0 .'],
      [[mx('example.net', '', 0)], { ...other, sends: false }, 'have'],
      [[mx('example.net', 'mail.example.org')], { ...other, sends: false }, 'have'],
    ];
    for (const [records, identity, wanted] of rows) {
      assert.equal(advised(aspect(records, identity), 'mx'), wanted);
    }
  });

  test('the server: reverse names that lead back', () => {
    const id = 'host.reverse.198.51.100.7';
    const at = (records: readonly DnsRecord[]): string => {
      const answer = zoneAnswers(records);
      const two = { ...plainServer, addresses: ['198.51.100.7'] };
      const found = answeredBy(examine(two, [], 'beside'), answer);
      return advised(found.server?.aspect ?? { steps: [], files: [], findings: [] }, id);
    };
    const wanted = 'mail.example.org';
    assert.equal(at([]), `missing: ${wanted}`);
    assert.equal(at([ptr('198.51.100.7', 'mail.example.org')]), 'have');
    assert.equal(at([ptr('198.51.100.7', 'other.example.net')]), `wrong: ${wanted}`);
    const back = [ptr('198.51.100.7', 'other.example.net'), a('other.example.net', '198.51.100.7')];
    assert.equal(at(back), 'have');
    const generic = 'host-198-51-100-7.dsl.example.net';
    const line = [ptr('198.51.100.7', generic), a(generic, '198.51.100.7')];
    assert.equal(at(line), `wrong: ${wanted}`);
    const silent = [
      ptr('198.51.100.7', 'silent.example.net'),
      txt('silent.example.net', 'TIMEOUT'),
    ];
    assert.equal(at(silent), 'unknown: ');
  });

  test('MTA-STS: record, host and file', () => {
    const found = aspect([], { mtaSts: 'testing' });
    const text = found.files[0]?.text ?? '';
    assert.match(text, /^version: STSv1\r\nmode: testing\r\nmx: mail\.example\.org\r\nmax_age: /);
    assert.equal(advised(found, 'mta-sts.host'), 'missing: 192.0.2.25');
    const id = /id=(\w+)/.exec(advised(found, 'mta-sts'))?.[1];
    const record = txt('_mta-sts.example.org', `v=STSv1; id=${id}`);
    const done = aspect([record], { mtaSts: 'testing', policyFile: { kind: 'text', text } });
    assert.equal(advised(done, 'mta-sts'), 'have');
    assert.equal(done.files[0]?.state, 'have');
    const moved = aspect(
      [record, mx('example.org', 'mail.example.net'), a('mail.example.net', '192.0.2.9')],
      {
        policyFile: { kind: 'text', text },
      },
    );
    assert.match(advised(moved, 'mta-sts'), /^wrong: v=STSv1; id=/);
    assert.match(
      moved.findings.find((one) => one.id === 'mta-sts.policy')?.found ?? '',
      /mail\.example\.net, which is not/,
    );
    const unread = aspect([record], { policyFile: { kind: 'unknown', why: 'no answer' } });
    assert.equal(unread.findings.find((one) => one.id === 'mta-sts.policy')?.kind, 'unknown');
    assert.equal(advised(unread, 'mta-sts'), 'have');
  });

  test('DANE only where DNSSEC is, and a stale record is a failure', () => {
    const certificates = [{ host: 'mail.example.org', digests: [digest] }];
    const id = 'dane.mail.example.org';
    assert.equal(advised(aspect([], { certificates }), id), 'no step');
    const wanted = `3 1 1 ${digest.association}`;
    assert.equal(advised(aspect([], { certificates }, true), id), `missing: ${wanted}`);
    const stale: DnsRecord = {
      name: '_25._tcp.mail.example.org',
      ttlSeconds: 60,
      type: 'TLSA',
      usage: 3,
      selector: 1,
      matching: 1,
      association: 'cd',
    };
    const found = aspect([stale], { certificates }, true);
    assert.equal(advised(found, id), `wrong: ${wanted}`);
    assert.equal(found.findings.find((one) => one.id === id)?.kind, 'fail');
  });

  test('a key with only a known selector is looked at, and no record is advised', () => {
    const one = 'v=DKIM1; k=ed25519; p=lUZxyJz0UBC2a5GdYhPBWTQzFe6Lpx2vGWxWFCmTxvk=';
    const rows: readonly (readonly [readonly string[], string, RegExp])[] = [
      [[], 'fail', /^nothing is published$/],
      [[one], 'ok', /^v=DKIM1; k=ed25519/],
      [[one, one.replace('p=l', 'p=m')], 'fail', /^2 records$/],
      [['v=DKIM1; k=rsa; p=AAAA'], 'fail', /./],
      [[one.replace('k=ed25519', 'k=ed25519; t=y')], 'warn', /test/],
      [['v=DKIM1; p='], 'fail', /revoked/],
    ];
    for (const [texts, kind, said] of rows) {
      const records = texts.map((text) => txt('k1._domainkey.example.org', text));
      const found = aspect(records, { selectors: ['k1'] });
      const finding = found.findings.find(({ id }) => id === 'dkim.k1');
      assert.equal(finding?.kind, kind, texts.join());
      assert.match(finding.found, said);
      assert.equal(advised(found, 'dkim.k1'), 'no step');
    }
  });

  test('left-overs of DomainKeys go', () => {
    const found = aspect([txt('_domainkey.example.org', 't=y; o=~;')]);
    assert.equal(advised(found, 'dkim.domain-keys'), 'wrong: ');
  });

  test('what was sent was signed, by keys that count', () => {
    const kind = (signedBy: string): unknown =>
      aspect([], { sent: { messagesPerDay: 3, signedBy } }).findings.find(
        ({ id }) => id === 'dkim.sent',
      )?.kind;
    assert.deepEqual(['', 'example.net', 'example.org', 'mail.example.org'].map(kind), [
      'warn',
      'warn',
      'ok',
      'ok',
    ]);
  });

  test('a domain said to be silent that was seen sending, and a public suffix', () => {
    const kind = (identity: Partial<Identity>): unknown =>
      aspect([], identity).findings.find(({ id }) => id === 'domain')?.kind;
    assert.equal(kind({ sends: false, sent: { messagesPerDay: 3, signedBy: '' } }), 'fail');
    assert.equal(kind({ domain: 'org' }), 'warn');
    assert.equal(kind({}), 'ok');
  });
});

const silent: DnsAnswer = { kind: 'failure', reason: 'timeout', text: 'no answer' };

test('a silent DNS is nobody’s fault: nothing is bad, nothing is advised', () => {
  fc.assert(
    fc.property(world, ({ server: its, identities }) => {
      const found = answeredBy(examine(its, identities, 'beside'), () => silent);
      const all = [found.server?.aspect, ...found.domains.map((one) => one.aspect)];
      for (const one of all) {
        const bad = one?.findings.filter(({ kind }) => kind === 'warn' || kind === 'fail');
        assert.deepEqual(bad ?? [], []);
        const steps = one?.steps.filter(({ state }) => state !== 'unknown');
        assert.deepEqual(steps ?? [], []);
      }
    }),
    { numRuns: 50 },
  );
});

test('where the DNS does not answer for a name, nothing there is changed', () => {
  fc.assert(
    fc.property(world, fc.nat(), ({ server: its, identities, records }, seed) => {
      const answer = zoneAnswers(records);
      const fails = ({ name, type }: { name: string; type: string }): boolean =>
        hash53(`${name} ${type}`, seed) % 3 === 0;
      const asked = (question: Parameters<typeof answer>[0]): DnsAnswer =>
        fails(question) ? silent : answer(question);
      const found = answeredBy(examine(its, identities, 'beside'), asked);
      const steps = [found.server?.aspect, ...found.domains.map((one) => one.aspect)].flatMap(
        (one) => one?.steps ?? [],
      );
      for (const step of steps.filter(fails)) {
        assert.deepEqual([step.state, step.add, step.remove], ['unknown', [], []], step.id);
      }
    }),
    { numRuns: 200 },
  );
});
