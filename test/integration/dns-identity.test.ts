/**
 * What `dns plan` advises, published on real name servers: BIND by its own updates and as a zone
 * file, tinydns as a data file. Then nothing is missing, `dns check` finds nothing wrong, and `dns
 * watch` sees it on the server itself.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Finding } from '../../src/core/finding.ts';
import type { Step } from '../../src/core/identity/aspect.ts';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import { postern, type Ran } from '../command-line.ts';
import { scratchFiles } from '../scratch-files.ts';
import { checkZone, type NamedInstance, startNamed, updateServer } from './named-instance.ts';
import { startTinydns } from './tinydns-instance.ts';

const { folder, file } = scratchFiles('dns-identity');

const [sending, parked, reverse] = ['example.test', 'parked.test', 'in-addr.arpa'];
const zones = [sending, parked, reverse, 'reports.test'] as const;
const about = ['--ip', '192.0.2.25', '--host', 'mail.example.test', '--state', folder];
const rsa = await Promise.all([2048, 4096].map((bits) => makeKeyPair('rsa', bits)));
const keys = [...rsa, await makeKeyPair('ed25519')].flatMap((key, nth) => [
  '--key',
  `k${nth}=${file(key)}`,
]);
const wishes = [...keys, '--rua', 'dmarc@reports.test', '--tls-rua', 'tls@example.test'];

const head = (zone: string): string => `$ORIGIN ${zone}.
$TTL 300
@ SOA ns1.example.test. hostmaster.example.test. 1 7200 3600 1209600 300
@ NS ns1.example.test.
`;
/** What was there before. */
const junk: Readonly<Record<string, string>> = {
  [sending]: `ns1 A 127.0.0.1
@ TXT "v=spf1 mx, ip4 192.0.2.9, ?all"
@ TXT "a=b; c \\"d\\" \\\\ e"
@ MX 10 alias
alias CNAME mail
_dmarc TXT "v=DMARC1; p=none; pct=20; x=y"
_domainkey TXT "t=y; o=-"
k0._domainkey TXT "v=DKIM1; k=rsa; p=AAAA"
`,
  [parked]: '@ A 192.0.2.80\n@ TXT "v=spf1 a mx ~all"\n',
};

type Found = { readonly findings: readonly Finding[] };

/** `dns plan` and `dns check`, of the domain that sends and of the one that does not. */
async function asked(
  config: string,
  what: 'plan' | 'check',
  wanted: readonly string[],
): Promise<readonly Ran[]> {
  const by = ['--config', config];
  const ran = [
    await postern('dns', what, sending, ...about, ...wanted, ...by, '--json'),
    await postern('dns', what, parked, '--never-sends', '--state', folder, ...by, '--json'),
  ];
  process.exitCode = 0;
  return ran;
}

async function allIsWell(config: string, wanted: readonly string[] = wishes): Promise<void> {
  for (const { out } of await asked(config, 'plan', wanted)) {
    const { steps } = JSON.parse(out) as { steps: readonly Step[] };
    const open = steps.filter(({ state }) => state !== 'have');
    assert.deepEqual(
      open.map(({ state, id, why }) => `${state} ${id}: ${why}`),
      [],
    );
  }
  for (const { out } of await asked(config, 'check', wanted)) {
    const { server, domains } = JSON.parse(out) as { server?: Found; domains: readonly Found[] };
    const all = [server, ...domains].flatMap((one) => one?.findings ?? []);
    assert.deepEqual(
      all.filter(({ kind }) => kind !== 'ok'),
      [],
    );
    assert.ok(all.length >= 5);
  }
}

function settings({ server }: Pick<NamedInstance, 'server'>, more = ''): string {
  return file(
    `[dns]\nservers = ["${serverText(server)}"]\nauthority_port = ${server.port}\ntimeout ` +
      `= "5s"\n${more}`,
  );
}

/** Plans against empty zones, as text for a name server. */
async function planned(
  format: 'bind' | 'tinydns',
  wanted: readonly string[],
): Promise<readonly string[]> {
  const empty = file(zones.map(head).join('\n'));
  const more = ['--zone', empty, '--format', format];
  const first = await postern('dns', 'plan', sending, ...about, ...wanted, ...more);
  const other = await postern('dns', 'plan', parked, '--never-sends', ...more, '--state', folder);
  assert.deepEqual([first.err, other.err], ['', '']);
  return [first.out, other.out];
}

describe('a plan carried out', () => {
  test('by updates of BIND: junk is fixed, and every name server shows it', async () => {
    const text = (zone: string): string => head(zone) + (junk[zone] ?? '');
    await using named = await startNamed({
      zones: Object.fromEntries(zones.map((zone) => [zone, text(zone)])),
    });
    const names = zones.map((zone) => `"${zone}"`).join(', ');
    const config = settings(
      named,
      `[[dns.updates]]\nzones = [${names}]\nserver = "${updateServer(named)}"\nkey_file = ` +
        `"${named.keyFile}"\n`,
    );
    const by = ['--config', config, '--state', folder];
    const words = [sending, ...about.slice(0, 4), ...wishes, ...by];
    const before = await postern('dns', 'watch', ...words);
    assert.match(before.out, /not yet +TXT _smtp\._tls\.example\.test on ns1\.example\.test/);
    assert.equal(Number(process.exitCode), 1);
    process.exitCode = 0;
    const sent = await postern('dns', 'plan', ...words, '--update', '--yes', '--only-changes');
    assert.deepEqual([sent.exit, sent.err], [0, '']);
    assert.match(sent.out, /example\.test: changed on /);
    assert.match(sent.out, /^in-addr\.arpa: changed on /m);
    const none = await postern('dns', 'plan', parked, '--never-sends', ...by, '--update', '--yes');
    assert.deepEqual([none.exit, none.err], [0, '']);
    await allIsWell(config);
    const texts = await named.dig(sending, 'TXT');
    assert.ok(texts.some((one) => one.type === 'TXT' && one.strings[0] === 'a=b; c "d" \\ e'));
    const seen = await postern('dns', 'watch', ...words, '--until-seen', '--timeout', '20s');
    assert.match(seen.out, /Every name server shows all records of the plan\.\n/);
    assert.equal(Number(process.exitCode ?? 0), 0);
  });

  test('as zone files of BIND', async () => {
    const [first = '', other = ''] = await planned('bind', wishes);
    const texts: Readonly<Record<string, string>> = {
      [sending]: `${head(sending)}ns1 A 127.0.0.1\n${first}`,
      [parked]: head(parked) + other,
      [reverse]: `${head(reverse)}25.2.0.192 PTR mail.example.test.\n`,
      'reports.test': `${head('reports.test')}${sending}._report._dmarc TXT "v=DMARC1"\n`,
    };
    for (const zone of [sending, parked])
      assert.match(await checkZone(zone, texts[zone] ?? ''), /^OK$/m);
    await using named = await startNamed({ zones: texts });
    await allIsWell(settings(named));
  });

  test('as the data of tinydns', async () => {
    // It answers by UDP alone, in 512 octets: RSA with 4096 bits is too long for that, and the plan
    // says so.
    const [all = ''] = await planned('tinydns', wishes);
    assert.match(all, /# the answer has [78]\d\d octets[^']*\n'k1\._domainkey/);
    const short = wishes.filter((_, nth) => nth !== 2 && nth !== 3);
    const data = await planned('tinydns', short);
    assert.ok(!data.join('').includes('# the answer'));
    const apex = zones.map((zone) => `.${zone}:127.0.0.1:ns1.example.test:300`);
    const others = [
      `^25.2.0.192.${reverse}:mail.example.test:300`,
      `'${sending}._report._dmarc.reports.test:v=DMARC1:300`,
    ];
    await using tinydns = await startTinydns(`${[...apex, ...others, ...data].join('\n')}\n`);
    await allIsWell(settings(tinydns), short);
  });
});
