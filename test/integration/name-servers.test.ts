/**
 * What we print is served by real name servers as we meant it, octet for octet: BIND and tinydns;
 * zones are changed with nsupdate; and servers of one zone are asked one by one.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { printName } from '../../src/formats/dns/name.ts';
import type { DnsAnswer } from '../../src/formats/dns/question.ts';
import {
  type DnsData,
  type DnsRecord,
  type DnsType,
  textOfTxt,
  txtStrings,
} from '../../src/formats/dns/record.ts';
import type { DnsServer } from '../../src/formats/dns/server-address.ts';
import { printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { printTinydnsZone } from '../../src/formats/dns/zone-tinydns.ts';
import type { Millis } from '../../src/lib/time.ts';
import { openAuthorities } from '../../src/partners/dns/authority.ts';
import { openNsupdate } from '../../src/partners/dns/nsupdate.ts';
import { type OpenResolver, openResolver } from '../../src/partners/dns/resolver.ts';
import { anyName, anyRecord } from '../doubles/records.ts';
import { checkZone, startNamed, updateServer, writeTsigKey } from './named-instance.ts';
import { openRelay } from './relay.ts';
import { startTinydns } from './tinydns-instance.ts';

const zone = 'example.test';
const at = (name: string, data: DnsData, ttlSeconds = 300): DnsRecord => ({
  ...data,
  name: name === '' ? zone : `${name}.${zone}`,
  ttlSeconds,
});
const txt = (name: string, ...strings: readonly string[]): DnsRecord =>
  at(name, { type: 'TXT', strings });
const text = (name: string, whole: string): DnsRecord => txt(name, ...txtStrings(whole));

function dkimKey(modulusLength: number): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `v=DKIM1; k=rsa; p=${der.toString('base64')}`;
}

const octets = (from: number, to: number): string =>
  String.fromCharCode(...Array.from({ length: to - from }, (_, nth) => from + nth));

const records: readonly DnsRecord[] = [
  at('', {
    type: 'SOA',
    primary: `ns1.${zone}`,
    mailbox: `john\\.doe.${zone}`,
    serial: 2_026_112_501,
    refresh: 7_200,
    retry: 3_600,
    expire: 1_209_600,
    minimum: 300,
  }),
  at('', { type: 'NS', target: `ns1.${zone}` }),
  at('', { type: 'NS', target: `ns2.${zone}` }),
  at('ns1', { type: 'A', address: '127.0.0.1' }),
  at('ns2', { type: 'A', address: '127.0.0.2' }),
  at('', { type: 'MX', preference: 10, exchange: `mail.${zone}` }),
  at('mail', { type: 'A', address: '192.0.2.1' }),
  at('mail', { type: 'AAAA', address: '2001:db8::1:0:41' }),
  at('www', { type: 'CNAME', target: `mail.${zone}` }),
  at('silent', { type: 'MX', preference: 0, exchange: '' }),
  at('*.wild', { type: 'A', address: '192.0.2.9' }),
  at('1.2.0.192', { type: 'PTR', target: `mail.${zone}` }),
  at('_25._tcp.mail', {
    type: 'TLSA',
    usage: 3,
    selector: 1,
    matching: 1,
    association: 'ab'.repeat(32),
  }),
  txt('', 'v=spf1 a mx ip4:5.5.5.5 ip6:2001:db8::/32 ~all'),
  txt('_dmarc', `v=DMARC1; p=reject; rua=mailto:dmarc@${zone}; aspf=s`),
  txt('_smtp._tls', `v=TLSRPTv1; rua=mailto:tls@${zone},https://tls.example/v1`),
  text('s2048._domainkey', dkimKey(2_048)),
  text('s4096._domainkey', dkimKey(4_096)),
  txt('quotes', 'a "quoted" word', '"', 'ends with "'),
  txt('backslashes', '\\', 'a\\b\\\\c', '\\"', '\\065', '\\072'),
  txt('marks', ';', 'a ; b', '(', ')', '@', '$ORIGIN', ':', 'a:b::', "'", '#', '%{i}'),
  txt('blanks', ' ', '  two  ', '\t', 'a\nb\r\n', 'last '),
  txt('low', octets(0, 128)),
  txt('high', octets(128, 256)),
  txt('full', 'x'.repeat(255), 'y'.repeat(255), 'z'),
  txt('_under_score._x', 'underscores'),
  txt('many', 'one'),
  txt('many', 'two'),
];

const sorted = (all: readonly DnsRecord[]): readonly string[] =>
  all.map((one) => JSON.stringify(Object.entries(one).sort())).sort();
const sets: readonly { readonly name: string; readonly type: DnsType }[] = [
  ...new Map(records.map(({ name, type }) => [`${name} ${type}`, { name, type }])).values(),
];
const wanted = (name: string, type: DnsType): readonly DnsRecord[] =>
  records.filter((one) => one.name === name && one.type === type);

const resolverAt = (...servers: readonly DnsServer[]): OpenResolver =>
  openResolver({ servers, trusted: false, clock: { now: () => Date.now() as Millis } });

test('printed for BIND: named-checkzone accepts it, named serves it', async () => {
  for (const printed of [printBindZone(records, { origin: zone }), printBindZone(records)]) {
    const said = await checkZone(zone, printed);
    assert.match(said, /^zone example\.test\/IN: loaded serial 2026112501\nOK\n$/);
  }
  await using named = await startNamed({
    zones: { [zone]: printBindZone(records, { origin: zone }) },
  });
  using resolve = resolverAt(named.server);
  for (const { name, type } of sets) {
    const answer = await resolve({ name, type });
    assert.ok(answer.kind === 'records', `${name} ${type}: ${JSON.stringify(answer)}`);
    assert.deepEqual(sorted(answer.records), sorted(wanted(name, type)), `${name} ${type}`);
    assert.deepEqual(sorted(await named.dig(name, type)), sorted(wanted(name, type)));
  }
  const none = async (name: string, type: DnsType): Promise<DnsAnswer> => resolve({ name, type });
  assert.deepEqual(await none(`nothing.${zone}`, 'A'), {
    kind: 'none',
    exists: false,
    secure: false,
  });
  assert.deepEqual(await none(`mail.${zone}`, 'TXT'), {
    kind: 'none',
    exists: true,
    secure: false,
  });
  const alias = await resolve({ name: `www.${zone}`, type: 'AAAA' });
  assert.ok(alias.kind === 'records');
  assert.deepEqual(alias.records, wanted(`mail.${zone}`, 'AAAA'));
  const other = await resolve({ name: 'elsewhere.invalid', type: 'A' });
  assert.ok(other.kind === 'failure' && other.reason === 'refused');
});

/** The text is what counts; tinydns cuts it anew. */
const asText = (all: readonly DnsRecord[]): readonly string[] =>
  sorted(all.map((one) => (one.type === 'TXT' ? { ...one, strings: [textOfTxt(one)] } : one)));

test('printed for tinydns: tinydns-data accepts it, tinydns serves every value', async () => {
  await using tinydns = await startTinydns(printTinydnsZone(records));
  using resolve = resolverAt(tinydns.server);
  const long: string[] = [];
  for (const { name, type } of sets) {
    const answer = await resolve({ name, type });
    if (answer.kind === 'failure') {
      assert.match(answer.text, /cannot be reached \(ECONNREFUSED\)/); // it has no TCP
      const stored = (await tinydns.stored(name)).map((one) => txt('', one));
      assert.deepEqual(asText(stored.map((one) => ({ ...one, name }))), asText(wanted(name, type)));
      long.push(name);
      continue;
    }
    assert.ok(answer.kind === 'records', `${name} ${type}: ${JSON.stringify(answer)}`);
    assert.deepEqual(asText(answer.records), asText(wanted(name, type)), `${name} ${type}`);
  }
  assert.deepEqual(long, [`s4096._domainkey.${zone}`, `full.${zone}`]);
  const wild = await resolve({ name: `any.wild.${zone}`, type: 'A' });
  assert.ok(wild.kind === 'records' && wild.records[0]?.name === `any.wild.${zone}`);
});

/** Names and texts of any octets, the same in each run. */
const odd: readonly DnsRecord[] = fc
  .sample(fc.tuple(anyName, anyRecord(anyName)), { numRuns: 400, seed: 4 })
  .flatMap(([name, record], nth) =>
    record.type === 'TXT' ? [{ ...record, name: `${name}${name && '.'}n${nth}.${zone}` }] : [],
  )
  .filter(({ name }) => !name.startsWith('*'))
  .map((record) => ({ ...record, ttlSeconds: 300 }))
  .slice(0, 50);

test('names and texts of any octets are served as they were meant, by both', async () => {
  const all = [...records.slice(0, 5), ...odd];
  await using named = await startNamed({ zones: { [zone]: printBindZone(all, { origin: zone }) } });
  await using tinydns = await startTinydns(printTinydnsZone(all));
  using bind = resolverAt(named.server);
  using tiny = resolverAt(tinydns.server);
  let [same, long] = [0, 0];
  for (const record of odd) {
    const { name, type } = record;
    const answer = await bind({ name, type });
    assert.ok(answer.kind === 'records', `${name}: ${JSON.stringify(answer)}`);
    assert.deepEqual(answer.records, [record]);
    assert.deepEqual(await named.dig(`${printName(name, undefined)}`, type), [record]);
    const served = await tiny({ name, type });
    if (served.kind === 'failure') long += 1;
    else {
      assert.ok(served.kind === 'records');
      assert.deepEqual(asText(served.records), asText([record]));
      same += 1;
    }
  }
  assert.ok(same > 30 && same + long === 50, `${odd.length} ${same} ${long}`);
});

test('nsupdate adds, replaces and withdraws; who may not is told why', async (t) => {
  await using named = await startNamed({ zones: { [zone]: printBindZone(records) } });
  const server = updateServer(named);
  const update = openNsupdate({ server, keyFile: named.keyFile });
  const key = text('new._domainkey', dkimKey(2_048));
  const next = txt('new._domainkey', 'v=DKIM1; p=', 'a "b" \\ ;', octets(0, 255));
  const there = (): Promise<readonly DnsRecord[]> => named.dig(key.name, 'TXT');
  const absent = [{ name: key.name, type: 'TXT' }] as const;

  assert.deepEqual(await update({ zone, remove: [], add: [key], absent }), {
    ok: true,
    value: undefined,
  });
  assert.deepEqual(await there(), [key]);
  const again = await update({ zone, remove: [], add: [next], absent });
  assert.ok(!again.ok);
  assert.match(
    again.error,
    /did not change example\.test: the record exists already and must not be overwritten/,
  );
  assert.ok((await update({ zone, remove: [key], add: [next] })).ok);
  assert.deepEqual(await there(), [next]);
  assert.ok((await update({ zone, remove: [next, key], add: [] })).ok);
  assert.deepEqual(await there(), []);

  await t.test('a key with another secret', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'pnk-'));
    try {
      const keyFile = await writeTsigKey(join(dir, 'key'));
      const done = await openNsupdate({ server, keyFile })({ zone, remove: [], add: [key] });
      assert.ok(!done.ok);
      assert.match(done.error, /does not know this TSIG key, or has another secret \(.*\)$/);
      assert.ok(!done.error.includes('\n'));
    } finally {
      await rm(dir, { recursive: true });
    }
  });
  await t.test('a zone that the server does not hold', async () => {
    const other = { ...key, name: 'a.other.test' };
    const done = await update({ zone: 'other.test', remove: [], add: [other] });
    assert.ok(!done.ok);
    assert.match(done.error, /the server is not the primary server of this zone/);
  });
  await t.test('a server that does not answer', async () => {
    const dead = openNsupdate({ server: '127.0.0.1:9', keyFile: named.keyFile, deadlineMs: 2_000 });
    const done = await dead({ zone, remove: [], add: [key] });
    assert.ok(!done.ok);
    assert.match(done.error, /the server cannot be reached/);
  });
  assert.deepEqual(await there(), []);
});

test('a secondary that lags is seen, and what is new is seen at once', async () => {
  await using first = await startNamed({ zones: { [zone]: printBindZone(records) } });
  await using second = await startNamed({ zones: { [zone]: printBindZone(records) } });
  const { port } = first.server;
  const relay = await openRelay({ address: '127.0.0.2', port }, second.server);
  using resolve = resolverAt(first.server);
  const ask = openAuthorities({ resolve, port, tryMs: 10_000 });
  const key = text('new._domainkey', dkimKey(2_048));
  const seen = async (): Promise<readonly string[]> => {
    const answers = await ask({ name: key.name, type: 'TXT' });
    return answers.map(({ server, answer }) => `${server} ${answer.kind}`).sort();
  };
  try {
    assert.deepEqual(await seen(), [`ns1.${zone} none`, `ns2.${zone} none`]);
    for (const [named, want] of [
      [first, [`ns1.${zone} records`, `ns2.${zone} none`]],
      [second, [`ns1.${zone} records`, `ns2.${zone} records`]],
    ] as const) {
      const update = openNsupdate({ server: updateServer(named), keyFile: named.keyFile });
      assert.ok((await update({ zone, remove: [], add: [key] })).ok);
      assert.deepEqual(await seen(), want);
    }
  } finally {
    await relay[Symbol.asyncDispose]();
  }
  // A server that is dead is a failure: it may come back with what it had.
  assert.deepEqual(await seen(), [`ns1.${zone} records`, `ns2.${zone} failure`]);
});
