/**
 * The stub resolver against a server with every fault: answers are right or a failure, and never
 * late.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DnsFault,
  openScriptedDns,
  type ScriptedDns,
} from '../../../test/doubles/dns-server.ts';
import type { DnsAnswer } from '../../formats/dns/question.ts';
import {
  type DnsData,
  type DnsRecord,
  type DnsType,
  txtStrings,
} from '../../formats/dns/record.ts';
import { parseServer, serverText } from '../../formats/dns/server-address.ts';
import { parseBindZone } from '../../formats/dns/zone-bind.ts';
import type { Millis } from '../../lib/time.ts';
import { openResolver, type ResolverOptions } from './resolver.ts';
import { dnsServers, parseResolvConf } from './servers.ts';

const zone = parseBindZone(
  `
$TTL 60
@ SOA ns1 hostmaster 1 2 3 4 30
@ TXT "v=spf1 " "-all\\000\\255"
@ MX 0 .
@ MX 10 mail
@ NS ns1
mail A 192.0.2.1
mail AAAA 2001:db8::1
www CNAME mail
ftp CNAME www
out CNAME mail.elsewhere.test.
gone CNAME nowhere
a CNAME b
b CNAME a
1 PTR mail
_25._tcp.mail TLSA 3 1 1 abcdef01
silent TXT TIMEOUT
`,
  { origin: 'example.test' },
);
assert.ok(zone.ok);
const records = zone.value;

const resolverOf = (
  servers: readonly ScriptedDns[],
  more: Partial<ResolverOptions> = {},
): ReturnType<typeof openResolver> =>
  openResolver({
    servers: servers.map(({ server }) => server),
    trusted: true,
    clock: { now: () => Date.now() as Millis },
    // A slow machine has time to answer; where nobody answers, a test takes `hasty`.
    tryMs: 5_000,
    totalMs: 20_000,
    ...more,
  });

const hasty = { tryMs: 150, totalMs: 1_000 };

function said(answer: DnsAnswer): string {
  if (answer.kind === 'failure') return answer.reason;
  const secure = answer.secure ? ' secure' : '';
  if (answer.kind === 'none') return `${answer.exists ? 'nodata' : 'nxdomain'}${secure}`;
  const what = answer.records.map(({ ttlSeconds: _, type, name, ...rest }) =>
    [name, type, ...Object.values(rest)].map(String).join(' '),
  );
  return what.join(', ') + secure;
}

const asks = [
  ['octets and strings', '@', 'TXT', 'example.test TXT v=spf1 ,-all\0\xff'],
  [
    'the root as an exchange',
    '@',
    'MX',
    'example.test MX 0 , example.test MX 10 mail.example.test',
  ],
  ['an address', 'mail', 'A', 'mail.example.test A 192.0.2.1'],
  ['capital letters', 'MAIL', 'AAAA', 'mail.example.test AAAA 2001:db8::1'],
  ['an alias', 'www', 'A', 'mail.example.test A 192.0.2.1'],
  ['an alias of an alias', 'ftp', 'AAAA', 'mail.example.test AAAA 2001:db8::1'],
  ['the alias itself', 'ftp', 'CNAME', 'ftp.example.test CNAME www.example.test'],
  ['an alias to nothing', 'gone', 'A', 'nxdomain'],
  ['an alias without such a record', 'www', 'TXT', 'nodata'],
  ['aliases in a circle', 'a', 'A', 'servfail'],
  ['a reverse name', '1', 'PTR', '1.example.test PTR mail.example.test'],
  ['TLSA', '_25._tcp.mail', 'TLSA', '_25._tcp.mail.example.test TLSA 3 1 1 abcdef01'],
  ['SOA', '@', 'SOA', 'example.test SOA ns1.example.test hostmaster.example.test 1 2 3 4 30'],
  ['no such record', 'mail', 'MX', 'nodata'],
  ['no such name', 'other', 'A', 'nxdomain'],
  ['a label too long', 'x'.repeat(64), 'A', 'nxdomain'],
  ['an empty label', 'a..b', 'A', 'nxdomain'],
  ['any octet in a label', 'a\\.b \xe9"', 'A', 'nxdomain'],
] as const;
const full = (name: string): string => (name === '@' ? 'example.test' : `${name}.example.test`);

test('what there is, and what there is not', async (t) => {
  await using server = await openScriptedDns(records);
  using resolve = resolverOf([server]);
  for (const [what, name, type, want] of asks) {
    await t.test(what, async () =>
      assert.equal(said(await resolve({ name: full(name), type })), want),
    );
  }
});

test('a name for which the server is silent', async () => {
  await using server = await openScriptedDns(records);
  using resolve = resolverOf([server], hasty);
  assert.equal(said(await resolve({ name: full('silent'), type: 'TXT' })), 'timeout');
});

const faults: readonly (readonly [DnsFault, string])[] = [
  ['silent', 'timeout'],
  ['servfail', 'servfail'],
  ['refused', 'refused'],
  ['notimp', 'servfail'],
  ['nxdomain', 'nxdomain'],
  ['referral', 'refused'],
  ['truncated', 'right'],
  ['truncated-always', 'malformed'],
  ['tcp-ends', 'malformed'],
  ['tcp-silent', 'timeout'],
  ['wrong-id', 'timeout'],
  ['wrong-question', 'timeout'],
  ['wrong-type', 'timeout'],
  ['wrong-source', 'timeout'],
  ['wrong-then-right', 'right'],
  ['flood', 'right'],
  ['garbage', 'timeout'],
  ['empty', 'timeout'],
  ['compression-loop', 'malformed'],
  ['cut-short', 'malformed'],
  ['many-records', 'malformed'],
  ['no-edns', 'right'],
  ['one-alias', 'right'],
];
const right = 'mail.example.test A 192.0.2.1';
test('with every fault: a right answer or a failure with a text of one line', async (t) => {
  await Promise.all(
    faults.map(([fault, want]) =>
      t.test(fault, async () => {
        await using server = await openScriptedDns(records);
        server.fault = fault;
        using resolve = resolverOf([server], want === 'timeout' ? hasty : {});
        const answer = await resolve({ name: 'ftp.example.test', type: 'A' });
        assert.equal(said(answer), want === 'right' ? right : want);
        if (answer.kind === 'failure') assert.match(answer.text, /^[ -~]{10,120}$/);
      }),
    ),
  );
});

test('a second server answers if the first does not, and is then asked first', async () => {
  for (const fault of ['silent', 'servfail', 'refused', 'garbage', 'referral'] as const) {
    await using bad = await openScriptedDns(records);
    await using good = await openScriptedDns(records);
    bad.fault = fault;
    using resolve = resolverOf([bad, good], { tryMs: 500 });
    const answer = await resolve({ name: 'mail.example.test', type: 'A' });
    assert.equal(said(answer), right, fault);
    await resolve({ name: 'mail.example.test', type: 'AAAA' });
    assert.equal(bad.asked.length, 1, fault);
  }
});

test('who cannot be reached at all says so at once', async () => {
  const gone = await openScriptedDns(records);
  await gone[Symbol.asyncDispose]();
  using resolve = resolverOf([gone], { tryMs: 5_000 });
  const answer = await resolve({ name: 'mail.example.test', type: 'A' });
  assert.ok(answer.kind === 'failure' && answer.reason === 'unreachable');
  assert.match(answer.text, /^127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/);
});

test('nothing takes longer than the time limit of the question', async () => {
  await using one = await openScriptedDns(records);
  one.fault = 'silent';
  using resolve = resolverOf([one, one, one], { tryMs: 10_000, totalMs: 200 });
  const from = performance.now();
  assert.equal(said(await resolve({ name: 'mail.example.test', type: 'A' })), 'timeout');
  assert.ok(performance.now() - from < 10_000, 'not one try for each server');
});

const big = (octets: number): DnsRecord => {
  const data: DnsData = { type: 'TXT', strings: txtStrings('\xe4'.repeat(octets)) };
  return { ...data, name: 'big.example.test', ttlSeconds: 60 };
};
test('64 KB of text come by TCP, and are whole', async () => {
  await using server = await openScriptedDns([...records, big(64_800)]);
  using resolve = resolverOf([server]);
  const answer = await resolve({ name: 'big.example.test', type: 'TXT' });
  assert.ok(answer.kind === 'records');
  assert.deepEqual(answer.records, [big(64_800)]);
  assert.deepEqual(
    server.asked.map(({ by }) => by),
    ['udp', 'tcp'],
  );
});

test('validated answers are secure, if the resolver is one to believe', async () => {
  await using server = await openScriptedDns(records);
  server.secure = true;
  for (const [trusted, mark] of [
    [true, ' secure'],
    [false, ''],
  ] as const) {
    using resolve = resolverOf([server], { trusted });
    assert.equal(said(await resolve({ name: 'mail.example.test', type: 'A' })), right + mark);
    assert.equal(said(await resolve({ name: 'no.example.test', type: 'A' })), `nxdomain${mark}`);
  }
});

test('one alias that is not validated makes the whole answer not validated', async () => {
  await using server = await openScriptedDns(records);
  server.fault = 'one-alias';
  using resolve = resolverOf([server]);
  const asked = resolve({ name: 'www.example.test', type: 'A' });
  assert.equal(said(await asked), right);
  assert.deepEqual(
    server.asked.map(({ name }) => name),
    ['www.example.test', 'mail.example.test'],
  );
});

test('answers are cached for their TTL, and equal questions at once are one', async () => {
  await using server = await openScriptedDns(records);
  let now = 1_000_000;
  using resolve = resolverOf([server], { clock: { now: () => now as Millis } });
  const ask = async (name: string, type: DnsType): Promise<number> => {
    await Promise.all([resolve({ name, type }), resolve({ name, type }), resolve({ name, type })]);
    return server.asked.length;
  };
  assert.equal(await ask('mail.example.test', 'A'), 1);
  now += 59_999;
  assert.equal(await ask('Mail.Example.Test', 'A'), 1);
  now += 1;
  assert.equal(await ask('mail.example.test', 'A'), 2);
  assert.equal(await ask('other.example.test', 'A'), 3);
  now += 29_999; // the minimum of the SOA
  assert.equal(await ask('other.example.test', 'A'), 3);
  now += 1;
  assert.equal(await ask('other.example.test', 'A'), 4);
});

test('a failure is not remembered', async () => {
  await using server = await openScriptedDns(records);
  server.fault = 'servfail';
  using resolve = resolverOf([server]);
  assert.equal(said(await resolve({ name: 'mail.example.test', type: 'A' })), 'servfail');
  server.fault = undefined;
  assert.equal(said(await resolve({ name: 'mail.example.test', type: 'A' })), right);
});

test('a thousand questions at once are all answered', async () => {
  await using server = await openScriptedDns(records);
  using resolve = resolverOf([server], { tryMs: 5_000, totalMs: 20_000 });
  const names = Array.from({ length: 1_000 }, (_, nth) => `n${nth}.example.test`);
  const answers = await Promise.all(names.map((name) => resolve({ name, type: 'A' })));
  assert.ok(answers.every((answer) => said(answer) === 'nxdomain'));
});

test('too many questions at once: the last ones fail, all end in time (slow)', async () => {
  await using server = await openScriptedDns(records);
  server.fault = 'silent';
  using resolve = resolverOf([server], { tryMs: 5_000, totalMs: 500 });
  const names = Array.from({ length: 5_500 }, (_, nth) => `n${nth}.example.test`);
  const from = performance.now();
  const answers = await Promise.all(names.map((name) => resolve({ name, type: 'A' })));
  assert.ok(performance.now() - from < 30_000);
  const words = answers.map(said);
  assert.equal(words.filter((one) => one === 'timeout').length, 5_100);
  assert.equal(words.filter((one) => one === 'unreachable').length, 400);
  server.fault = undefined;
  let last = '';
  // The server is in this process, and has thousands of questions to read first.
  for (let tries = 0; tries < 20 && last !== 'nxdomain'; tries++) {
    last = said(await resolve({ name: 'n5499.example.test', type: 'A' }));
  }
  assert.equal(last, 'nxdomain');
  assert.equal(said(await resolve({ name: 'mail.example.test.', type: 'A' })), right);
});

test('closed, it answers with failures', async () => {
  await using server = await openScriptedDns(records);
  server.fault = 'silent';
  const resolve = resolverOf([server], { tryMs: 10_000, totalMs: 10_000 });
  const asked = resolve({ name: 'mail.example.test', type: 'A' });
  resolve[Symbol.dispose]();
  assert.equal(said(await asked), 'timeout');
  assert.equal(said(await resolve({ name: 'mail.example.test', type: 'AAAA' })), 'timeout');
});

test('which servers: those of the configuration, else those of resolv.conf', () => {
  const servers = ['192.0.2.1', '192.0.2.2:5353', '2001:db8::1', '[2001:db8::2]:5353'].map(
    parseServer,
  );
  assert.deepEqual(servers, [
    { address: '192.0.2.1', port: 53 },
    { address: '192.0.2.2', port: 5353 },
    { address: '2001:db8::1', port: 53 },
    { address: '2001:db8::2', port: 5353 },
  ]);
  for (const text of ['192.0.2.2:5353', '2001:db8::1', '[2001:db8::2]:5353']) {
    const server = parseServer(text);
    assert.equal(server && serverText(server), text);
  }
  for (const wrong of [
    '',
    'ns1.example.org',
    '192.0.2.1:0',
    '192.0.2.1:70000',
    '[x]:53',
    '300.0.2.1',
  ]) {
    assert.equal(parseServer(wrong), undefined, wrong);
  }
  const text =
    'search a\n# nameserver 9.9.9.9\nnameserver 192.0.2.1\n nameserver ::1 # x\nnameserver ' +
    'fe80::1%eth0\noptions trust-ad';
  assert.deepEqual(parseResolvConf(text), {
    servers: [
      { address: '192.0.2.1', port: 53 },
      { address: '::1', port: 53 },
      { address: 'fe80::1%eth0', port: 53 },
    ],
    trusted: true,
  });
  assert.equal(parseResolvConf('nameserver 192.0.2.1').trusted, false);
  assert.equal(parseResolvConf('nameserver 127.0.0.53').trusted, true);
  assert.deepEqual(parseResolvConf('').servers, [{ address: '127.0.0.1', port: 53 }]);
  assert.deepEqual(dnsServers([], '/nonexistent/resolv.conf'), parseResolvConf(''));
  assert.equal(dnsServers(['192.0.2.1']).trusted, true);
});
