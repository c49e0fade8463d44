/**
 * `postern dkim keys|new|rotate|retire|import`, at a running guard and without one, with a name
 * server of our own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { type DnsRecord, txtStrings } from '../src/formats/dns/record.ts';
import { parseBindZone } from '../src/formats/dns/zone-bind.ts';
import { parseTinydnsZone } from '../src/formats/dns/zone-tinydns-parse.ts';
import { makeKeyPair, openPrivateKey } from '../src/lib/private-key.ts';
import type { KeyView } from '../src/ports/admin.ts';
import { postern, type Ran } from './command-line.ts';
import { openScriptedDns, type ScriptedDns } from './doubles/dns-server.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-dkim-keys-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

function domainRecords(domain: string): readonly DnsRecord[] {
  const [name, ttlSeconds] = [domain, 300];
  const soa = { primary: `ns.${domain}`, mailbox: `admin.${domain}`, serial: 1 };
  const times = { refresh: 3_600, retry: 600, expire: 86_400, minimum: 300 };
  return [
    { type: 'SOA', name, ttlSeconds, ...soa, ...times },
    { type: 'NS', name, ttlSeconds, target: `ns.${domain}` },
    { type: 'A', name: `ns.${domain}`, ttlSeconds, address: '127.0.0.1' },
  ];
}

const txt = (name: string, text: string): DnsRecord => ({
  type: 'TXT',
  name,
  ttlSeconds: 300,
  strings: txtStrings(text),
});

type Stage = {
  readonly dns: ScriptedDns;
  readonly state: string;
  readonly toml: string;
  run(...words: readonly string[]): Promise<Ran>;
  keys(): Promise<readonly KeyView[]>;
};

/** A folder, a name server, and commands that know both. */
async function stage(use: (at: Stage) => Promise<void>): Promise<void> {
  made += 1;
  const state = join(root, `state-${made}`);
  const domains = ['example.org', 'example.com', 'shop.example'];
  await using dns = await openScriptedDns(domains.flatMap(domainRecords));
  const { address, port } = dns.server;
  const toml = `[dns]\nservers = ["${address}:${port}"]\nauthority_port = ${port}\n`;
  const config = join(root, `postern-${made}.toml`);
  writeFileSync(config, toml);
  const run = (...words: readonly string[]): Promise<Ran> =>
    postern('dkim', ...words, '--state', state, '--config', config);
  const keys = async (): Promise<readonly KeyView[]> =>
    JSON.parse((await run('keys', '--json')).out);
  await use({ dns, state, toml, run, keys });
}

test('before the first start: keys are made, their records printed for both name servers', () =>
  stage(async ({ dns, state, run, keys }) => {
    const { exit, out, err } = await run('new', 'Example.ORG.');
    assert.equal(exit, 0);
    assert.match(err, /^postern: not running; using its ledger/);
    const [bind = '', tinydns = ''] = out.split('For BIND:\n')[1]?.split('\nFor tinydns:\n') ?? [];
    const published = parseBindZone(bind);
    const again = parseTinydnsZone(tinydns);
    assert.ok(published.ok && again.ok, out);
    assert.equal(published.value.length, 2);
    const texts = (records: readonly DnsRecord[]): readonly string[] =>
      records.map((one) => `${one.name} ${one.type === 'TXT' ? one.strings.join('') : ''}`);
    assert.deepEqual(texts(published.value), texts(again.value));
    const [rsa, ed] = await keys();
    assert.deepEqual(
      [rsa?.algorithm, rsa?.bits, ed?.algorithm],
      ['rsa-sha256', 2048, 'ed25519-sha256'],
    );
    assert.match(rsa?.todo ?? '', /^publish its record \(ns\.example\.org: no record\)$/);
    assert.equal(statSync(join(state, 'keys', rsa?.file ?? '')).mode & 0o777, 0o600);
    dns.records = [...dns.records, ...published.value];
    const table = await run('keys', 'example.org');
    assert.match(
      table.out,
      /^DOMAIN +SELECTOR +KEY +STATE +SINCE +NEXT\nexample\.org +r\d+ +RSA 2048 +published /,
    );
  }));

test('what cannot be done is said', () =>
  stage(async ({ run }) => {
    assert.deepEqual(
      [(await run('keys')).exit, (await run('rotate', 'example.org')).exit],
      [69, 1],
    );
    const wrong = await run('new', 'exa mple.org');
    assert.deepEqual([wrong.exit, wrong.err.includes('is not a domain as DNS has it')], [1, true]);
    assert.equal((await run('new', 'example.org', '--selector', 's')).exit, 1);
    assert.equal((await run('new', 'example.org', '--bits', '512')).exit, 64);
    assert.equal((await run('retire', 'example.org', 'none')).exit, 1);
    assert.match(
      (await run('new', 'bücher.example', '--algorithm', 'ed25519')).out,
      /^xn--bcher-kva\.example: made/,
    );
  }));

test('with the guard: taken over, rotated, retired; it keeps the ledger to itself', () =>
  stage(async ({ dns, state, toml, run, keys }) => {
    const { config } = parseConfig(`${toml}\n[postfix]\nqueue = "off"\n`, 'test');
    Object.assign(config.doors, { milter: 'off', policy: 'off', http: 'inet:127.0.0.1:0' });
    config.mail_log.source = 'off';
    const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
    const log = (): void => {};
    await using daemon = await startDaemon({ state, config, movable: false, token, log });
    await writeFile(
      join(state, 'run.json'),
      JSON.stringify({ pid: process.pid, doors: daemon.doors, token }),
    );
    const folder = join(root, 'rspamd-one');
    mkdirSync(folder);
    const pem = await makeKeyPair('rsa');
    writeFileSync(join(folder, 'example.org.dkim.key'), pem, { mode: 0o600 });
    const key = openPrivateKey(pem);
    assert.ok(key.ok);
    const record = txt('dkim._domainkey.example.org', `v=DKIM1; k=rsa; p=${key.value.publicKey}`);
    dns.records = [...dns.records, record];
    const imported = await run('import', 'rspamd', folder);
    assert.equal(imported.err, '');
    assert.match(
      imported.out,
      /^ {2}dkim\._domainkey\.example\.org: taken over, signs \(RSA, 2048 bits\)\n1 key\n$/,
    );
    const again = await run('import', 'rspamd', folder);
    assert.match(again.out, /is known already/);
    assert.equal(again.exit, 0);
    const rotated = await run('rotate', 'example.org');
    assert.match(
      rotated.out,
      /^example\.org: made r\d+ \(RSA, 2048 bits\) to follow dkim \(RSA, 2048 bits\)/,
    );
    assert.deepEqual(
      (await keys()).map(({ state: is }) => is),
      ['signing', 'published'],
    );
    const gone = await run('retire', 'example.org', 'dkim', '--compromised');
    assert.match(
      gone.out,
      /^dkim of example\.org no longer signs, and is revoked; nothing signs for example\.org now\n/,
    );
    assert.match(
      gone.out,
      /dkim\._domainkey\.example\.org: change its record to the one without a key/,
    );
    assert.match(gone.out, /TXT "v=DKIM1; k=rsa; p="/);
  }));

test('an import under a name that Postern has: only the same key in use counts', () =>
  stage(async ({ run }) => {
    const files = [join(root, 'first.pem'), join(root, 'second.pem')] as const;
    for (const file of files) writeFileSync(file, await makeKeyPair('rsa'), { mode: 0o600 });
    const named = ['--domain', 'shop.example', '--selector', 's1'];
    const imported = async (file: string, ...more: readonly string[]): Promise<string> => {
      const { exit, out, err } = await run('import', 'file', file, ...named, ...more);
      return `${exit} ${out.split('\n')[0]} ${/mail would leave unsigned/.test(err)}`;
    };
    assert.match(await imported(files[0]), /^0 .*waits to be seen.* false$/);
    assert.match(await imported(files[0]), /^0 .*: is known already false$/);
    for (const more of [[], ['--dry-run']]) {
      assert.match(await imported(files[1], ...more), /^1 ! .*: is another key than the one that/);
    }
    assert.equal((await run('retire', 'shop.example', 's1')).exit, 0);
    for (const more of [[], ['--dry-run']]) {
      assert.match(await imported(files[0], ...more), /^1 ! .*: is retired here \(\w+\).* true$/);
    }
    await run('new', 'shop.example');
    assert.match(await imported(files[0]), /^0 .*: is retired here; r\d+ has followed it false$/);
  }));

test('a file of rspamd that is there and cannot be read is no missing file', () =>
  stage(async ({ run }) => {
    const [key, large, conf] = ['r.pem', 'large.conf', 'try.conf'].map((one) => join(root, one));
    assert.ok(key !== undefined && large !== undefined && conf !== undefined);
    writeFileSync(key, await makeKeyPair('rsa'), { mode: 0o600 });
    const domain = `domain { shop.example { path = "${key}"; selector = "s1" } }`;
    writeFileSync(conf, `try_fallback = false;\n.include(try=true) "${large}"\n${domain}`);
    assert.equal((await run('import', 'rspamd', conf, '--dry-run')).exit, 0);
    writeFileSync(large, '');
    truncateSync(large, 17 * 1024 * 1024);
    const { exit, err } = await run('import', 'rspamd', conf, '--dry-run');
    assert.deepEqual([exit, err.includes(`cannot read ${large}`)], [66, true]);
  }));

test('keys of OpenDKIM: what is right is taken, what is wrong is said, each in a line', () =>
  stage(async ({ dns, state, run, keys }) => {
    const folder = join(root, 'opendkim');
    mkdirSync(folder);
    const put = (name: string, text: string, mode = 0o600): string => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
      return join(folder, name);
    };
    const pem = await makeKeyPair('rsa', 1024);
    const short = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey;
    const weak = short.export({ type: 'pkcs8', format: 'pem' }).toString();
    const pipe = join(folder, 'pipe.private');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    const rows = [
      `good example.com:mail:${put('good.private', pem)}`,
      `open open.example:mail:${put('open.private', pem, 0o644)}`,
      `weak weak.example:mail:${put('weak.private', weak)}`,
      `rubbish rubbish.example:mail:${put('rubbish.private', 'no key')}`,
      `lost lost.example:mail:${join(folder, 'nowhere.private')}`,
      `pipe pipe.example:mail:${pipe}`,
      `other shop.example:s1:${put('other.private', await makeKeyPair('ed25519'))}`,
    ];
    const names = ['good', 'open', 'weak', 'rubbish', 'lost', 'pipe', 'other'];
    const domains = [
      'example.com',
      'open.example',
      'weak.example',
      'rubbish.example',
      'lost.example',
      'pipe.example',
      'shop.example',
    ];
    put('KeyTable', rows.join('\n'));
    put('SigningTable', domains.map((domain, n) => `*@${domain} ${names[n]}`).join('\n'));
    const conf = put(
      'opendkim.conf',
      `KeyTable ${folder}/KeyTable\nSigningTable refile:${folder}/SigningTable\n` +
        'InternalHosts 127.0.0.1\n',
    );
    const key = openPrivateKey(pem);
    assert.ok(key.ok);
    dns.records = [
      ...dns.records,
      txt('mail._domainkey.example.com', `v=DKIM1; h=sha256; k=rsa; p=${key.value.publicKey}`),
      txt('s1._domainkey.shop.example', 'v=DKIM1; k=ed25519; p=AAAA'),
    ];
    const dry = await run('import', 'opendkim', conf, '--dry-run');
    assert.match(
      dry.out,
      /^ {2}mail\._domainkey\.example\.com: would be imported \(RSA, 1024 bits, fewer than 2048/,
    );
    assert.ok(!existsSync(state));
    const { exit, out } = await run('import', 'opendkim', conf);
    assert.equal(exit, 1);
    const lines = out.replaceAll(folder, '').split('\n');
    assert.deepEqual(lines, [
      '  mail._domainkey.example.com: taken over, signs ' +
        '(RSA, 1024 bits, fewer than 2048; replace it soon: postern dkim rotate)',
      '  s1._domainkey.shop.example: taken over, waits to be seen in DNS ' +
        '(ns.shop.example: not usable: the key (p=) has 3 octets where Ed25519 has 32 ' +
        '(RFC 8463: the bare key); found v=DKIM1; k=ed25519; p=AAAA) (Ed25519)',
      '! mail._domainkey.open.example: ' +
        'the key /open.private can be read or changed by every user; ' +
        'chmod 0640 /open.private, import again, and replace the key soon',
      '! mail._domainkey.weak.example: the key /weak.private ' +
        'has 512 bits; no receiver accepts less than 1024',
      '! mail._domainkey.rubbish.example: the key /rubbish.private ' +
        'is not a private key in PEM or base64',
      '! mail._domainkey.lost.example: the key /nowhere.private cannot be read: ' +
        "ENOENT: no such file or directory, open '/nowhere.private'",
      '! mail._domainkey.pipe.example: the key /pipe.private is not a file',
      '2 keys, and 5 that cannot be imported',
      '',
      'Mail of these domains would leave unsigned:',
      '  open.example: no key of open.example',
      '  weak.example: no key of weak.example',
      '  rubbish.example: no key of rubbish.example',
      '  lost.example: no key of lost.example',
      '  pipe.example: no key of pipe.example',
      '',
      'Who could have what signed, and what Postern does:',
      '  narrower: InternalHosts 127.0.0.1: programs of this machine may write as any domain ' +
        'that has a key. Postern signs mail of scripts and programs for what you declare. ' +
        'To see what is proposed: postern connect authors --dry-run.',
      '  narrower: logins: a login may write as any domain that has a key. Postern signs ' +
        'mail of a login for its own domain, for addresses that the mail server gives it, and ' +
        'for what you declare. To sign mail of all accounts that Postern knows for 14 days and ' +
        'get a list of what to declare: postern accounts may-write-as --observe 14d.',
      '',
    ]);
    const [mail] = await keys();
    assert.equal(mail?.state, 'signing');
    assert.equal(statSync(join(state, 'keys', mail?.file ?? '')).mode & 0o777, 0o600);
    const missing = await run('import', 'opendkim', join(folder, 'none.conf'));
    assert.deepEqual([missing.exit, /cannot read/.test(missing.err)], [66, true]);
  }));

test('one key from a file: several domains, and what is no private key', () =>
  stage(async ({ state, run, keys }) => {
    const pem = join(root, 'one.pem');
    writeFileSync(pem, await makeKeyPair('rsa'), { mode: 0o600 });
    const both = ['--domain', 'example.org', '--domain', 'Example.COM.', '--selector', 'S'];
    const imported = await run('import', 'file', pem, ...both);
    assert.equal(imported.exit, 0, imported.err);
    assert.match(imported.out, /^ {2}s\._domainkey\.example\.com: taken over, waits/m);
    assert.equal((await keys()).length, 2);
    const again = await run('import', 'file', pem, '--domain', 'example.org', '--selector', 'x');
    assert.equal(again.exit, 1);
    // Nobody is known to have signed with a key from a file.
    assert.doesNotMatch(again.out, /was signed with/);
    const gone = join(root, 'gone.pem');
    const none = await run('import', 'file', gone, '--domain', 'shop.example', '--selector', 'x');
    assert.deepEqual([none.exit, none.out], [66, '']);
    assert.match(none.err, /there is no file .*gone\.pem/);
    const half = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(join(root, 'half.pem'), half, { mode: 0o600 });
    const words = ['--domain', 'shop.example', '--selector', 'x'];
    const wrong = await run('import', 'file', join(root, 'half.pem'), ...words);
    assert.equal(wrong.exit, 1);
    assert.match(wrong.out, /is a public key; a private key is needed/);
    assert.equal(existsSync(join(state, 'keys', 'shop.example')), false);
  }));

test('a path from where the command runs is as good as a whole one', () =>
  stage(async ({ run }) => {
    const folder = join(root, 'rspamd-relative');
    for (const name of ['local.d', 'override.d', 'keys']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    for (const name of ['example.org.a', 'example.org.b']) {
      writeFileSync(join(folder, 'keys', `${name}.key`), await makeKeyPair('rsa'), { mode: 0o600 });
    }
    const path = `path = "${folder}/keys/$domain.$selector.key";\n`;
    writeFileSync(join(folder, 'local.d/dkim_signing.conf'), `${path}selector = "a";\n`);
    writeFileSync(join(folder, 'override.d/dkim_signing.conf'), 'selector = "b";\n');
    const before = process.cwd();
    process.chdir(folder);
    try {
      const conf = await run('import', 'rspamd', 'local.d/dkim_signing.conf', '--dry-run');
      assert.match(conf.out, /^ {2}b\._domainkey\.example\.org: would be imported/m);
      const files = await run('import', 'rspamd', 'keys', '--dry-run');
      assert.match(files.out, /a\._domainkey\.example\.org: would be imported/);
    } finally {
      process.chdir(before);
    }
  }));
