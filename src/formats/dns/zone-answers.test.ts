import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy, answeredLater, ask, type DnsLookup } from './question.ts';
import { type DnsData, type DnsRecord, textOfTxt, txtStrings } from './record.ts';
import { zoneAnswers } from './zone-answers.ts';

const record = (name: string, data: DnsData): DnsRecord => ({ ...data, name, ttlSeconds: 60 });
const txt = (name: string, text: string): DnsRecord =>
  record(name, { type: 'TXT', strings: txtStrings(text) });

const answer = zoneAnswers([
  txt('example.org', 'v=spf1 -all'),
  record('mail.example.org', { type: 'A', address: '192.0.2.1' }),
  record('www.example.org', { type: 'CNAME', target: 'mail.example.org' }),
  record('round.example.org', { type: 'CNAME', target: 'round.example.org' }),
  record('*.wild.example.org', { type: 'A', address: '192.0.2.2' }),
  txt('under.there.wild.example.org', 'below'),
  record('old.example.org', { type: 'DNAME', target: 'wild.example.org' }),
  txt('silent.example.org', 'TIMEOUT'),
]);
const said = (name: string, type: 'A' | 'TXT' | 'MX'): string => {
  const found = answer({ name, type });
  if (found.kind === 'failure') return found.reason;
  if (found.kind === 'none') return found.exists ? 'nodata' : 'nxdomain';
  const [first] = found.records;
  return first?.type === 'A'
    ? `${first.name} ${first.address}`
    : first?.type === 'TXT'
      ? textOfTxt(first)
      : '?';
};

test('records, aliases, wildcards, names that only have others below, and silence', () => {
  assert.equal(said('Example.ORG', 'TXT'), 'v=spf1 -all');
  assert.equal(said('www.example.org', 'A'), 'mail.example.org 192.0.2.1');
  assert.equal(said('round.example.org', 'A'), 'servfail');
  assert.equal(said('any.wild.example.org', 'A'), 'any.wild.example.org 192.0.2.2');
  assert.equal(said('a.b.wild.example.org', 'A'), 'a.b.wild.example.org 192.0.2.2');
  assert.equal(said('there.wild.example.org', 'A'), 'nodata');
  assert.equal(said('any.old.example.org', 'A'), 'any.wild.example.org 192.0.2.2');
  assert.equal(said('old.example.org', 'A'), 'nodata');
  assert.deepEqual(answer({ name: 'a.b.old.example.org', type: 'CNAME' }), {
    kind: 'records',
    records: [record('a.b.old.example.org', { type: 'CNAME', target: 'a.b.wild.example.org' })],
    secure: false,
  });
  assert.equal(said('silent.example.org', 'A'), 'timeout');
  assert.equal(said('example.org', 'MX'), 'nodata');
  assert.equal(said('other.example', 'A'), 'nxdomain');
});

test('a computation that asks gets the same answers now and later', async () => {
  function* both(): DnsLookup<string> {
    const first = yield* ask('mail.example.org', 'A');
    const more = yield [
      { name: 'example.org', type: 'TXT' } as const,
      { name: 'other.example', type: 'A' } as const,
    ];
    return [first.kind, ...more.map(({ kind }) => kind)].join(' ');
  }
  assert.equal(answeredBy(both(), answer), 'records records none');
  assert.equal(
    await answeredLater(both(), async (question) => answer(question)),
    'records records none',
  );
});

test('a text is cut at 255 octets and is whole again', () => {
  const text = 'p'.repeat(600);
  assert.deepEqual(
    txtStrings(text).map((part) => part.length),
    [255, 255, 90],
  );
  assert.equal(textOfTxt({ strings: txtStrings(text) }), text);
  assert.deepEqual(txtStrings(''), ['']);
});
