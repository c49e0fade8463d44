/** What other signers allowed, and which clients need declarations to keep it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { opendkimSetup } from './opendkim-signer.ts';
import { rspamdSetup } from './rspamd-signer.ts';
import type { SetupFiles, SignerSetup } from './signer-setup.ts';

type Texts = Readonly<Record<string, string>>;
const disk = (texts: Texts): SetupFiles => ({
  text: (path) => texts[path],
  names: () => undefined,
});
const shown = ({ allowed }: SignerSetup): readonly string[] =>
  allowed.map(
    ({ setting, becomes, networks }) =>
      `${becomes} ${setting}${networks.length === 0 ? '' : ` -> ${networks.join(' ')}`}`,
  );
const tables = 'KeyTable csl:k=a.example:s:/k\nSigningTable csl:a.example=k\n';
const opendkim = (conf: string, texts: Texts = {}): readonly string[] =>
  shown(opendkimSetup(`${tables}${conf}`, disk(texts)));
const rspamd = (text: string, texts: Texts = {}): readonly string[] =>
  shown(
    rspamdSetup({ path: '/etc/rspamd/x.conf', text }, disk(texts), (one) =>
      one.split('.').slice(-2).join('.'),
    ),
  );

test('OpenDKIM: without settings, logins and programs of this machine may be anyone', () => {
  assert.deepEqual(opendkim(''), ['narrower InternalHosts 127.0.0.1 (usual)', 'narrower logins']);
});

test('OpenDKIM: a network with an exception is not called a name', () => {
  const conf = `${tables}InternalHosts csl:10.0.0.0/8,!10.0.0.7,a.example\n`;
  const { allowed } = opendkimSetup(conf, disk({}));
  const said = (entry: string): string | undefined =>
    allowed.find(({ setting }) => setting === `InternalHosts ${entry}`)?.allowed;
  assert.match(said('10.0.0.0/8') ?? '', /^clients of this network .* with exceptions$/);
  assert.match(said('a.example') ?? '', /^clients of this name /);
});

test('OpenDKIM: clients of InternalHosts are declared; names and exceptions are not', () => {
  const hosts = '# trusted\n127.0.0.1\nlocalhost\n192.0.2.0/24\n[2001:db8::1]\n.office.example\n';
  const read = (text: string): readonly string[] =>
    opendkim('InternalHosts refile:/hosts\n', { '/hosts': text });
  assert.deepEqual(read(hosts), [
    'narrower InternalHosts refile:/hosts',
    'declared InternalHosts refile:/hosts -> 192.0.2.0/24 [2001:db8::1]',
    'cannot InternalHosts .office.example',
    'narrower logins',
  ]);
  // The network around an exception would allow what was not allowed.
  assert.deepEqual(read('10.0.0.0/8\n!10.0.0.7\n192.0.2.9\n'), [
    'declared InternalHosts refile:/hosts -> 192.0.2.9',
    'cannot InternalHosts 10.0.0.0/8',
    'cannot InternalHosts !10.0.0.7',
    'narrower logins',
  ]);
});

test('OpenDKIM: a list in LDAP, SQL or a missing file is named', () => {
  for (const list of ['ldap://localhost/o=x', 'dsn:mysql://u:p@h/d', '/nowhere', 'db:/hosts.db']) {
    assert.equal(opendkim(`InternalHosts ${list}\n`)[0], `cannot InternalHosts ${list}`);
  }
});

test('OpenDKIM: each setting about who signs is named', () => {
  assert.deepEqual(
    opendkim(
      'MacroList {daemon_name}|ORIGINATING\nSenderMacro {mail_from}\nPeerList 192.0.2.1\n' +
        'ExternalIgnoreList 192.0.2.2\nExemptDomains b.example\nMultipleSignatures yes\n' +
        'SetupPolicyScript /x.lua\nSenderHeaders Sender\n',
    ).slice(2),
    [
      'same ExternalIgnoreList 192.0.2.2',
      'same PeerList 192.0.2.1',
      'narrower MacroList {daemon_name}|ORIGINATING',
      'cannot SenderMacro {mail_from}',
      'narrower SenderHeaders Sender',
      'wider ExemptDomains b.example',
      'narrower MultipleSignatures yes',
      'cannot SetupPolicyScript /x.lua',
    ],
  );
});

test('OpenDKIM that only verifies allowed nobody anything', () => {
  assert.deepEqual(opendkim('Mode v\n'), []);
});

const usual = rspamd('');

test('rspamd: as it is usually, a login signs as its own domain', () => {
  assert.deepEqual(usual, [
    'narrower allow_username_mismatch = false (usual) with use_esld = true (usual)',
    'narrower sign_local = true (usual)',
    'narrower sign_local = true (usual) with local_addrs',
    'wider allow_hdrfrom_mismatch = false (usual)',
    'same allow_envfrom_empty = true (usual)',
    'wider allow_hdrfrom_multiple = false (usual)',
  ]);
  assert.equal(rspamd('use_esld = false;')[0], 'same allow_username_mismatch = false (usual)');
});

test('rspamd: what lets a login be anyone', () => {
  assert.equal(
    rspamd('allow_username_mismatch = true;')[0],
    'narrower allow_username_mismatch = true',
  );
  // With both tables rspamd compares nothing, whatever the settings are.
  const byTables = rspamd(
    'signing_table = "/s"; key_table = "/k"; allow_username_mismatch = false; use_domain = "auth";',
    { '/s': '*@a.example k\n', '/k': 'k a.example:s:/a.key\n' },
  );
  assert.equal(byTables[0], 'narrower signing_table with key_table');
  assert.ok(!byTables.some((line) => /allow_hdrfrom_mismatch|use_domain/.test(line)));
});

test('rspamd: sign_networks in each form becomes declarations', () => {
  const nets = (value: string, texts: Texts = {}): readonly string[] =>
    rspamd(`sign_networks = ${value};`, texts).filter((line) => line.includes('sign_networks'));
  const both = ['declared sign_networks -> 192.0.2.0/24 2001:db8::/32'];
  assert.deepEqual(nets('["127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"]'), both);
  assert.deepEqual(nets('"192.0.2.0/24, 2001:db8::/32"'), both);
  const file = { '/etc/rspamd/nets': '# office\n192.0.2.0/24 yes\n2001:db8::/32\n' };
  assert.deepEqual(nets('"$CONFDIR/nets"', file), both);
  assert.deepEqual(nets('"file:///etc/rspamd/nets"', file), both);
  assert.deepEqual(nets('"https://maps.example/nets"'), [
    'cannot sign_networks https://maps.example/nets',
  ]);
  assert.deepEqual(nets('{ url = "x"; }'), ['cannot sign_networks in this form']);
});

test('rspamd: each setting about who signs is named', () => {
  assert.deepEqual(
    rspamd(
      'sign_authenticated = false; sign_local = no; allow_hdrfrom_mismatch = true;\n' +
        'allow_hdrfrom_mismatch_sign_networks = true; allow_envfrom_empty = false;\n' +
        'allow_hdrfrom_multiple = true; use_domain = "auth";\n' +
        'use_domain_sign_local = "a.example";\n' +
        'auth_only = true; whitelisted_signers_map = "/w"; use_http_headers = false;\n' +
        'allowed_ids = ["out"];',
    ),
    [
      'wider sign_authenticated = false',
      'wider sign_local = no',
      'same allow_hdrfrom_mismatch = true',
      'same allow_hdrfrom_mismatch_sign_networks = true',
      'wider allow_envfrom_empty = false',
      'narrower allow_hdrfrom_multiple = true',
      'narrower use_domain = auth',
      'narrower use_domain_sign_local = a.example',
      'same auth_only = true',
      'cannot allowed_ids',
      'cannot whitelisted_signers_map',
    ],
  );
});

test('local addresses are those of the options of rspamd', () => {
  const { allowed } = rspamdSetup(
    { path: '/etc/rspamd/x.conf', text: '' },
    disk({
      '/etc/rspamd/options.inc': 'local_addrs = [192.168.0.0/16, 10.0.0.0/8]\n',
      '/etc/rspamd/local.d/options.inc': 'local_addrs = [192.0.2.0/24]\n',
    }),
    (one) => one,
  );
  assert.match(allowed[2]?.allowed ?? '', /^clients in 192\.0\.2\.0\/24 may/);
});

test('no list of clients declares this machine, a name, or more than was said', () => {
  const entry = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `${ip}/24`),
    fc.ipV4().map((ip) => `!${ip}`),
    fc.constantFrom('localhost', '127.0.0.1', '::1', '127.0.0.0/8', '.a.example', 'h', '0/0', '*'),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const conf = `${tables}InternalHosts csl:${entries.join(',')}\n`;
      const networks = opendkimSetup(conf, disk({})).allowed.flatMap((one) => one.networks);
      const hasExceptions = entries.some((one) => one.startsWith('!'));
      for (const one of networks) {
        assert.ok(entries.includes(one), one);
        assert.doesNotMatch(one, /^127\.|^::1$|localhost|\*|[g-z]/);
        if (hasExceptions) assert.doesNotMatch(one, /\//);
      }
    }),
  );
});
