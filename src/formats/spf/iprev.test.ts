import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy } from '../dns/question.ts';
import type { DnsRecord } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { evaluateIprev } from './iprev.ts';

const ptr = (name: string, target: string): DnsRecord => ({
  name,
  target,
  ttlSeconds: 60,
  type: 'PTR',
});
const v6 = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa';
const answers = zoneAnswers([
  ptr('1.2.0.192.in-addr.arpa', 'mail.example.org'),
  { name: 'mail.example.org', ttlSeconds: 60, type: 'A', address: '192.0.2.1' },
  { name: 'mail.example.org', ttlSeconds: 60, type: 'AAAA', address: '2001:db8::1' },
  ptr('2.2.0.192.in-addr.arpa', 'mail.example.org'),
  ptr('3.2.0.192.in-addr.arpa', 'silent.example.org'),
  { name: 'silent.example.org', ttlSeconds: 60, type: 'TXT', strings: ['TIMEOUT'] },
  ptr(v6, 'mail.example.org'),
  ...Array.from({ length: 50 }, (_, n) => ptr('5.2.0.192.in-addr.arpa', `h${n}.example.org`)),
  { name: 'h49.example.org', ttlSeconds: 60, type: 'A', address: '192.0.2.5' },
]);

const rows = [
  ['192.0.2.1', 'pass', 'mail.example.org'],
  ['2001:db8::1', 'pass', 'mail.example.org'],
  ['::ffff:192.0.2.1', 'pass', 'mail.example.org'],
  ['192.0.2.2', 'fail', ''],
  ['192.0.2.3', 'temperror', ''],
  ['192.0.2.4', 'permerror', ''],
  ['192.0.2.5', 'fail', ''],
  ['', 'permerror', ''],
] as const;
for (const [client, result, name] of rows) {
  test(`iprev of ${client === '' ? 'nobody' : client}: ${result}`, () => {
    const found = answeredBy(evaluateIprev(client), answers);
    assert.deepEqual([found.result, found.name], [result, name]);
    assert.ok(found.sentence.length > 0);
  });
}
