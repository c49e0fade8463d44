/**
 * A password service that does not look at the domain of a login: real saslauthd as Debian starts
 * it. One person with any number of names is one account.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { connectPostfix, type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually, type Leashed, leash } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { connectSmtp } from './smtp-client.ts';

const run = promisify(execFile);
const password = 'correct-horse-7';
const names = ['ann', ...Array.from({ length: 5 }, (_, n) => `ann@r${n}.test`), 'ann@mail.test'];

let dir = '';
let saslauthd: Leashed | undefined;
let server: GuardedServer;
let said = '';

async function start(): Promise<void> {
  dir = await mkdtemp('/var/tmp/psl-');
  await chmod(dir, 0o755);
  await run('/usr/sbin/useradd', ['--no-create-home', 'ann']);
  const set = spawnSync('/usr/sbin/chpasswd', { input: `ann:${password}\n`, encoding: 'utf8' });
  assert.equal(set.status, 0, set.stderr);
  await writeFile(
    '/etc/default/saslauthd',
    'START=yes\nMECHANISMS="shadow"\nOPTIONS="-c -m /run"\n',
  );
  saslauthd = leash('/usr/sbin/saslauthd', ['-a', 'shadow', '-m', dir, '-n', '1', '-d'], {
    detaches: false,
    graceMs: 2_000,
  });
  const asked = (name: string): boolean =>
    spawnSync('/usr/sbin/testsaslauthd', ['-f', join(dir, 'mux'), '-u', name, '-p', password])
      .status === 0;
  const detail = (): string => saslauthd?.output() ?? '';
  await eventually('saslauthd answers', async () => asked('ann') || undefined, { detail });
  server = await startGuardedServer({
    people: [],
    settings: () => ({
      smtpd_sasl_type: 'cyrus',
      smtpd_sasl_path: 'smtpd',
      smtpd_sasl_security_options: 'noanonymous',
    }),
    connect: false,
  });
  const folder = join(server.postfix.configDirectory, 'sasl');
  const conf = `pwcheck_method: saslauthd\nmech_list: plain\nsaslauthd_path: ${dir}/mux\n`;
  await mkdir(folder);
  await writeFile(join(folder, 'smtpd.conf'), conf);
  said = await connectPostfix(server);
}

if (!onOwnMachine) onMachineOfItsOwn(import.meta.filename);
else {
  before(start);
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await saslauthd?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('connect says that the domain of a login says nothing', () => {
    assert.match(said, /saslauthd does not look at the domain of a login/);
  });

  test('every spelling that saslauthd lets in is one account', async () => {
    const { guard, postfix, sink } = server;
    let sent = 0;
    for (const user of names) {
      await using smtp = await connectSmtp(postfix.ports.submission, { user, password });
      assert.equal(smtp.login?.code, 235, `${user}: ${smtp.login?.text}`);
      const id = `as-${user}`;
      const message = { from: 'ann@mail.test', to: ['bob@world.test'], id };
      const { reply, stage } = await smtp.send(message);
      assert.equal(stage, 'done', reply.text);
      await sink.until(() => sink.recipients(id).length === 1, id);
      sent++;
    }
    const found =
      await guard.json<readonly { id?: string; account: string }[]>('/api/recent?limit=200');
    const accounts = found.filter(({ id, account }) => id !== undefined && /^ann/.test(account));
    assert.deepEqual([...new Set(accounts.map(({ account }) => account))], ['ann']);
    assert.equal(accounts.length, sent);
  });

  test('doctor names saslauthd', async () => {
    const { configDirectory } = server.postfix;
    const report = await server.guard
      .cli('doctor', '--json', '--config-dir', configDirectory)
      .catch((error: { stdout: string }) => error.stdout);
    const { findings } = JSON.parse(report) as { findings: { id: string; kind: string }[] };
    assert.equal(findings.find(({ id }) => id === 'postfix.logins')?.kind, 'warn');
  });
}
