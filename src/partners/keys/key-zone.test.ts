import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DkimKey } from '../../core/signing/key.ts';
import type { DnsAnswer } from '../../formats/dns/question.ts';
import { type DnsRecord, textOfTxt, txtStrings } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { hourMs } from '../../lib/time.ts';
import type { ZoneUpdate } from '../dns/nsupdate.ts';
import { openKeyZone } from './key-zone.ts';

const key = {
  domain: 'sub.example.org',
  selector: 's',
  algorithm: 'rsa-sha256',
  publicKey: 'AAAA',
} as unknown as DkimKey;
const name = 's._domainkey.sub.example.org';
const txt = (text: string): DnsRecord => ({
  type: 'TXT',
  name,
  ttlSeconds: 60,
  strings: txtStrings(text),
});
const soa = (zone: string, minimum: number): DnsRecord => ({
  type: 'SOA',
  name: zone,
  ttlSeconds: 86_400,
  primary: 'ns',
  mailbox: 'x',
  serial: 1,
  refresh: 1,
  retry: 1,
  expire: 1,
  minimum,
});

function open(records: readonly DnsRecord[], refuses = '') {
  const sent: string[] = [];
  const ttls: number[] = [];
  const answer = zoneAnswers(records);
  const update = (zone: string) => async (what: ZoneUpdate) => {
    ttls.push(...what.add.map(({ ttlSeconds }) => ttlSeconds));
    const texts = (list: readonly DnsRecord[]): string =>
      list.map((one) => (one.type === 'TXT' ? textOfTxt(one) : '?')).join(' | ');
    sent.push(`${zone} ${what.zone}: -${texts(what.remove)} +${texts(what.add)}`);
    return refuses === ''
      ? ({ ok: true, value: undefined } as const)
      : ({ ok: false, error: refuses } as const);
  };
  const zone = openKeyZone({
    resolve: async (question) => answer(question),
    authorities: async (question) => [
      { server: 'ns1', address: '192.0.2.1', answer: answer(question) as DnsAnswer },
    ],
    updates: ['example.org.', 'Sub.Example.org'].map((one) => ({ zone: one, update: update(one) })),
    ttlSeconds: 60,
    probationTtlSeconds: 5,
  });
  return { zone, sent, ttls };
}

test('the nearest zone is changed, or none', async () => {
  const { zone, sent } = open([]);
  await zone.send(key, 'key');
  assert.deepEqual(sent, [
    'Sub.Example.org sub.example.org: -v=DKIM1; k=rsa; p= +v=DKIM1; k=rsa; p=AAAA',
  ]);
  assert.deepEqual(['example.org', 'a.example.org', 'notexample.org', 'org'].map(zone.canSend), [
    true,
    true,
    false,
    false,
  ]);
  const far = { ...key, domain: 'other.example' };
  await assert.rejects(zone.send(far, 'key'), { code: 'dns-update' });
  await assert.rejects(open([], 'REFUSED').zone.send(key, 'key'), /REFUSED/);
});

test('a record that another program wrote is taken away with its own words', async () => {
  const { zone, sent } = open([txt('v=DKIM1; h=sha256; p=AAAA; n=ours')]);
  await zone.send(key, 'revoked');
  await zone.send(key, 'nothing');
  assert.deepEqual(
    sent.map((line) => line.split(': -')[1]),
    [
      'v=DKIM1; k=rsa; p=AAAA | v=DKIM1; h=sha256; p=AAAA; n=ours +v=DKIM1; k=rsa; p=',
      'v=DKIM1; k=rsa; p=AAAA | v=DKIM1; k=rsa; p= | v=DKIM1; h=sha256; p=AAAA; n=ours +',
    ],
  );
});

test('a probation key has a short time to live, so that its revocation counts soon', async () => {
  const { zone, ttls } = open([]);
  await zone.send(key, 'key');
  await zone.send({ ...key, use: 'probation' }, 'key');
  await zone.send({ ...key, use: 'probation' }, 'revoked');
  assert.deepEqual(ttls, [60, 5, 5]);
  assert.deepEqual([zone.ttlOf(key), zone.ttlOf({ use: 'probation' })], [60, 5]);
});

test('a resolver caches a missing name as the zone’s SOA says, at most three hours', async () => {
  const cached = async (...records: readonly DnsRecord[]): Promise<number> =>
    (await open(records).zone.look(key)).cachedMs / hourMs;
  assert.equal(await cached(soa('example.org', 1_800)), 0.5);
  assert.equal(await cached(soa('example.org', 1_800), soa('sub.example.org', 7_200)), 2);
  // What a resolver has left of the record says nothing.
  assert.equal(await cached({ ...soa('example.org', 7_200), ttlSeconds: 3 }), 2);
  assert.equal(await cached(soa('sub.example.org', 86_400)), 3);
  assert.equal(await cached(), 1);
});
