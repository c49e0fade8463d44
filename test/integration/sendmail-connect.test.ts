/**
 * `postern connect sendmail` on this machine's own /usr/sbin/sendmail and dpkg, in a private mount
 * namespace, so that nothing changes outside.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';
import {
  guardUser,
  type Ran,
  type SendmailServer,
  startSendmailServer,
  users,
} from './sendmail-server.ts';

/** Where Postern is, in that namespace. */
const home = '/usr/local/lib/postern-test';
let server: SendmailServer;
before(async () => {
  server = await startSendmailServer({
    installed: true,
    open: false,
    // Whatever is written there goes to a file system in memory. Postern is where only root writes,
    // as it has to be.
    mounts: `mount -t tmpfs none /mnt
      for path in /usr/sbin /usr/local /var/lib/dpkg; do
        mkdir -p /mnt$path/up /mnt$path/work
        mount -t overlay none -o "lowerdir=$path,upperdir=/mnt$path/up,workdir=/mnt$path/work" $path
      done
      mkdir -p ${home}
      mount --bind '${dirname(launcher)}' ${home}`,
  });
});
after(() => server?.[Symbol.asyncDispose]());

const connect = (...words: readonly string[]): Promise<Ran> => {
  const door = `unix:${server.door}`;
  const { configFile, state } = server.guard;
  const where = ['--config', configFile, '--state', state, '--door', door];
  return server.run(`${home}/postern`, {
    args: ['connect', 'sendmail', '--yes', ...where, ...words],
  });
};
const look = async (command: string): Promise<string> =>
  (await server.run('/bin/sh', { args: ['-c', command] })).stdout.trim();
const mainCf = (): Promise<string> =>
  readFile(join(server.postfix.configDirectory, 'main.cf'), 'utf8');
const config = (): Promise<string> => readFile(server.guard.configFile, 'utf8');
const message = (id: string): string => `To: a@world.test\nSubject: ${id}\nX-Test-Id: ${id}\n\nx\n`;
const delivered = (id: string) =>
  eventually(`${id} is delivered`, () => server.sink.deliveries.find((one) => one.id === id), {
    detail: async () =>
      `${await server.postfix.log()}\n${JSON.stringify(await server.guard.log())}`,
  });

test('a folder for the door that is missing is named before anything is changed', async () => {
  const before = { main: await mainCf(), config: await config() };
  const ran = await connect('--door', 'unix:/run/no-such-folder/sendmail');
  assert.equal(ran.exit, 78, ran.stderr);
  assert.match(
    ran.stderr,
    /\/run\/no-such-folder, the folder of the sendmail door, does not exist/,
  );
  assert.match(ran.stderr, /install -d -m 755 -o backup \/run\/no-such-folder/);
  const foreign = await connect('--door', 'unix:/run/sendmail');
  assert.match(foreign.stderr, /does not belong to backup/);
  assert.deepEqual({ main: await mainCf(), config: await config() }, before);
});

test('it shows what it would do, does it, and undoes it to the byte', {
  timeout: 600_000,
}, async () => {
  const before = { main: await mainCf(), config: await config() };
  const digest = await look('sha256sum /usr/sbin/sendmail | cut -c1-64');
  const shown = await connect('--dry-run');
  assert.equal(shown.exit, 0, shown.stderr);
  assert.match(shown.stdout, /^move \/usr\/sbin\/sendmail to \/usr\/sbin\/sendmail\.postfix/m);
  assert.match(
    shown.stdout,
    new RegExp(`^\\+authorized_submit_users = root, ${guardUser.name}$`, 'm'),
  );
  assert.deepEqual({ main: await mainCf(), config: await config() }, before);

  const made = await connect();
  assert.equal(made.exit, 0, made.stderr + JSON.stringify(await server.guard.log()));
  assert.match(made.stdout, /^ok {3}the test message through \/usr\/sbin\/sendmail was seen/m);
  assert.equal(await look('sha256sum /usr/sbin/sendmail.postfix | cut -c1-64'), digest);
  assert.equal(
    await look('dpkg-divert --list /usr/sbin/sendmail'),
    'local diversion of /usr/sbin/sendmail to /usr/sbin/sendmail.postfix',
  );
  for (const program of ['/usr/sbin/sendmail', '/usr/lib/sendmail']) {
    const id = `by-${program.replaceAll('/', '-')}`;
    const ran = await server.run(program, { uid: users.www, args: ['-t'], input: message(id) });
    assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
    await delivered(id);
  }
  const past = await server.run('/usr/sbin/sendmail.postfix', {
    uid: users.www,
    args: ['-t'],
    input: message('past'),
  });
  assert.notEqual(past.exit, 0);
  const queue = await server.run('/usr/bin/mailq', {});
  assert.deepEqual([queue.exit, queue.stdout.trim()], [0, 'Mail queue is empty']);

  const again = await connect();
  assert.equal(again.exit, 0, again.stderr);
  assert.match(again.stdout, /connected already/);

  await look(
    `sed -i 's/^.use strict.;/"use strict"; \\/\\/ an older version/' ` +
      '/usr/local/lib/postern-sendmail/postern-sendmail.cjs',
  );
  const parts = join(import.meta.dirname, '../../src/commands/connect/sendmail-steps.ts');
  const renew = `import('${parts}').then(async (m) => console.log(await m.renewWrapper('')))`;
  const renewed = async (): Promise<string> =>
    (await server.run(process.execPath, { args: ['-e', renew] })).stdout.trim();
  assert.match(await renewed(), /again$/);
  assert.match(await renewed(), /up to date$/);
  assert.match((await connect()).stdout, /connected already/, 'both write the same');

  const refusal = await server.run(launcher, {
    args: ['connect', 'postfix', '--undo', '--yes', '--state', server.state],
  });
  assert.equal(refusal.exit, 78, refusal.stderr);

  const back = await connect('--undo');
  assert.equal(back.exit, 0, back.stderr);
  assert.deepEqual({ main: await mainCf(), config: await config() }, before);
  assert.equal(await look('sha256sum /usr/sbin/sendmail | cut -c1-64'), digest);
  assert.equal(
    await look('ls /usr/sbin/sendmail.* /usr/local/lib/postern-sendmail 2>/dev/null'),
    '',
  );
  assert.equal(await look('dpkg-divert --list /usr/sbin/sendmail'), '');
  const plain = await server.run('/usr/sbin/sendmail', {
    uid: users.www,
    args: ['-t'],
    input: message('plain'),
  });
  assert.equal(plain.exit, 0, plain.stderr);
  await delivered('plain');
  const none = await connect('--undo');
  assert.match(none.stdout, /is not connected/);
});

test('a step that fails takes back all before it', { timeout: 600_000 }, async () => {
  const before = { main: await mainCf(), config: await config() };
  await look(
    'dpkg-divert --local --no-rename --divert /usr/sbin/sendmail.other --add /usr/sbin/sendmail',
  );
  const failed = await connect();
  assert.equal(failed.exit, 70, failed.stdout);
  assert.match(failed.stderr, /is already diverted/);
  assert.deepEqual({ main: await mainCf(), config: await config() }, before);
  assert.equal(await look('ls /usr/local/lib/postern-sendmail 2>/dev/null'), '');
  await look(
    'dpkg-divert --local --no-rename --divert /usr/sbin/sendmail.other --remove /usr/sbin/sendmail',
  );
});
