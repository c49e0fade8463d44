/** How bad a fault of an SPF record is, and what its lookups cost clients of IPv4 and IPv6. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, mx, plainIdentity, plainServer, ptr, txt } from '../../../test/doubles/identity.ts';
import { answeredBy } from '../../formats/dns/question.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import type { Finding } from '../finding.ts';
import { examine } from './examine.ts';

const around = [
  a('mail.example.org', '192.0.2.25'),
  ptr('192.0.2.25', 'mail.example.org'),
  mx('example.org', 'mail.example.org'),
  ...['one', 'two', 'three', 'everybody', 'read-as'].map((name, nth) =>
    a(`${name}.example.com`, `203.0.113.${nth}`),
  ),
];

function finding(record: string, id: 'spf' | 'spf.budget'): Finding | undefined {
  const answer = zoneAnswers([...around, txt('example.org', record)]);
  const [domain] = answeredBy(examine(plainServer, [plainIdentity], 'beside'), answer).domains;
  return domain?.aspect.findings.find((one) => one.id === id);
}

test('a fault is as bad as what it does, whatever names the record has', () => {
  for (const [record, kind] of [
    ['v=spf1 mx -all', 'ok'],
    ['v=spf1 a:everybody.example.com a:everybody.example.com mx -all', 'warn'],
    ['v=spf1 a:read-as.example.com mx ?all', 'warn'],
    ['v=spf1 mx', 'warn'],
    ['v=spf1 mx +all', 'fail'],
    ['v=spf1 a:everybody.example.com -all', 'fail'],
    ['v=spf1, mx -all', 'fail'],
    ['v=spf1 mx ip4=203.0.113.7 -all', 'fail'],
  ] as const) {
    assert.equal(finding(record, 'spf')?.kind, kind, record);
  }
});

test('three hosts without an IPv6 address: IPv6 clients get permerror', () => {
  const hosts = ['one', 'two', 'three'].map((name) => `a:${name}.example.com`).join(' ');
  const record = `v=spf1 ip4:192.0.2.25 ${hosts} -all`;
  assert.deepEqual(finding(record, 'spf'), {
    id: 'spf',
    kind: 'warn',
    title: 'SPF of example.org',
    found:
      `${record} — 3 of its terms name hosts without an IPv6 address, 2 are allowed: ` +
      'IPv6 clients that no earlier term names get permerror',
    wanted: 'at most 2 lookups that find nothing, for clients of each family',
    fix: 'name the addresses (ip4:, ip6:) instead of these hosts',
  });
  const two = record.replace(' a:three.example.com', '');
  assert.equal(finding(two, 'spf')?.kind, 'ok');
  assert.equal(
    finding(two, 'spf.budget')?.found,
    '2 of 10 lookups, 0 of 2 that find nothing (IPv6 clients: 2)',
  );
});
