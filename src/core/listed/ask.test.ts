/** What blocklists answer, and what it proves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy, type DnsAnswer } from '../../formats/dns/question.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { parseBindZone } from '../../formats/dns/zone-bind.ts';
import { askLists, type ListedRow } from './ask.ts';
import { listedItem } from './item.ts';
import { type BlockList, blockListOf, blockLists, meaningOf } from './lists.ts';

const zen = blockListOf('zen.spamhaus.org');
const dbl = blockListOf('dbl.spamhaus.org');
const cop = blockListOf('bl.spamcop.net');

function ask(
  subjects: readonly string[],
  lists: readonly BlockList[],
  zone: string,
): readonly ListedRow[] {
  const read = parseBindZone(zone);
  assert.ok(read.ok);
  return answeredBy(askLists(subjects, lists), zoneAnswers(read.value));
}

const alive = '2.0.0.127.zen.spamhaus.org. 60 IN A 127.0.0.2\n';
const here = '25.2.0.192.zen.spamhaus.org. 60 IN';

test('listed, with its meaning and the reason of the list', () => {
  const zone = `${alive}${here} A 127.0.0.4\n${here} TXT "see https://check.example/192.0.2.25"\n`;
  const [row] = ask(['192.0.2.25'], [zen], zone);
  assert.equal(row?.state, 'listed');
  assert.ok(row?.state === 'listed');
  assert.deepEqual(row.codes, ['127.0.0.4']);
  assert.match(row.meaning, /^XBL: a program on this machine/);
  assert.equal(row.reason, 'see https://check.example/192.0.2.25');
});

test('clean only if the test entry of the list is there', () => {
  assert.equal(ask(['192.0.2.25'], [zen], alive)[0]?.state, 'clean');
  const [row] = ask(['192.0.2.25'], [zen], 'other.test. 60 IN A 192.0.2.1\n');
  assert.ok(row?.state === 'unknown');
  assert.match(row.why, /test entry is missing/);
});

const unknowns = [
  ['an open resolver', `2.0.0.127.zen.spamhaus.org. 60 IN A 127.255.255.254\n`, /resolver of your/],
  ['too many questions', `2.0.0.127.zen.spamhaus.org. 60 IN A 127.255.255.255\n`, /asks too much/],
  ['a mistyped zone', `2.0.0.127.zen.spamhaus.org. 60 IN A 127.255.255.252\n`, /mistyped/],
  ['only the address is refused', `${alive}${here} A 127.255.255.254\n`, /does not answer us/],
  [
    'a resolver that changes answers',
    `*.zen.spamhaus.org. 60 IN A 203.0.113.9\n`,
    /no answer of a/,
  ],
  ['a list that names everything', `*.zen.spamhaus.org. 60 IN A 127.0.0.2\n`, /names everything/],
] as const;
for (const [name, zone, why] of unknowns) {
  test(`unknown, neither listed nor clean: ${name}`, () => {
    const [row] = ask(['192.0.2.25'], [zen], zone);
    assert.ok(row?.state === 'unknown', JSON.stringify(row));
    assert.match(row.why, why);
  });
}

test('unknown if the resolver does not answer', () => {
  const failure: DnsAnswer = { kind: 'failure', reason: 'timeout', text: 'timed out' };
  const rows = answeredBy(askLists(['192.0.2.25'], [zen]), () => failure);
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['unknown'],
  );
});

test('IPv6 is asked only where a list has it, and domains only where a list has domains', () => {
  const asked: string[] = [];
  const none: DnsAnswer = { kind: 'none', exists: false, secure: false };
  answeredBy(askLists(['2001:db8::1', 'example.org'], [zen, cop, dbl]), ({ name }) => {
    asked.push(name);
    return none;
  });
  const v6 = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.zen.spamhaus.org`;
  assert.ok(asked.includes(v6), asked.join('\n'));
  assert.ok(asked.includes('example.org.dbl.spamhaus.org'));
  assert.ok(!asked.some((name) => name.endsWith('bl.spamcop.net')));
});

test('bits of an answer are read one by one, and codes that are new are named', () => {
  const surbl = blockListOf('multi.surbl.org');
  assert.equal(meaningOf(surbl, '127.0.0.72'), 'PH: links to phishing; ABUSE: links in spam');
  assert.match(meaningOf(zen, '127.0.0.77'), /127\.0\.0\.77/);
});

test('a list of the operator is asked as RFC 5782 says', () => {
  const own = blockListOf('domain:rhs.example.org');
  const zone =
    'test.rhs.example.org. 60 IN A 127.0.0.2\nexample.org.rhs.example.org. 60 IN A 127.0.0.3\n';
  const rows = ask(['example.org', '192.0.2.1'], [own], zone);
  assert.deepEqual(
    rows.map(({ subject, state }) => [subject, state]),
    [['example.org', 'listed']],
  );
});

test('no list sells removal, and each says how to be removed', () => {
  for (const { codes, lasts, removal, whenSilent, zone } of blockLists) {
    assert.match(removal, /^https:\/\//, zone);
    assert.ok(lasts.length > 20 && whenSilent.length > 20, zone);
    assert.ok(Object.keys(codes).length > 0, zone);
  }
});

test('the item: broken where listed, unknown without the decisive list, else done', () => {
  const listed = ask(['192.0.2.25'], [zen], `${alive}${here} A 127.0.0.2\n`);
  assert.equal(listedItem(listed, '').state, 'broken');
  assert.match(listedItem(listed, '').found, /192\.0\.2\.25 on zen\.spamhaus\.org/);
  assert.equal(listedItem(ask(['192.0.2.25'], [zen], ''), '').state, 'unknown');
  assert.equal(listedItem([], 'behind NAT').found, 'behind NAT');
  assert.equal(listedItem([], '').state, 'unknown');
  const cleanWithout = ask(['192.0.2.25'], [zen, cop], alive);
  assert.equal(listedItem(cleanWithout, '').state, 'done');
  assert.match(listedItem(cleanWithout, '').found, /without an answer: bl\.spamcop\.net/);
});
