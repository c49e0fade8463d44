/**
 * Zone files as operators have them, read by Postern and by the real programs: named-compilezone,
 * named, tinydns. Then a user of tinydns follows a plan line by line.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { readZoneFile } from '../../src/commands/dns/zone/zone-file.ts';
import { type DnsRecord, textOfTxt } from '../../src/formats/dns/record.ts';
import { type DnsServer, serverText } from '../../src/formats/dns/server-address.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { parseBindZone, printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { printTinydnsZone } from '../../src/formats/dns/zone-tinydns.ts';
import { parseTinydnsZone } from '../../src/formats/dns/zone-tinydns-parse.ts';
import type { Millis } from '../../src/lib/time.ts';
import { openResolver } from '../../src/partners/dns/resolver.ts';
import { postern } from '../command-line.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { scratchFiles } from '../scratch-files.ts';
import { checkZone, startNamed } from './named-instance.ts';
import { startTinydns } from './tinydns-instance.ts';

const run = promisify(execFile);
const { folder, file } = scratchFiles('zone-files');

const domain = 'example.test';
const head =
  `$ORIGIN ${domain}.\n$TTL 300\n@ SOA ns1 hostmaster 2026112501 7200 3600 1209600 300\n` +
  '@ NS ns1\nns1 A 127.0.0.1\n';

/** In any order, with texts whole: tinydns cuts them into other strings. */
const sorted = (records: readonly DnsRecord[]): readonly string[] =>
  records
    .map((one) => (one.type === 'TXT' ? { ...one, strings: [textOfTxt(one)] } : one))
    .map((one) => JSON.stringify(Object.entries(one).sort()))
    .sort();

const number = (max: number) => fc.integer({ min: 0, max });
const hex = (octets: readonly number[]): string =>
  `\\# ${octets.length} ${Buffer.from(octets).toString('hex')}`;
const octetsOf = (length: number) =>
  fc.array(number(255), { minLength: length, maxLength: length });

/** Lines with $GENERATE and with data in hexadecimal; each with its number in its names. */
const bindLine: fc.Arbitrary<(nth: number) => string> = fc.oneof(
  fc
    .record({ first: number(200), length: number(12), step: fc.integer({ min: 1, max: 3 }) })
    .map((range) => ({ ...range, last: range.first + range.length }))
    .chain(({ first, last, step }) =>
      fc.constantFrom(
        (nth: number) => `$GENERATE ${first}-${last}/${step} h${nth}-$ A 192.0.2.$`,
        (nth: number) => `$GENERATE ${first}-${last} g${nth}-\${0,4,x} 60 IN CNAME h${nth}-\${7}`,
        (nth: number) => `$GENERATE ${first}-${last}/${step} \${3,5,n}.n${nth} PTR h$.other.test.`,
        (nth: number) => `$GENERATE ${first}-${last} t${nth}.$ TXT "\\"a \${-0,3,d}\\" b$"`,
        (nth: number) => `$GENERATE ${first}-${last}/${step} m${nth}-\${0,3,o} MX "10 mail$"`,
      ),
    ),
  octetsOf(4).map((octets) => (nth: number) => `x${nth} A ${hex(octets)}`),
  octetsOf(16).map((octets) => (nth: number) => `x${nth} 77 TYPE28 ${hex(octets)}`),
  octetsOf(9).map((octets) => (nth: number) => `x${nth} IN TXT ${hex([9, ...octets])}`),
  octetsOf(5).map((octets) => (nth: number) => `x${nth} TYPE65300 ${hex(octets)}`),
  octetsOf(35).map(
    ([...octets]) =>
      (nth: number) =>
        `_25._tcp.x${nth} TYPE52 ${hex(octets)}`,
  ),
);

test('40 zones with $GENERATE and RFC 3597: the same records as named-compilezone', async () => {
  const zones = fc.sample(fc.array(bindLine, { minLength: 3, maxLength: 10 }), {
    seed: 14,
    numRuns: 40,
  });
  for (const lines of zones) {
    const text = `${head}${lines.map((line, nth) => `${line(nth)}\n`).join('')}`;
    const path = file(text);
    const options = ['-i', 'none', '-k', 'ignore', '-q', '-o', '-', domain, path];
    const { stdout } = await run('named-compilezone', options);
    const [ours, theirs] = [parseBindZone(text, { origin: domain }), parseBindZone(stdout)];
    assert.ok(ours.ok && theirs.ok, `${text}\n${JSON.stringify([ours, theirs])}`);
    assert.deepEqual(sorted(ours.value), sorted(theirs.value), text);
    rmSync(path);
  }
});

async function served(
  server: DnsServer,
  sets: readonly (readonly [string, DnsRecord['type']])[],
): Promise<readonly DnsRecord[]> {
  const clock = { now: () => Date.now() as Millis };
  using resolve = openResolver({ servers: [server], trusted: false, clock });
  const answers = await Promise.all(sets.map(([name, type]) => resolve({ name, type })));
  return answers.flatMap((answer, nth) => {
    assert.ok(answer.kind === 'records', `${sets[nth]?.join(' ')}: ${JSON.stringify(answer)}`);
    return answer.records;
  });
}

/** What tinydns answers differently by design: the serial is the time of the file. */
const withoutSerial = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
  records.map((one) => (one.type === 'SOA' ? { ...one, serial: 1 } : one));
const setsOf = (
  records: readonly DnsRecord[],
): readonly (readonly [string, DnsRecord['type']])[] => [
  ...new Map(records.map(({ name, type }) => [`${name} ${type}`, [name, type] as const])).values(),
];

const ttl = fc.constantFrom('', ':60', ':86400');
const ip = octetsOf(4).map((octets) => octets.join('.'));
const tinydnsLine: fc.Arbitrary<(nth: number) => string> = fc.oneof(
  fc.tuple(ip, ttl).map(
    ([a, t]) =>
      (nth: number) =>
        `+a${nth}.${domain}:${a}${t}`,
  ),
  fc.tuple(ip, ttl).map(
    ([a, t]) =>
      (nth: number) =>
        `+a${nth}.${domain}:${a}${t}`,
  ),
  fc.tuple(ip, ttl).map(
    ([a, t]) =>
      (nth: number) =>
        `@m${nth}.${domain}:${a}:mx${nth}:10${t}`,
  ),
  ttl.map((t) => (nth: number) => `@m${nth}.${domain}::mail.else.test${t === '' ? '' : `:20${t}`}`),
  fc.tuple(fc.stringMatching(/^[ -9;-[\]-~]{1,300}$/), ttl).map(
    ([text, t]) =>
      (nth: number) =>
        `'t${nth}.${domain}:${text}x${t}`,
  ),
  ttl.map(
    (t) => (nth: number) => `'t${nth}.${domain}:v=spf1 ip4\\072192.0.2.1 \\134\\007 -all${t}`,
  ),
  ttl.map((t) => (nth: number) => `Cc${nth}.${domain}:a.else.test${t}`),
  ttl.map((t) => (nth: number) => `^p${nth}.${domain}:a.else.test${t}`),
  fc.tuple(octetsOf(16), ttl).map(([octets, t]) => (nth: number) => {
    const data = octets.map((octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('');
    return `:x${nth}.${domain}:28:${data}${t}`;
  }),
);

test('20 data files of tinydns: the same answers by tinydns, by us, and by named', async () => {
  const some = fc.sample(fc.array(tinydnsLine, { minLength: 3, maxLength: 25 }), {
    seed: 15,
    numRuns: 20,
  });
  for (const lines of some) {
    const apex = `.${domain}:127.0.0.1:ns1.${domain}:300\n`;
    const data = `# generated\n${apex}${lines.map((line, nth) => `${line(nth)}\n`).join('')}`;
    const read = parseTinydnsZone(data);
    assert.ok(read.ok, `${data}\n${JSON.stringify(read)}`);
    const sets = setsOf(read.value);
    await using tinydns = await startTinydns(data);
    const theirs = withoutSerial(await served(tinydns.server, sets));
    assert.deepEqual(sorted(theirs), sorted(read.value), data);
    const printed = printBindZone(read.value, { origin: domain });
    assert.match(await checkZone(domain, printed), /OK$/m);
    await using named = await startNamed({ zones: { [domain]: printed } });
    assert.deepEqual(sorted(await served(named.server, sets)), sorted(read.value), printed);
    await using again = await startTinydns(printTinydnsZone(read.value));
    assert.deepEqual(sorted(await served(again.server, sets)), sorted(read.value));
  }
});

const label = fc.constantFrom('a', 'b', '*', 'c');
const wildName = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => labels.filter((one, nth) => one !== '*' || nth === 0).join('.'));

test('wildcards of tinydns, which names that exist do not stop', async () => {
  const zones = fc.sample(fc.uniqueArray(wildName, { minLength: 2, maxLength: 6 }), {
    seed: 16,
    numRuns: 15,
  });
  const some = ['a', 'b', 'c', 'd'];
  const asked = [
    ...some,
    ...some.flatMap((one) => some.map((two) => `${one}.${two}`)),
    ...['d.a.b', 'a.b.c', 'd.d.a', 'c.b.a', 'd.a.b.c', 'd.d.d'],
  ].map((name) => `${name}.${domain}`);
  for (const names of zones) {
    const lines = names.map((name, nth) => `'${name}.${domain}:text ${nth}:60\n`);
    const data = `.${domain}:127.0.0.1:ns1.${domain}:300\n${lines.join('')}`;
    const answer = zoneAnswers(readZoneFile(file(data), { warn: () => undefined }).records);
    await using tinydns = await startTinydns(data);
    const clock = { now: () => Date.now() as Millis };
    using resolve = openResolver({ servers: [tinydns.server], trusted: false, clock });
    for (const name of asked) {
      const [ours, theirs] = [answer({ name, type: 'TXT' }), await resolve({ name, type: 'TXT' })];
      const said = ({ kind, ...rest }: typeof ours): unknown =>
        'records' in rest ? sorted(rest.records) : kind;
      assert.deepEqual(said(ours), said(theirs), `${name} of ${data}`);
    }
  }
});

/** Carries out a plan as its comments say: lines are replaced where they stand, others appended. */
function followed(data: string, plan: string): string {
  const lines = data.trimEnd().split('\n');
  for (const [, was] of plan.matchAll(/^# (?:was|remove): (.*)$/gm)) {
    const at = lines.indexOf(was ?? '');
    assert.ok(at >= 0, `${was} is not a line of the file`);
    lines.splice(at, 1);
  }
  const added = plan.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return `${[...lines, ...added].join('\n')}\n`;
}

const theirsElsewhere = [
  `'_spf.google.com:v=spf1 ip4\\07264.233.160.0/19 ~all:300`,
  `'servers.mcsv.net:v=spf1 ip4\\072205.201.128.0/20 ?all:300`,
  '.google.com:127.0.0.1:ns1.example.test:300',
  '.mcsv.net:127.0.0.1:ns1.example.test:300',
  '.in-addr.arpa:127.0.0.1:ns1.example.test:300',
  '^25.2.0.192.in-addr.arpa:mail.example.test:300',
  '^26.2.0.192.in-addr.arpa:mail.example.test:300',
].join('\n');

function settings({ server }: { readonly server: DnsServer }): readonly string[] {
  const text = `[dns]\nservers = ["${serverText(server)}"]\nauthority_port = 53\ntimeout = "5s"\n`;
  return ['--config', file(text), '--state', folder];
}

/** The data with the address of the name server. */
const at =
  (data: string) =>
  (address: string): string =>
    data.replaceAll('127.0.0.1', address);

const about = ['--ip', '192.0.2.25', '--ip', '192.0.2.26', '--host', `mail.${domain}`];

describe('a user of tinydns', () => {
  const own = [
    `.${domain}:127.0.0.1:ns1.${domain}:259200`,
    `@${domain}:192.0.2.25:mail.${domain}:10:86400`,
    `=mail.${domain}:192.0.2.25:86400`,
    `'${domain}:v=spf1 mx include\\072_spf.google.com include\\072servers.mcsv.net ~all:86400`,
    `'mail.${domain}:v=spf1 ip4\\072192.0.2.25 -all:43200`,
    `Ck1._domainkey.${domain}:dkim.mcsv.net:86400`,
    `Sold.${domain}:192.0.2.1:x:1:1:5060:86400`,
  ].join('\n');

  test('the plan names the lines of the file, and following it is enough', async () => {
    const data = `${own}\n${theirsElsewhere}\n`;
    const path = file(data);
    const planned = await postern('dns', 'plan', domain, ...about, '--zone', path);
    assert.equal(planned.exit, 0, planned.err);
    assert.match(planned.err, /line 7: left out: a line with S$/m);
    assert.match(
      planned.out,
      /^# there already, line 3: =mail\.example\.test:192\.0\.2\.25:86400$/m,
    );
    assert.match(planned.out, /^# append:\n\+mail\.example\.test:192\.0\.2\.26:86400$/m);
    assert.match(planned.out, /^# replace line 5:\n# was: 'mail\.example\.test:.*:43200$/m);
    assert.match(planned.out, /^'mail\.example\.test:v=spf1 .*:43200$/m);
    assert.match(planned.out, /hint: p=none without rua=/);
    assert.match(planned.out, /^# afterwards: run make in /m);
    const next = followed(data, planned.out);
    const [lines, kinds] = [next.split('\n'), new Set(next.split('\n'))];
    assert.equal(lines.length, kinds.size, 'no line twice');
    const second = await postern('dns', 'plan', domain, ...about, '--zone', file(next));
    assert.match(second.out, /^# nothing to change/m);
    await using tinydns = await startTinydns(at(next));
    const words = ['dns', 'watch', domain, ...about, ...settings(tinydns)];
    const seen = await postern(...words);
    assert.match(seen.out, /Every name server shows all records/, seen.out);
    assert.match(seen.out, /may remember for up to 43 minutes that a record was missing/);
    const addresses = await served(tinydns.server, [[`mail.${domain}`, 'A']]);
    assert.equal(addresses.length, 3); // tinydns gives 192.0.2.25 twice, as before the plan
  });

  test('from the DNS: the times to live are those of the name servers', async () => {
    await using tinydns = await startTinydns(at(`${own}\n${theirsElsewhere}\n`));
    const words = [...about, '--format', 'tinydns', ...settings(tinydns)];
    const { out } = await postern('dns', 'plan', domain, ...words);
    assert.match(out, /^# was: 'mail\.example\.test:v=spf1 ip4\\072192\.0\.2\.25 -all:43200$/m);
    assert.match(out, /^\+mail\.example\.test:192\.0\.2\.26:86400$/m);
  });

  test('check explains why a resolver may not see what was just published', async () => {
    await using tinydns = await startTinydns(at(`${own}\n${theirsElsewhere}\n`));
    const { out } = await postern('dns', 'check', domain, ...about, ...settings(tinydns));
    assert.match(
      out.replace(/\n/g, ' '),
      /remember for up to 43 minutes that a record was missing/,
    );
    assert.match(out.replace(/\n/g, ' '), /postern dns watch example\.test/);
    process.exitCode = 0;
  });
});

describe('512 octets', () => {
  const verification = (nth: number): string =>
    `'${domain}:some-site-verification=${'abcdefghijklm'.repeat(4)}${nth}:86400`;
  const full = [
    `.${domain}:127.0.0.1:ns1.${domain}:259200`,
    `@${domain}:192.0.2.25:mail.${domain}:10:86400`,
    `'${domain}:v=spf1 ip4\\072192.0.2.25 include\\072_spf.google.com ~all:86400`,
    ...[1, 2, 3, 4].map(verification),
    `'${domain}:pad=${'x'.repeat(41)}:86400`,
    theirsElsewhere,
    '',
  ].join('\n');

  test('the plan warns before: all texts of the name count', async () => {
    await using tinydns = await startTinydns(at(full));
    const words = ['dns', 'plan', domain, ...about, '--format', 'tinydns', '--only-changes'];
    for (const more of [['--zone', file(full)], settings(tinydns)]) {
      const { out } = await postern(...words, ...more, '--state', folder);
      const whole = out.replace(/\n# /g, ' ');
      assert.match(
        whole,
        /the answer has 5\d\d octets with all 6 TXT records of example\.test/,
        out,
      );
      assert.doesNotMatch(whole, /too long already/);
    }
  });

  test('when it is too late, check names the size and not the name server', async () => {
    const plan = await postern('dns', 'plan', domain, ...about, '--zone', file(full));
    const broken = followed(full, plan.out);
    await using tinydns = await startTinydns(at(broken));
    const { out } = await postern('dns', 'check', domain, ...about, ...settings(tinydns));
    const whole = out.replace(/\s+/g, ' ');
    assert.match(
      whole,
      /unknown SPF of example\.test found ns1\.example\.test: the answer is too long/,
    );
    assert.match(whole, /take TXT records of example\.test that nobody needs out of the zone/);
    const again = await postern('dns', 'plan', domain, ...about, '--zone', file(broken));
    assert.match(again.out.replace(/\n# /g, ' '), /It has 5\d\d now, so it is too long already/);
    process.exitCode = 0;
  });

  test('a resolver that only says SERVFAIL: the name server tells why', async () => {
    const plan = await postern('dns', 'plan', domain, ...about, '--zone', file(full));
    const broken = followed(full, plan.out);
    await using tinydns = await startTinydns(at(broken));
    const records = parseTinydnsZone(at(broken)(tinydns.server.address));
    assert.ok(records.ok);
    await using resolver = await openScriptedDns(records.value);
    resolver.fault = ({ name, type }) =>
      name === domain && type === 'TXT' ? 'servfail' : undefined;
    const { out } = await postern('dns', 'check', domain, ...about, ...settings(resolver));
    const whole = out.replace(/\s+/g, ' ');
    assert.match(whole, /found ns1\.example\.test: the answer is too long for UDP, and by TCP/);
    assert.match(whole, /axfrdns beside it answers by TCP/);
    const planned = await postern('dns', 'plan', domain, ...about, ...settings(resolver));
    assert.match(planned.out.replace(/\n; /g, ' '), /unknown: .*the answer is too long for UDP/);
    process.exitCode = 0;
  });
});
