import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type DmarcRecord,
  dmarcPolicyFor,
  parseDmarcRecord,
  printDmarcTags,
  reportAddress,
} from './record.ts';

function read(text: string): DmarcRecord {
  const record = parseDmarcRecord(text);
  assert.ok(record !== undefined, text);
  return record;
}
const faults = (text: string): readonly string[] =>
  read(text).faults.map(({ kind, tag }) => `${kind} ${tag}`);

test('a whole record', () => {
  const record = read(
    'v=DMARC1; p=Reject; sp=quarantine; np=none; adkim=s; aspf=r; fo=1:d; t=y; psd=n; ' +
      'rua=mailto:a@example.org , mailto:b%2Bc@example.net!10m',
  );
  assert.deepEqual([record.p, record.sp, record.np], ['reject', 'quarantine', 'none']);
  assert.deepEqual([record.dkimAlignment, record.spfAlignment], ['strict', 'relaxed']);
  assert.deepEqual([record.testing, record.psd], [true, 'n']);
  assert.deepEqual(record.reportsTo, ['mailto:a@example.org', 'mailto:b%2Bc@example.net!10m']);
  assert.deepEqual(record.reportsTo.map(reportAddress), [
    { address: 'a@example.org', domain: 'example.org' },
    { address: 'b+c@example.net', domain: 'example.net' },
  ]);
});

const rows: readonly (readonly [string, readonly string[]])[] = [
  ['v=DMARC1', []],
  ['v=DMARC1;p=none;', []],
  [' v = DMARC1 ; p = none ', []],
  ['v=DMARC1; p=nonsense', ['value p']],
  ['v=DMARC1; rua=mailto:a@example.org; p=none', ['order p']],
  ['v=DMARC1; p=none; pct=20; ri=3600; rf=afrf', ['historic pct', 'historic ri', 'historic rf']],
  ['v=DMARC1; p=none; x=1', ['unknown x']],
  ['v=DMARC1; p=none; constructor=1', ['unknown constructor']],
  ['v=DMARC1; p=none; p=reject', ['duplicate p']],
  ['v=DMARC1; p=none; rua', ['malformed ']],
  ['v=DMARC1; p=none; rua=', ['malformed rua']],
  ['v=DMARC1; p=none; rua=dmarc@example.org', ['value rua']],
  ['v=DMARC1; p=none; rua=mailto:a@example.org!1m', ['historic rua']],
  ['v=DMARC1; p=none; adkim=strict', ['value adkim']],
  ['v=DMARC1; p=none; sp', ['malformed ']],
];
for (const [text, wanted] of rows) {
  test(`faults of ${text}`, () => assert.deepEqual(faults(text), wanted));
}

for (const text of ['', 'v=DMARC2; p=none', 'p=none; v=DMARC1', 'v=dmarc1; p=none', 'v=DMARC1x']) {
  test(`no DMARC record: “${text}”`, () => assert.equal(parseDmarcRecord(text), undefined));
}

test('the policy for a domain, its subdomains and missing subdomains', () => {
  const asked = (text: string): string =>
    (['domain', 'subdomain', 'nonexistent'] as const)
      .map((whose) => dmarcPolicyFor(read(text), whose))
      .join(' ');
  assert.equal(asked('v=DMARC1'), 'none none none');
  assert.equal(asked('v=DMARC1; p=reject'), 'reject reject reject');
  assert.equal(asked('v=DMARC1; p=reject; sp=none'), 'reject none none');
  assert.equal(asked('v=DMARC1; p=none; np=reject'), 'none none reject');
  assert.equal(asked('v=DMARC1; p=bogus; sp=reject'), 'none reject reject');
});

test('addresses of reports', () => {
  for (const text of ['https://example.org/', 'mailto:', 'mailto:a@', 'mailto:@b.example', 'a@b']) {
    assert.equal(reportAddress(text), undefined, text);
  }
});

test('whatever stands there, printing what was read and reading it again gives the same', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('p=none', 'p=reject', 'rua=mailto:a@b.example', 'x =  1 2', 'pct=5', '=', 'v='),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const record = read(['v=DMARC1', ...parts].join(';'));
      const again = read(printDmarcTags(record.tags));
      assert.deepEqual(again.tags, record.tags);
      assert.deepEqual(
        [again.p, again.sp, again.reportsTo],
        [record.p, record.sp, record.reportsTo],
      );
    }),
  );
});
