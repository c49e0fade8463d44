/**
 * `postern dns plan`, `check` and `watch`: what they print, and how they end, with zone files and a
 * scripted server.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseBindZone } from '../src/formats/dns/zone-bind.ts';
import { parseTinydnsZone } from '../src/formats/dns/zone-tinydns-parse.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import type { Millis } from '../src/lib/time.ts';
import { postern, type Ran, stateFolder } from './command-line.ts';
import { openScriptedDns, type ScriptedDns } from './doubles/dns-server.ts';
import { scratchFiles } from './scratch-files.ts';

const { folder, file } = scratchFiles('dns-commands');

/**
 * A small provider: an SPF record that forgot the new address, DMARC from long ago, no PTR that
 * fits.
 */
const published = `$ORIGIN example.com.
$TTL 1h
@       SOA ns1 hostmaster 1 7200 3600 1209600 3600
@       NS  ns1
@       A   192.0.2.80
@       MX  10 mail
@       TXT "v=spf1 a mx ~all"
@       TXT "some-site-verification=abc"
ns1     A   192.0.2.53
mail    A   192.0.2.25
mail    TXT "v=spf1 ip4:192.0.2.25 ip4:192.0.2.26 -all"
out     A   192.0.2.26
_dmarc  TXT "v=DMARC1; p=none; pct=50; rua=mailto:dmarc@reports.example.net"
_domainkey TXT "t=y; o=~"
25.2.0.192.in-addr.arpa. PTR mail
26.2.0.192.in-addr.arpa. PTR host-192-0-2-26.dsl.example.net.
host-192-0-2-26.dsl.example.net. A 192.0.2.26
reports.example.net. SOA ns1.example.net. hostmaster.example.net. 1 1 1 1 1
`;
/** Ed25519 from RFC 8032, so that what is printed stays the same. */
const key = file('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n');
const about = ['--ip', '192.0.2.25', '--ip', '192.0.2.26', '--host', 'mail.example.com'];
const wishes = ['--key', `s1=${key}`, '--mta-sts', 'testing', '--tls-rua', 'tls@example.com'];

/** No configuration, no DNS and no ledger of this machine. */
const alone = ['--config', file('[dns]\nservers = ["127.0.0.1:1"]\n'), '--state', folder];

function golden(t: TestContext, name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden/dns', `${name}.txt`);
  t.assert.fileSnapshot(text, path, { serializers: [String] });
}

const plan = (...words: readonly string[]): Promise<Ran> =>
  postern('dns', 'plan', 'example.com', ...about, ...alone, ...words);

describe('plan', () => {
  const zone = file(published);
  const cases = [
    ['plan-bind', ['--format', 'bind']],
    ['plan-tinydns', ['--format', 'tinydns']],
    ['plan-web', ['--format', 'web']],
  ] as const;
  for (const [name, words] of cases) {
    test(name, async (t) => {
      const { exit, out, err } = await plan('--zone', zone, ...wishes, ...words);
      assert.deepEqual([exit, err], [0, '']);
      golden(t, name, out);
    });
  }

  test('one address is added where it belongs', async () => {
    const zone = file('example.com. TXT "v=spf1 a mx ~all"\nexample.com. MX 0 .\n');
    const words = ['--ip', '5.5.5.5', '--zone', zone, '--format', 'tinydns', '--only-changes'];
    const { out } = await postern('dns', 'plan', 'example.com', ...words, ...alone);
    assert.ok(out.includes("\n'example.com:v=spf1 a mx ip4\\0725.5.5.5 ~all:3600\n"), out);
  });

  test('the DNS answers for what the file includes of other domains', async () => {
    const records = parseBindZone('_spf.example.net. TXT "v=spf1 ip4:203.0.113.0/24 ~all"\n');
    assert.ok(records.ok);
    await using dns = await openScriptedDns(records.value);
    const { address, port } = dns.server;
    const config = file(`[dns]\nservers = ["${address}:${port}"]\ntimeout = "1s"\n`);
    const spf = '@ TXT "v=spf1 include: _spf.example.net -all"\n';
    const words = [...about, '--zone', file(`@ MX 10 mail\nmail A 192.0.2.25\n${spf}`)];
    const { out } = await postern(
      ...['dns', 'plan', 'example.com', ...words, '--config', config, '--state', folder],
    );
    assert.match(out, /^@ 3600 IN TXT "v=spf1 include:_spf\.example\.net ip4:.* -all"$/m);
    const names = dns.asked.map(({ name }) => name);
    assert.ok(
      names.includes('_spf.example.net') && !names.some((one) => /example\.com$/.test(one)),
    );
  });

  test('zones that Postern may change: --update, or freeze and thaw', async () => {
    const updates =
      '[dns]\nservers = ["127.0.0.1:1"]\n[[dns.updates]]\nzones = ["Example.com."]\n' +
      'server = "127.0.0.1:1"\nkey_file = "/nowhere"\n';
    const words = ['dns', 'plan', 'example.com', ...about, '--zone', zone, '--state', folder];
    const { out } = await postern(...words, '--config', file(updates));
    assert.match(
      out.replace(/\n; /g, ' '),
      /with --update, Postern sends the changes.* rndc freeze ZONE before; .* rndc thaw ZONE$/m,
    );
    const other = await postern(
      ...words,
      ...['--config', file(updates.replace('Example.com', 'example.net'))],
    );
    assert.match(other.out.replace(/\n; /g, ' '), /afterwards: raise .* rndc reload ZONE$/m);
    assert.doesNotMatch(other.out, /--update|freeze/);
  });

  test('both zone formats hold the same records, and comments are comments', async () => {
    const bind = parseBindZone((await plan('--zone', zone, ...wishes)).out);
    const tinydns = await plan('--zone', zone, ...wishes, '--format', 'tinydns');
    const data = parseTinydnsZone(tinydns.out);
    assert.ok(bind.ok && data.ok);
    const said = ({ name, type }: { name: string; type: string }): string => `${name} ${type}`;
    assert.deepEqual(bind.value.map(said), data.value.map(said));
  });

  test('json: steps with their records, and files', async () => {
    const { out } = await plan('--zone', zone, ...wishes, '--json');
    const { steps, files } = JSON.parse(out) as {
      steps: { id: string; state: string; add: { type: string; strings?: string[] }[] }[];
      files: { url: string }[];
    };
    const key = steps.find(({ id }) => id === 'dkim.s1');
    assert.equal(key?.state, 'missing');
    assert.match(key?.add[0]?.strings?.[0] ?? '', /^v=DKIM1; k=ed25519; p=/);
    assert.equal(files[0]?.url, 'https://mta-sts.example.com/.well-known/mta-sts.txt');
  });

  test('a domain that never sends', async (t) => {
    const zone = file('$ORIGIN parked.example.\n@ A 192.0.2.80\n@ SOA a b 1 1 1 1 1\n');
    const words = ['--never-sends', '--zone', zone, '--rua', 'dmarc@example.com'];
    const { exit, out } = await postern('dns', 'plan', 'parked.example', ...words, ...alone);
    assert.equal(exit, 0);
    golden(t, 'plan-never-sends', out);
  });

  const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['dns', 'plan', 'a b'], 64, /a b is no domain name/],
    [['dns', 'plan', 'example.com', '--ip', 'x'], 64, /Not an IP address/],
    [['dns', 'plan', 'example.com', '--key', 's1'], 64, /SELECTOR=FILE/],
    [['dns', 'plan', 'example.com', '--key', 's1=/nowhere'], 66, /cannot read the key/],
    [['dns', 'plan', 'example.com', '--key', `s1=${zone}`], 65, /is not a private key/],
    [['dns', 'plan', 'example.com', '--certificate', key, '--ip', '192.0.2.1'], 66, /certificate/],
    [['dns', 'plan', 'example.com', '--zone', file('@ TXT "open')], 65, /line 1/],
    [['dns', 'plan', 'example.com', '--zone', '/nowhere'], 66, /cannot read/],
    [['dns', 'plan'], 64, /no domain was named/],
  ];
  for (const [words, code, said] of wrong) {
    test(`refused: ${words.slice(2).join(' ').replaceAll(folder, '')}`, async () => {
      const host = words.includes('--certificate') ? ['--host', 'a.example'] : [];
      const { exit, err } = await postern(...words, ...host, ...alone);
      assert.equal(exit, code, err);
      assert.match(err, said);
    });
  }
});

/** The records as a resolver has them; `fault` as ScriptedDns. */
async function served(fault?: ScriptedDns['fault']): Promise<ScriptedDns & { config: string }> {
  const records = parseBindZone(published);
  assert.ok(records.ok);
  const dns = await openScriptedDns(records.value);
  dns.fault = fault;
  const { address, port } = dns.server;
  const config = file(`[dns]\nservers = ["${address}:${port}"]\ntimeout = "1s"\n`);
  return Object.assign(dns, { config });
}

const check = (config: string, ...words: readonly string[]): Promise<Ran> =>
  postern('dns', 'check', 'example.com', ...about, '--state', folder, '--config', config, ...words);

function exitCode(): number {
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return code;
}

describe('check', () => {
  test('what a person reads', async (t) => {
    await using dns = await served();
    const { out, err } = await check(dns.config, '--bulk', '--key', `s1=${key}`);
    assert.deepEqual([exitCode(), err], [1, '']);
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 100),
      [],
    );
    golden(t, 'check', out);
  });

  test('what if this were published: the plan is, and nothing is wrong any more', async () => {
    await using dns = await served();
    const words = ['--tls-rua', 'tls@example.com'];
    const { out } = await postern(
      ...['dns', 'plan', 'example.com', ...about, '--config', dns.config, '--state', folder],
      ...words,
    );
    assert.match(out, /^@ 3600 IN TXT "v=spf1 a mx ~all"$/m);
    // What others publish, and, in place of the TXT record that is to go, another.
    const elsewhere = `26.2.0.192.in-addr.arpa. PTR mail.example.com.
example.com._report._dmarc.reports.example.net. TXT "v=DMARC1"
_domainkey.example.com. A 192.0.2.1
`;
    const overlay = file(`${out}\n${elsewhere}`);
    const checked = await check(dns.config, ...words, '--zone', overlay, '--json');
    const { server, domains } = JSON.parse(checked.out) as {
      server: { findings: { kind: string; id: string }[] };
      domains: { findings: { kind: string; id: string }[] }[];
    };
    const all = [...server.findings, ...domains.flatMap(({ findings }) => findings)];
    const bad = all.filter(({ kind }) => kind === 'fail' || kind === 'warn');
    assert.deepEqual([bad, exitCode()], [[], 0]);
  });

  test('wildcards of the file count, and published records go before them', async () => {
    await using dns = await served();
    const revoked = '*._domainkey.example.com. TXT "v=DKIM1; p="\n';
    const policy = '*.example.com. TXT "v=DMARC1; p=reject"\n';
    const words = ['--key', `s1=${key}`, '--zone', file(revoked + policy), '--json'];
    const { out } = await check(dns.config, ...words);
    exitCode();
    const { domains } = JSON.parse(out) as {
      domains: { findings: { id: string; found: string }[] }[];
    };
    const found = (id: string) => domains[0]?.findings.find((one) => one.id === id)?.found ?? '';
    assert.match(found('dkim.s1'), /^v=DKIM1; p= — it is revoked.*\*\._domainkey\.example\.com/);
    assert.match(found('dmarc'), /^v=DMARC1; p=none; pct=50/);
  });

  test('a file with an SOA is the whole zone', async () => {
    await using dns = await served();
    const zone = file(published.replace(/^_dmarc .*\n/m, ''));
    const { out } = await check(dns.config, '--zone', zone, '--json');
    exitCode();
    const { domains } = JSON.parse(out) as {
      domains: { findings: { id: string; found: string }[] }[];
    };
    assert.match(domains[0]?.findings.find(({ id }) => id === 'dmarc')?.found ?? '', /^nothing/);
  });

  for (const fault of ['silent', 'servfail', 'refused', 'garbage'] as const) {
    test(`a resolver with a fault (${fault}) makes all unknown, nothing bad`, async () => {
      await using dns = await served(fault);
      const { out } = await check(dns.config, '--json');
      const { domains } = JSON.parse(out) as { domains: { findings: { kind: string }[] }[] };
      const kinds = new Set(domains.flatMap(({ findings }) => findings.map(({ kind }) => kind)));
      assert.ok(
        kinds.has('unknown') && !kinds.has('fail') && !kinds.has('warn'),
        [...kinds].join(),
      );
      assert.equal(exitCode(), 0);
    });
  }

  test('the ledger says what is sent, and which domains are asked about', async () => {
    await using dns = await served();
    await using state = await stateFolder();
    const ledger = openLedger(join(state.path, 'ledger.db'));
    const at = Date.now() as Millis;
    const row = { firstAt: at, lastAt: at, messages: 7, signed: 0, signedBy: '' };
    const rows = ['example.com', 'stranger.example'].map((domain) => ({ ...row, domain }));
    ledger.write(
      rows.map((one) => ({ kind: 'sending-domain', row: one }) as const),
      { durable: false },
    );
    ledger.close();
    const config = file(`[identity]\nnever_send = ["example.com"]\n${dnsOf(dns)}`);
    const words = ['--config', config, '--state', state.path, '--json'];
    const { out } = await postern('dns', 'check', ...words);
    const { domains } = JSON.parse(out) as {
      domains: { domain: string; findings: { id: string; kind: string; found: string }[] }[];
    };
    assert.deepEqual(
      domains.map(({ domain }) => domain),
      ['example.com'],
    );
    const said = domains[0]?.findings.find(({ id }) => id === 'domain');
    assert.deepEqual([said?.kind, exitCode()], ['fail', 1]);
    assert.match(said?.found ?? '', /never send, but about 7 messages a day/);
  });
});

const dnsOf = ({ server }: ScriptedDns): string =>
  `[dns]\nservers = ["${server.address}:${server.port}"]\n`;
