/**
 * The sendmail door beside real OpenDKIM and rspamd, which come before Postern and put their
 * signatures above its field: scripts are known, the field is removed, mail is not delayed, and the
 * undo of the connection is not blocked.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { queueEmptied } from '../../src/commands/connect/sendmail-proof.ts';
import { eventually, freePort, leash, listens } from './leash.ts';
import { reloaded } from './postfix-reload.ts';
import { giveToRspamd, startRspamd } from './rspamd-process.ts';
import { type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';

let server: SendmailServer;
let dir: string;
let ours: string;
const scope = new AsyncDisposableStack();
before(async () => {
  server = scope.use(await startSendmailServer());
  dir = await mkdtemp(join(tmpdir(), 'psl-'));
  scope.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  ours = (await server.postfix.tool('postconf', '-h', 'non_smtpd_milters')).trim();
});
after(() => scope.disposeAsync());

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

async function startOpenDkim(): Promise<string> {
  const port = await freePort();
  const key = join(dir, 'opendkim.key');
  await writeFile(key, privateKey, { mode: 0o600 });
  const conf = join(dir, 'opendkim.conf');
  const lines = [
    ...['Mode s', 'Domain mail.test', 'Selector one', `KeyFile ${key}`, 'Syslog no'],
    ...[`Socket inet:${port}@127.0.0.1`, 'Background no', 'RequireSafeKeys false'],
  ];
  await writeFile(conf, `${lines.join('\n')}\n`);
  const args = ['-f', '-x', conf];
  const daemon = leash('/usr/sbin/opendkim', args, { detaches: false, graceMs: 5_000 });
  scope.defer(() => daemon.stop());
  await listens(port, daemon);
  return `inet:127.0.0.1:${port}`;
}

async function startRspamdMilter(): Promise<string> {
  const folder = join(dir, 'rspamd');
  await mkdir(join(folder, 'local.d'), { recursive: true });
  const key = join(folder, 'signing.key');
  await writeFile(key, privateKey, { mode: 0o600 });
  giveToRspamd(key);
  const signing = `enabled = true; sign_local = true; sign_authenticated = true;
use_domain = "header"; allow_hdrfrom_mismatch = true;
allow_username_mismatch = true; allow_envfrom_empty = true;
domain { mail.test { path = "${key}"; selector = "two"; } }\n`;
  await writeFile(join(folder, 'local.d/dkim_signing.conf'), signing);
  const milterPort = await freePort();
  const proxy = `bind_socket = "127.0.0.1:${milterPort}"; milter = yes; timeout = 60s;
count = 1; upstream "local" { default = yes; self_scan = yes; }\n`;
  const { daemon } = await startRspamd(folder, { 'worker-proxy.inc': proxy });
  scope.defer(() => daemon.stop());
  await listens(milterPort, daemon);
  return `inet:127.0.0.1:${milterPort}`;
}

async function sends(id: string, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    const token = `${users.www}-1700000000000-${'0'.repeat(32)} ${'0'.repeat(16)}`;
    const forged = `X-Postern-Submission: ${token}`;
    const input =
      `From: web@mail.test\nTo: a@world.test\nX-Test-Id: ${id}-${nth}\nSubject: x\n${forged}\n` +
      `Message-ID: <${id}.${nth}@mail.test>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\n\nhi\n`;
    const args = ['-t', '-i', '-fweb@mail.test'];
    const ran = await server.send({ uid: users.www, args, input });
    assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
  }
}

let forgedSoFar = 0;
type Milter = readonly [name: string, start: () => Promise<string>, signature: RegExp];
const milters: readonly Milter[] = [
  ['OpenDKIM', startOpenDkim, /^DKIM-Signature:[\s\S]*?s=one/m],
  ['rspamd', startRspamdMilter, /^DKIM-Signature:[\s\S]*?s=two/m],
];
for (const [name, start, signature] of milters) {
  test(`${name} before Postern`, async () => {
    const milter = await start();
    await server.postfix.set({ non_smtpd_milters: `${milter}, ${ours}` });
    await reloaded(server.postfix);
    const from = performance.now();
    await sends(name, 6);
    for (let nth = 0; nth < 6; nth++) {
      const { headers } = await eventually(
        `${name}-${nth} is delivered`,
        () => server.sink.deliveries.find((one) => one.id === `${name}-${nth}`),
        { detail: async () => JSON.stringify(await server.guard.log()) },
      );
      assert.match(headers, signature, 'it came first');
      assert.doesNotMatch(headers, /postern/i);
    }
    // Unrecognised mail leaves one message in 15 s.
    assert.ok(performance.now() - from < 60_000);
    const recent = await server.guard.json<readonly { readonly account: string }[]>('/api/recent');
    // Besides the test message of the connection.
    const accounts = recent.map(({ account }) => account).slice(0, -1);
    assert.deepEqual([...new Set(accounts)], ['user:www-data']);
    forgedSoFar += 6;
    const forged = await server.guard.metric('postern_sendmail_forged_fields_total');
    assert.equal(forged, forgedSoFar);
    const folder = join(server.state, 'submissions/sent');
    await eventually(
      'nothing waits',
      async () => (await readdir(folder)).length === 0 || undefined,
    );
  });
}

test('what was never met is told, and does not block the undo', async () => {
  await server.postfix.set({ non_smtpd_milters: '' });
  await reloaded(server.postfix);
  await sends('unmet', 1);
  await eventually('it is delivered', () =>
    server.sink.deliveries.find((one) => one.id === 'unmet-0'),
  );
  const status = (): Promise<{ readonly troubles: readonly string[] }> =>
    server.guard.json('/api/status');
  const told = await eventually(
    'it is told',
    async () => (await status()).troubles.find((text) => text.includes('never met')),
    { timeoutMs: 120_000 },
  );
  assert.match(told, /1 message, the oldest for a minute; .*non_smtpd_milters/);
  const queueDirectory = join(server.postfix.dir, 'spool');
  await queueEmptied(server.state, { spool: server.spool, queueDirectory });
  assert.equal((await readdir(join(server.state, 'submissions/sent'))).length, 1);
  await server.postfix.set({ non_smtpd_milters: ours });
  await reloaded(server.postfix);
});
