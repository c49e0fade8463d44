/**
 * An upgrade from version 0.1, with Postfix on its real ports: the guard goes on at the addresses
 * that main.cf of 0.1 names, and says once what to run. `connect postfix` moves Postfix to Unix
 * sockets. Mail comes in and goes out all the while; none is lost and none has to wait. The undo
 * restores the files from before 0.1.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fillState, fixture, fixtures } from '../left-behind.ts';
import { startDovecot } from './dovecot-instance.ts';
import { launcher, startGuard } from './guard-instance.ts';
import { eventually, leash } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { connectSmtp } from './smtp-client.ts';

const run = promisify(execFile);
const state = '/var/lib/postern';
const config = '/etc/postern/postern.toml';
/** The guard's user; he needs no name. */
const guardUid = 64_001;
const person = { user: 'ann@example.org', password: 'secret' };
const mailbox = 'inbox@mail.example.org';

/** What `postern install` and `connect postfix` of 0.1 left. */
function leftBehind(): void {
  fillState(state, 'stopped');
  const left = join(fixtures, 'connect/postfix/after');
  for (const name of ['main.cf', 'master.cf', 'before-postern.json']) {
    copyFileSync(join(left, name), join('/etc/postfix', name));
  }
  copyFileSync(join(left, 'postfix.json'), join(state, 'postfix.json'));
  mkdirSync('/etc/postern', { recursive: true });
  copyFileSync(join(fixtures, 'toml/installed.toml'), config);
  execFileSync('/usr/bin/chown', ['-R', `${guardUid}:${guardUid}`, state]);
  execFileSync('/usr/sbin/useradd', ['--no-create-home', 'inbox']);
  writeFileSync('/etc/aliases', 'postmaster: inbox\nroot: inbox\n');
  execFileSync('/usr/bin/newaliases');
}

/** Mail without an end: by port 25 as a stranger, and by submission with a login. */
class Load {
  readonly sent: string[] = [];
  readonly refused: string[] = [];
  #goes = true;
  readonly #done = Promise.all([this.#loop('in'), this.#loop('out')]);

  async #loop(name: 'in' | 'out'): Promise<void> {
    for (let nth = 0; this.#goes; nth++) await this.#one(`${name}-${nth}`, name === 'out');
  }

  async #one(id: string, login: boolean): Promise<void> {
    try {
      await using client = await (login
        ? connectSmtp(587, person)
        : connectSmtp(25, { localAddress: '127.0.0.1' }));
      const from = login ? person.user : 'someone@far.test';
      const { reply, stage } = await client.send({ from, to: [mailbox], id });
      if (stage === 'done') this.sent.push(id);
      else this.refused.push(`${id}: ${stage} ${reply.code} ${reply.text}`);
    } catch (cause) {
      this.refused.push(`${id}: ${String(cause)}`);
    }
  }

  /** Waits until each kind of mail was sent so many times more. */
  async more(times: number): Promise<void> {
    const wanted = this.#counts().map((count) => count + times);
    await eventually('more mail', () =>
      this.#counts().every((count, at) => count >= (wanted[at] ?? 0)) ? true : undefined,
    );
  }

  #counts(): readonly number[] {
    return ['in-', 'out-'].map((kind) => this.sent.filter((id) => id.startsWith(kind)).length);
  }

  async end(): Promise<void> {
    this.#goes = false;
    await this.#done;
  }
}

async function moved(): Promise<void> {
  execFileSync('/usr/bin/mkdir', ['-p', state]);
  leftBehind();
  await using dovecot = await startDovecot({ users: { [person.user]: person.password } });
  const auth = '/var/spool/postfix/private/auth';
  writeFileSync(auth, '');
  execFileSync('/usr/bin/mount', ['--bind', dovecot.authSocket, auth]);
  await using guard = await startGuard({
    state,
    through: ['setpriv', '--reuid', `${guardUid}`, '--regid', `${guardUid}`, '--clear-groups'],
    words: ['--config', config, '--http', 'inet:127.0.0.1:0'],
  });
  assert.equal(guard.doors.milter, 'inet:127.0.0.1:9900');
  assert.equal(guard.doors.policy, 'inet:127.0.0.1:9901');
  const old = (await guard.log()).filter(({ event }) => event === 'door.old-address');
  assert.deepEqual(
    old.map(({ run }) => run),
    ['postern connect postfix'],
  );
  const postfix = leash('/usr/lib/postfix/sbin/master', ['-s'], { detaches: true, graceMs: 4_000 });
  try {
    const log = (): string => readFileSync('/var/log/mail.log', 'latin1');
    await eventually('Postfix greets', async () => {
      return connectSmtp(25).then(
        (client) => client.quit().then(() => true),
        () => undefined,
      );
    });
    assert.equal(strangerHears(), '', 'another user of this machine is not heard');
    const load = new Load();
    await load.more(10);
    const where = ['--state', state, '--yes'];
    const { stdout } = await run(launcher, ['connect', 'postfix', ...where]);
    assert.match(stdout, /Postfix is connected\./);
    await load.more(10);
    const doors = (): Record<string, string[]> =>
      JSON.parse(readFileSync(join(state, 'run.json'), 'utf8')).doors.all;
    await eventually('the old addresses are closed', () =>
      Object.values(doors())
        .flat()
        .every((one) => one.startsWith('unix:'))
        ? true
        : undefined,
    );
    await load.more(10);
    await load.end();
    assert.deepEqual(load.refused, [], log().slice(-10_000));
    const folder = statSync('/var/spool/postfix/postern');
    assert.deepEqual([folder.uid, folder.mode & 0o7777], [guardUid, 0o2710]);
    await eventually('all mail is delivered', () => {
      const mail = readFileSync('/var/mail/inbox', 'latin1');
      const ids = [...mail.matchAll(/^X-Test-Id: (\S+)$/gm)].map(([, id]) => id);
      assert.ok(new Set(ids).size === ids.length, 'none twice');
      return load.sent.every((id) => ids.includes(id)) ? true : undefined;
    });
    const seen = await guard.metric('postern_milter_sessions_total');
    assert.ok(seen >= load.sent.length, `${seen} sessions for ${load.sent.length} messages`);
    assert.equal((await guard.health()).status, 200);

    await run(launcher, ['connect', 'postfix', '--undo', ...where]);
    for (const file of ['main.cf', 'master.cf']) {
      const before = fixture(`connect/postfix/before/${file}`).toString();
      assert.equal(readFileSync(join('/etc/postfix', file), 'utf8'), before, file);
    }
    assert.throws(() => statSync('/var/spool/postfix/postern'));
    const again = (await guard.log()).filter(({ event }) => event === 'door.old-address');
    assert.equal(again.length, 1, 'said once');
  } finally {
    await postfix.stop();
  }
}

/** What the milter door answers to a user who is not Postfix's. */
function strangerHears(): string {
  const speak = `import('node:net').then(({ connect }) => {
    const socket = connect(9900, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', () => { console.log('an answer'); socket.destroy(); });
    socket.write(Buffer.from('0000000d4f000000060000000000000000', 'hex'));
  });`;
  const user = ['--reuid', '64002', '--regid', '64002', '--clear-groups'];
  const words = [...user, process.execPath, '-e', speak];
  return spawnSync('setpriv', words, { encoding: 'utf8', timeout: 60_000 }).stdout;
}

if (onOwnMachine) test('from 0.1 to sockets, under load', moved);
else onMachineOfItsOwn(import.meta.filename);
