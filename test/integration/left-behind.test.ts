/**
 * What version 0.1 left on a machine, with a real Postfix. The guard goes on where 0.1 was killed,
 * and `connect --undo` takes back what 0.1 changed, byte for byte.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fillState, fixture, fixtures } from '../left-behind.ts';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';
import { reloaded } from './postfix-reload.ts';
import { privateMounts } from './private-mounts.ts';
import { startSendmailServer, users } from './sendmail-server.ts';

type Row = Readonly<Record<string, unknown>>;

test('the guard goes on where 0.1 was killed: hands over, releases, keeps its token', {
  timeout: 300_000,
}, async () => {
  await using server = await startSendmailServer({ mode: 'guard' });
  // Postfix puts a message on hold; below it takes the place of one that 0.1 has held.
  await server.postfix.set({ defer_transports: 'smtp' });
  await reloaded(server.postfix);
  await server.postfix.sendmail({ from: 'joe@example.org', to: ['a@world.test'], id: 'was-held' });
  const inQueue = (name: string) =>
    eventually(`the message is ${name}`, async () =>
      (await server.postfix.queue()).find((entry) => entry.queue_name === name),
    );
  const waiting = await inQueue('deferred');
  await server.postfix.tool('postsuper', '-h', waiting.queue_id);
  await inQueue('hold');
  await server.postfix.set({ defer_transports: '' });
  await reloaded(server.postfix);
  server.guard.kill('SIGTERM');
  await server.guard.ended;
  for (const name of readdirSync(server.state)) {
    // The folder becomes that of 0.1; only the settings and the log of this test stay.
    if (!/^(?:postern\.toml|guard\.log)$/.test(name)) {
      rmSync(join(server.state, name), { recursive: true });
    }
  }
  fillState(server.state, 'killed');
  const spooled = join(server.spool, String(users.www));
  cpSync(join(fixtures, 'spool', '33'), spooled, { recursive: true });
  for (const path of [spooled, ...readdirSync(spooled).map((name) => join(spooled, name))]) {
    chownSync(path, users.www, 0);
    chmodSync(path, path === spooled ? 0o2770 : 0o640);
  }
  const inSpool = readdirSync(spooled).length;
  assert.ok(inSpool > 0);

  const ledger = new DatabaseSync(join(server.state, 'ledger.db'));
  ledger
    .prepare(
      `UPDATE held SET queue_id = ? WHERE number = (SELECT min(number) FROM held
         WHERE account = 'joe@example.org' AND why = 'verdict' AND state = 'held')`,
    )
    .run(waiting.queue_id);
  ledger.close();

  server.guard = await server.startGuard();
  assert.equal(server.guard.token, fixture('killed/token').toString().trim());
  const forms = () =>
    server.sink.deliveries.filter(({ headers }) => /^Subject: A question\r$/m.test(headers));
  const going = readdirSync(join(fixtures, 'killed/submissions/going')).length;
  assert.ok(going > 0);
  await eventually('what scripts handed in leaves', () =>
    forms().length >= going + inSpool ? true : undefined,
  );
  await eventually('nothing is left in the spool', () =>
    readdirSync(server.spool).every((name) => readdirSync(join(server.spool, name)).length === 0)
      ? true
      : undefined,
  );
  assert.equal(forms().length, going + inSpool, 'each once');

  const joe = async (): Promise<Row> => {
    const list = await server.guard.cli('accounts', 'list', '--like', 'joe@example.org', '--json');
    const rows = JSON.parse(list) as readonly Row[];
    return rows.find(({ account }) => account === 'joe@example.org') ?? {};
  };
  assert.equal((await joe())['state'], 'suspended');
  await server.guard.cli('accounts', 'release', 'joe@example.org', '--keep-held');
  assert.equal((await joe())['state'], 'clear');
  await server.guard.cli('held', 'release', waiting.queue_id);
  await eventually('the held message is delivered', () =>
    server.sink.deliveries.find(({ id }) => id === 'was-held'),
  );
  assert.match(await server.guard.cli('held', 'show', waiting.queue_id), /released/);
  const health = await server.guard.health();
  assert.equal(health.status, 200, health.why.join(', '));
});

/** Where Postern is, in the namespaces below. */
const home = '/usr/local/lib/postern-test';
/** Whatever is written to these folders goes to a file system in memory. */
const overlays = `mount -t tmpfs none /mnt
  for path in /etc /usr/bin /usr/sbin /usr/local /var; do
    mkdir -p /mnt$path/up /mnt$path/work
    mount -t overlay none -o "lowerdir=$path,upperdir=/mnt$path/up,workdir=/mnt$path/work" $path
  done
  mkdir -p ${home}
  mount --bind '${dirname(launcher)}' ${home}
  rm -f /etc/postfix/main.cf /etc/postfix/master.cf /etc/postfix/before-postern.json
  printf '#!/bin/sh\\nexit 0\\n' > /usr/bin/systemctl.new
  chmod 755 /usr/bin/systemctl.new
  mv /usr/bin/systemctl.new /usr/bin/systemctl`;

type Machine = AsyncDisposable & {
  /** Runs sh there; its output. */
  sh(script: string): string;
  /** `postern` there; its output. */
  postern(...words: readonly string[]): string;
};

/** A machine as 0.1 left it, Postfix and Postern stopped. `script` puts the fixtures into place. */
async function machine(script: string): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'plb-'));
  fillState(folder, 'stopped');
  const mounts = await privateMounts(`${overlays}
    mkdir -p /var/lib/postern
    mount --bind '${folder}' /var/lib/postern
    F='${fixtures}/connect'
    ${script}`);
  const run = (words: readonly string[]): string => {
    const [program = '', ...args] = [...mounts.enter, ...words];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    return execFileSync(program, args, { encoding: 'utf8', env, stdio: 'pipe' });
  };
  return {
    sh: (text) => run(['/bin/sh', '-ec', text]),
    postern: (...words) => run([`${home}/postern`, ...words, '--state', '/var/lib/postern']),
    async [Symbol.asyncDispose]() {
      await mounts[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

for (const name of ['postfix', 'postfix-debian', 'postfix-crowded', 'postfix-filtered']) {
  test(`connect postfix --undo, ${name}: main.cf and master.cf are as they were`, async () => {
    await using left = await machine(`cp "$F/${name}"/after/* /etc/postfix/`);
    const out = left.postern('connect', 'postfix', '--undo', '--yes');
    assert.doesNotMatch(out, /was changed since|no record/);
    for (const file of ['main.cf', 'master.cf']) {
      const before = fixture(`connect/${name}/before/${file}`).toString();
      assert.equal(left.sh(`cat /etc/postfix/${file}`), before, file);
    }
    assert.equal(left.sh('ls /etc/postfix/before-postern.json 2>/dev/null || true'), '');
  });
}

test('without its record too, only the lines of 0.1 are taken out', async () => {
  await using left = await machine(`cp "$F"/postfix/after/*.cf /etc/postfix/`);
  const out = left.postern('connect', 'postfix', '--undo', '--yes');
  assert.match(out, /there is no record of the connection/);
  for (const file of ['main.cf', 'master.cf']) {
    const before = fixture(`connect/postfix/before/${file}`).toString();
    assert.equal(left.sh(`cat /etc/postfix/${file}`), before, file);
  }
});

test('connect sendmail --undo, then connect postfix --undo: all is as before 0.1', async () => {
  await using left = await machine(`
    cp "$F"/postfix/after/* /etc/postfix/
    cp "$F"/sendmail/after/main.cf /etc/postfix/
    mkdir -p /etc/postern /etc/systemd/system/postern.service.d /usr/local/lib/postern-sendmail
    cp "$F"/sendmail/after/postern.toml /etc/postern/
    cp '${dirname(launcher)}'/packaging/systemd/postern.service /etc/systemd/system/
    cp "$F"/sendmail/after/sendmail.conf /etc/systemd/system/postern.service.d/
    cp "$F"/sendmail/after/sendmail /usr/local/lib/postern-sendmail/
    cp "$F"/sendmail/after/postern-sendmail.cjs /usr/local/lib/postern-sendmail/
    sha256sum < /usr/sbin/sendmail > /etc/postern/digest
    dpkg-divert --quiet --local --rename --divert /usr/sbin/sendmail.postfix \\
      --add /usr/sbin/sendmail
    ln -s /usr/local/lib/postern-sendmail/sendmail /usr/sbin/sendmail
    mkdir -p /var/spool/postern
    chmod 3733 /var/spool/postern`);
  const where = ['--config', '/etc/postern/postern.toml'];
  assert.throws(
    () => left.postern('connect', 'postfix', '--undo', '--yes'),
    /still postern-sendmail/,
  );
  left.postern('connect', 'sendmail', '--undo', '--yes', ...where);
  const before = (name: string): string => fixture(`connect/sendmail/before/${name}`).toString();
  assert.equal(left.sh('cat /etc/postern/postern.toml'), before('postern.toml'));
  assert.equal(left.sh('cat /etc/postfix/main.cf'), before('main.cf'));
  const digest = left.sh('cat /etc/postern/digest');
  assert.equal(left.sh('sha256sum < /usr/sbin/sendmail'), digest);
  const rest = '/usr/sbin/sendmail.* /usr/local/lib/postern-sendmail /var/spool/postern';
  const dropIn = '/etc/systemd/system/postern.service.d';
  assert.equal(left.sh(`ls -d ${rest} ${dropIn} 2>/dev/null || true`), '');
  assert.equal(left.sh('dpkg-divert --list /usr/sbin/sendmail'), '');
  left.postern('connect', 'postfix', '--undo', '--yes');
  for (const file of ['main.cf', 'master.cf']) {
    const first = fixture(`connect/postfix/before/${file}`).toString();
    assert.equal(left.sh(`cat /etc/postfix/${file}`), first, file);
  }
});
