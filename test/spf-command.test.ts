/** `postern spf eval` with zone files: what it prints, and how it ends. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { postern } from './command-line.ts';
import { openScriptedDns } from './doubles/dns-server.ts';
import { zone as records, spf } from './doubles/spf-zone.ts';
import { scratchFiles } from './scratch-files.ts';

const { folder, file } = scratchFiles('spf-command');

const zone = file(`$TTL 1h
example.org.        TXT  "v=spf1 ip4:198.51.100.0/24 a:mail.example.org " \
                         "include:_spf.example.net ?exists:%{ir}.x.org -all exp=e.example.org"
e.example.org.      TXT  "%{i} may not send for %{d}, says %{r}"
mail.example.org.   A    192.0.2.7
_spf.example.net.   TXT  "v=spf1 mx:example.net ptr ~all"
example.net.        MX   10 mx.example.net.
mx.example.net.     A    192.0.2.9
silent.example.     TXT  "TIMEOUT"
bounces.example.    TXT  "v=spf1 ip6:2001:db8::/32 -all"
`);
const evaluated = (...words: readonly string[]) =>
  postern('spf', 'eval', '--receiver', 'mx.test', '--zone', zone, ...words);

test('what a person reads', async (t) => {
  const { exit, out, err } = await evaluated('--ip', '192.0.2.1', '--from', '<joe@example.org>');
  assert.deepEqual([exit, err], [0, '']);
  const path = join(import.meta.dirname, 'golden/commands/spf-eval.txt');
  t.assert.fileSnapshot(out, path, { serializers: [String] });
});

test('what a program reads', async () => {
  const { exit, out } = await evaluated('--ip', '192.0.2.7', '--from', 'joe@example.org', '--json');
  assert.equal(exit, 0);
  assert.deepEqual(JSON.parse(out), {
    result: 'pass',
    explanation: '',
    lookups: 1,
    voids: 0,
    terms: [
      {
        domain: 'example.org',
        term: 'ip4:198.51.100.0/24',
        depth: 0,
        result: 'no match',
        lookups: 0,
        voids: 0,
        why: '192.0.2.7 is not in it',
      },
      {
        domain: 'example.org',
        term: 'a:mail.example.org',
        depth: 0,
        result: 'match',
        lookups: 1,
        voids: 0,
        why: 'mail.example.org has 192.0.2.7',
      },
    ],
    domain: 'example.org',
    why: 'a:mail.example.org of example.org: mail.example.org has 192.0.2.7',
  });
});

const results = [
  ['a silent server', ['--ip', '192.0.2.1', '--from', 'joe@silent.example'], 'temperror'],
  ['a name that is not in the file', ['--ip', '192.0.2.1', '--from', 'joe@other.example'], 'none'],
  ['the null sender', ['--ip', '2001:db8::7', '--from', '', '--helo', 'bounces.example'], 'pass'],
  ['no sender at all', ['--ip', '::1', '--helo', 'bounces.example'], 'fail'],
  ['HELO nonsense', ['--ip', '::1', '--from', '<>', '--helo', '[::1]'], 'none'],
] as const;
for (const [name, words, want] of results) {
  test(`evaluated, and so it ends with 0: ${name}`, async () => {
    const { exit, out, err } = await evaluated(...words);
    assert.deepEqual([exit, err, out.split(':')[0]], [0, '', want]);
  });
}

const refused = [
  ['no address', ['--from', 'joe@example.org'], 64, /--ip/],
  [
    'no IP address',
    ['--ip', '192.0.2.300', '--from', 'joe@example.org'],
    64,
    /Not an IPv4 or IPv6/,
  ],
  ['nobody to judge', ['--ip', '192.0.2.1'], 64, /the sender is missing/],
  ['an argument too many', ['--ip', '192.0.2.1', '--helo', 'a.b', 'x'], 64, /too many arguments/],
] as const;
for (const [name, words, code, says] of refused) {
  test(`refused: ${name}`, async () => {
    const { exit, out, err } = await evaluated(...words);
    assert.deepEqual([exit, out], [code, '']);
    assert.match(err, says);
  });
}

test('a zone file that is not there, and one with faults: each with its line', async () => {
  const words = ['spf', 'eval', '--ip', '192.0.2.1', '--helo', 'a.example', '--zone'];
  const gone = await postern(...words, join(folder, 'gone.zone'));
  assert.deepEqual([gone.exit, gone.out], [66, '']);
  assert.match(gone.err, /gone\.zone: no such file/);
  const bad = await postern(...words, file('a.example. TXT "v=spf1"\n\nb TXT x\nc. A 1.2.3\n'));
  assert.deepEqual([bad.exit, bad.out], [65, '']);
  assert.match(bad.err, /line 3: .*\n.*line 4: /);
});

test('a record of an unknown type is named and left out', async () => {
  const path = file('a.example. CAA 0 issue "ca.example"\na.example. TXT "v=spf1 ~all"\n');
  const ran = await postern('spf', 'eval', '--ip', '::1', '--helo', 'a.example', '--zone', path);
  assert.equal(ran.exit, 0);
  assert.match(ran.out, /^softfail: /);
  assert.match(ran.err, /line 1: .*CAA/);
});

test('from the network: the resolvers of [dns], and one that does not answer', async () => {
  await using dns = await openScriptedDns(
    records(spf('mx -all'), 'example.org MX 1 mail.example.org', 'mail.example.org A 192.0.2.1'),
  );
  const config = join(folder, 'postern.toml');
  const { address, port } = dns.server;
  writeFileSync(config, `[dns]\nservers = ["${address}:${port}"]\ntimeout = "200ms"\n`);
  const words = ['spf', 'eval', '--ip', '192.0.2.1', '--from', 'joe@example.org'];
  const ran = await postern(...words, '--config', config);
  assert.deepEqual([ran.exit, ran.err], [0, '']);
  assert.match(ran.out, /^pass: mx of example.org: mail.example.org, an MX of example.org, has/);
  assert.deepEqual(
    dns.asked.map(({ name, type }) => `${name} ${type}`),
    ['example.org TXT', 'example.org MX', 'mail.example.org A'],
  );
  dns.fault = 'silent';
  const silent = await postern(...words, '--config', config);
  assert.equal(silent.exit, 0);
  assert.match(silent.out, /^temperror: TXT example.org: /);
  const gone = await postern(...words, '--config', join(folder, 'gone.toml'));
  assert.equal(gone.exit, 78);
});
