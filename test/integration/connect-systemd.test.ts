/**
 * `postern connect postfix` where the guard is a service and its sockets are held for it: another
 * instance of Postfix gets a socket unit of its own, the sockets of the first stay open, and the
 * undo removes the unit.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPostfix } from '../../src/commands/connect/postfix.ts';
import { unitOf } from '../../src/commands/connect/postfix-sockets.ts';
import { examineServer } from '../../src/commands/doctor/doctor.ts';
import { startGuard } from './guard-instance.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { startPostfix } from './postfix-instance.ts';
import { openServiceManager, type ServiceManager } from './service-manager.ts';
import { connectSmtp } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const state = '/var/lib/postern';
const guardUid = 64_001;
const quiet = (): void => undefined;

function installedManager(): Promise<ServiceManager> {
  mkdirSync('/etc/systemd/system', { recursive: true });
  const units = join(import.meta.dirname, '../../packaging/systemd');
  copyFileSync(join(units, 'postern.socket'), '/etc/systemd/system/postern.socket');
  mkdirSync(state, { recursive: true });
  chmodSync(state, 0o700);
  execFileSync('chown', [`${guardUid}:${guardUid}`, state]);
  return openServiceManager((sockets) =>
    startGuard({
      state,
      sockets,
      config: 'mode = "observe"\n[doors]\nhttp = "inet:127.0.0.1:0"\n[mail_log]\nsource = "off"\n',
      through: ['setpriv', '--reuid', `${guardUid}`, '--regid', `${guardUid}`, '--clear-groups'],
      words: [],
    }),
  );
}

async function asService(): Promise<void> {
  await using manager = await installedManager();
  await manager.start('postern.socket');
  await manager.start('postern.service');
  const first = 'unix:/var/spool/postfix/postern/milter';
  assert.equal(manager.guard?.doors.milter, first, 'as systemd opened it');

  await using sink = await startSink();
  await using postfix = await startPostfix({ sink: sink.port });
  const queue = join(postfix.dir, 'spool');
  const unit = unitOf({ queueDirectory: queue });
  const configDir = postfix.configDirectory;
  const was = ['main.cf', 'master.cf'].map((name) => readFileSync(join(configDir, name), 'utf8'));
  const inode = statSync(first.slice('unix:'.length)).ino;
  const done = await connectPostfix({ configDir, state, yes: true }, quiet);
  assert.deepEqual(done.steps, [
    `write /etc/systemd/system/${unit} and start it, and restart the service`,
  ]);
  assert.equal(done.seen.filter(({ ok }) => ok).length, 3);
  const instances = '/etc/postern/postfix-instances';
  assert.equal(readFileSync(instances, 'utf8'), `${configDir}\n`, 'for postern-root');
  assert.equal(statSync(instances).uid, 0);
  assert.ok(manager.calls.includes(`restart postern.service ${unit}`));
  assert.equal(statSync(first.slice('unix:'.length)).ino, inode, 'the first stays open');
  const folder = statSync(join(queue, 'postern'));
  assert.deepEqual([folder.uid, folder.gid, folder.mode & 0o7777], [0, 0, 0o755]);
  assert.equal(statSync(join(queue, 'postern/milter')).mode & 0o777, 0o660);
  const findings = await examineServer({ configDir, state });
  const doors = findings.filter(({ id, title }) => /^doors\./.test(id) && title.includes(queue));
  assert.deepEqual(
    doors.map(({ found, kind }) => (kind === 'ok' ? kind : found)),
    ['ok'],
  );
  await using client = await connectSmtp(postfix.ports.smtp);
  const sent = await client.send({ from: 'x@mail.test', to: ['b@world.test'], id: 'seen' });
  assert.equal(sent.stage, 'done', sent.reply.text);
  const recent = await manager.guard.json<readonly { readonly account: string }[]>('/api/recent');
  assert.ok(recent.some(({ account }) => account === 'client:127.0.0.1'));
  assert.equal((await connectPostfix({ configDir, state, yes: true }, quiet)).changed, false);

  await connectPostfix({ configDir, state, yes: true, undo: true }, quiet);
  const now = ['main.cf', 'master.cf'].map((name) => readFileSync(join(configDir, name), 'utf8'));
  assert.deepEqual(now, was);
  assert.equal(readFileSync(instances, 'utf8'), '');
  assert.ok(!existsSync(`/etc/systemd/system/${unit}`));
  assert.ok(!existsSync(join(queue, 'postern')));
  assert.equal(statSync(first.slice('unix:'.length)).ino, inode);
  // The guard still has the sockets of the removed unit until its next restart.
  await sleep(3_000);
  assert.deepEqual(await manager.guard.health(), { status: 200, why: [] });
}

/** The machine's own Postfix has the sockets of `postern install`. */
async function asFirst(): Promise<void> {
  await using sink = await startSink();
  await using postfix = await startPostfix({ sink: sink.port });
  const sockets = ['milter', 'inbound', 'policy'].map((name) =>
    join(postfix.dir, 'spool/postern', name),
  );
  await using manager = await installedManager();
  mkdirSync('/etc/systemd/system/postern.socket.d');
  writeFileSync(
    '/etc/systemd/system/postern.socket.d/queue.conf',
    ['[Socket]', ...['', ...sockets].map((path) => `ListenStream=${path}`)].join('\n'),
  );
  await manager.start('postern.socket');
  await manager.start('postern.service');
  const inodes = sockets.map((path) => statSync(path).ino);
  const configDir = postfix.configDirectory;
  for (let time = 0; time < 2; time++) {
    const done = await connectPostfix({ configDir, state, yes: true }, quiet);
    assert.deepEqual([done.steps, done.seen.filter(({ ok }) => !ok)], [[], []]);
    await connectPostfix({ configDir, state, yes: true, undo: true }, quiet);
    assert.deepEqual(
      sockets.map((path) => statSync(path).ino),
      inodes,
      'systemd holds them still',
    );
  }
}

if (onOwnMachine) {
  test('another instance of Postfix, with systemd', asService);
  test('undo and connect again, with the sockets of the installation', asFirst);
} else onMachineOfItsOwn(import.meta.filename);
