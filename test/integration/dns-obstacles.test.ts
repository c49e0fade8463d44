/**
 * Aliases and wildcards in real zones: what `dns plan --update` changes on BIND, and whether
 * named-checkzone loads a zone together with its plan.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Step } from '../../src/core/identity/aspect.ts';
import { type DnsRecord, dataText } from '../../src/formats/dns/record.ts';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import { postern, type Ran } from '../command-line.ts';
import { oddZone } from '../doubles/odd-zones.ts';
import { scratchFiles } from '../scratch-files.ts';
import { checkZone, type NamedInstance, startNamed, updateServer } from './named-instance.ts';

const { folder, file } = scratchFiles('dns-obstacles');

const key = file(await makeKeyPair('ed25519'));
const about = ['--ip', '192.0.2.25', '--host', 'mail.example.org', '--key', `s1=${key}`];
const head = (zone: string, more = ''): string => `$ORIGIN ${zone}.
$TTL 300
@ SOA ns1.example.org. hostmaster.example.org. 1 7200 3600 1209600 300
@ NS ns1.example.org.
${more}`;
const start = head(
  'example.org',
  `ns1 A 127.0.0.1
@ MX 10 mail
@ TXT "v=spf1 ip4:192.0.2.25 include:_spf.example.org ~all"
_spf TXT "v=spf1 ip4:203.0.113.0/24 -all"
mail A 192.0.2.25
mail TXT "v=spf1 ip4:192.0.2.25 -all"
`,
);

function settings(named: NamedInstance): readonly string[] {
  const { address, port } = named.server;
  const text = `[dns]
servers = ["${serverText({ address, port })}"]
authority_port = ${port}
timeout = "5s"
[[dns.updates]]
zones = ["example.org", "in-addr.arpa"]
server = "${updateServer(named)}"
key_file = "${named.keyFile}"
`;
  return ['--config', file(text), '--state', folder];
}

function zonesOf(example: string, more: Readonly<Record<string, string>> = {}) {
  const reverse = head('in-addr.arpa', '25.2.0.192 PTR mail.example.org.\n');
  return { zones: { 'example.org': example, 'in-addr.arpa': reverse, ...more } };
}

/** Sends the plan. No server may have ignored anything. */
async function update(named: NamedInstance, ...words: readonly string[]): Promise<Ran> {
  const by = [...settings(named), '--update', '--yes', '--only-changes'];
  const ran = await postern('dns', 'plan', 'example.org', ...about, ...words, ...by);
  process.exitCode = 0;
  assert.doesNotMatch(named.log(), /ignored/);
  return ran;
}

async function texts(named: NamedInstance, name: string): Promise<readonly string[]> {
  const all = await named.dig(`${name}.`, 'TXT');
  return all.flatMap((one) => (one.type === 'TXT' ? [dataText(one)] : [])).sort();
}

describe('--update', () => {
  test('with a wildcard alias to the domain: each record goes to its own name', async () => {
    await using named = await startNamed(zonesOf(`${start}* CNAME example.org.\n`));
    const before = await texts(named, 'example.org');
    const ran = await update(named, '--mta-sts', 'testing', '--tls-rua', 'tls@example.org');
    assert.deepEqual([ran.exit, ran.err], [0, '']);
    assert.match(ran.out, /^example\.org: changed on .*, seen on all name servers$/m);
    assert.deepEqual(await texts(named, 'example.org'), before);
    assert.match((await texts(named, 's1._domainkey.example.org')).join(), /^v=DKIM1; k=ed25519/);
    assert.deepEqual(await texts(named, '_dmarc.example.org'), ['v=DMARC1; p=none']);
    assert.doesNotMatch(ran.out, /was: /);
  });

  test('a domain with a wildcard alias that never sends', async () => {
    await using named = await startNamed(zonesOf(`${start}* CNAME example.org.\n`));
    const ran = await update(named, '--never-sends');
    assert.deepEqual([ran.exit, ran.err], [0, '']);
    assert.deepEqual(await texts(named, 'example.org'), ['v=spf1 -all']);
    assert.deepEqual(await texts(named, '*._domainkey.example.org'), ['v=DKIM1; p=']);
  });

  const inTheWay: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'DMARC',
      '_dmarc.example.org',
      '_dmarc CNAME example-org.dmarc.vendor.test.',
      /_dmarc\.example\.org is an alias \(CNAME\) of example-org\.dmarc\.vendor\.test; the alias/,
    ],
    [
      'a key',
      's1._domainkey.example.org',
      's1._domainkey CNAME s1.dkim.vendor.test.',
      /s1\._domainkey\.example\.org is an alias \(CNAME\) of s1\.dkim\.vendor\.test; the alias/,
    ],
    [
      'a key below a DNAME',
      's1._domainkey.example.org',
      '_domainkey DNAME _domainkey.vendor.test.',
      /all names below _domainkey\.example\.org are aliases .* \(DNAME\)/,
    ],
  ];
  for (const [what, name, line, why] of inTheWay) {
    test(`an alias in the way of ${what} is named, and nothing is put beside it`, async () => {
      const vendor = head('vendor.test', '* A 192.0.2.7\n');
      await using named = await startNamed(zonesOf(`${start}${line}\n`, { 'vendor.test': vendor }));
      const ran = await update(named);
      assert.deepEqual([ran.exit, ran.err], [0, '']);
      assert.match(ran.out.replaceAll(/\n; /g, ' '), why);
      assert.deepEqual(await texts(named, name), []);
      const [main = ''] = ran.out.split('example.org: changed');
      assert.ok(!main.includes(`\n${name.replace('.example.org', '')} 3600 IN TXT`));
    });
  }

  test('the host is an alias: no SPF record beside it', async () => {
    const zone = start.replaceAll(/^mail (A|TXT) .*\n/gm, '');
    await using named = await startNamed(zonesOf(`${zone}mail CNAME srv\nsrv A 192.0.2.25\n`));
    const ran = await update(named);
    assert.match(
      ran.out.replaceAll(/\n; /g, ' '),
      /mail\.example\.org is an alias \(CNAME\) of srv/,
    );
    assert.deepEqual(await texts(named, 'mail.example.org'), []);
    assert.deepEqual(await texts(named, 'srv.example.org'), []);
  });

  test('what changed since the plan was made is not overwritten', async () => {
    const older = file(`${start}_dmarc TXT "v=DMARC1; p=none; sp=bogus"\n`);
    const rows = [
      [`${start}_dmarc CNAME x.example.org.\n`, file(start), 'TXT _dmarc.example.org'],
      [`${start}_dmarc TXT "v=DMARC1; p=reject"\n`, file(start), 'TXT _dmarc.example.org'],
      [`${start}_dmarc TXT "v=DMARC1; p=reject"\n`, older, 'TXT _dmarc.example.org'],
    ] as const;
    for (const [real, seen, name] of rows) {
      await using named = await startNamed(zonesOf(real));
      const before = await texts(named, '_dmarc.example.org');
      const ran = await update(named, '--zone', seen);
      assert.equal(ran.exit, 69, ran.out);
      assert.doesNotMatch(ran.out, /: changed on/);
      assert.ok(ran.err.includes(`not as the plan saw it: ${name}`), ran.err);
      assert.deepEqual(await texts(named, '_dmarc.example.org'), before);
      assert.deepEqual(await texts(named, 's1._domainkey.example.org'), []);
    }
  });

  test('a name server that does not show the changes is named', async () => {
    const two = `${start}@ NS ns2\nns2 A 127.0.0.2\n`;
    await using named = await startNamed(zonesOf(two));
    const ran = await update(named);
    assert.equal(ran.exit, 75, ran.out);
    assert.match(ran.out, /^example\.org: changed on .*, not seen on all name servers$/m);
    assert.match(ran.out, /^ {2}TXT _dmarc\.example\.org: not yet on ns2\.example\.org/m);
    assert.match(ran.err, /not every name server shows .*TXT _dmarc\.example\.org/);
  });
});

test('named-checkzone loads every zone together with its plan', async () => {
  const sample = fc.sample(oddZone, { seed: 14, numRuns: 40 });
  let changes = 0;
  for (const { records, domain, sends } of sample) {
    const own = records.filter(({ name }) => name.endsWith('example.org'));
    const zone = start.replaceAll(/^(mail|@ MX|@ TXT) .*\n/gm, '') + printBindZone(own);
    const words = ['--zone', file(zone), '--state', folder, '--config', file('')];
    const host = sends ? about : ['--never-sends'];
    const said = await postern('dns', 'plan', domain, ...host, ...words);
    assert.deepEqual([said.exit, said.err], [0, ''], zone);
    const json = await postern('dns', 'plan', domain, ...host, ...words, '--json');
    const { steps } = JSON.parse(json.out) as { steps: readonly Step[] };
    const gone = (one: DnsRecord): boolean =>
      steps.some(({ remove }) =>
        remove.some((other) => other.name === one.name && dataText(other) === dataText(one)),
      );
    const rest = printBindZone(own.filter((one) => !gone(one)));
    const before = await loaded(zone);
    const after = await loaded(zone.replace(printBindZone(own), rest) + said.out);
    assert.ok(before !== '' || after === '', `${zone}\n${said.out}\n${after}`);
    assert.doesNotMatch(after, /CNAME and other data|occluded|DNAME/, `${zone}\n${said.out}`);
    changes += steps.filter(({ add }) => add.length > 0).length;
  }
  assert.ok(changes > 100, `${changes}`);
});

/** Why named-checkzone does not load a zone; empty if it does. */
async function loaded(text: string): Promise<string> {
  try {
    await checkZone('example.org', text);
    return '';
  } catch (cause) {
    return cause instanceof Error && 'stdout' in cause ? String(cause.stdout) : String(cause);
  }
}
