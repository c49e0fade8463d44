/**
 * `postern connect postfix` with doors that follow Postfix: Unix sockets in the queue directory of
 * each instance, named by a relative path. Real Postfixes, two at once, with services in a chroot
 * and without.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectPostfix } from '../../src/commands/connect/postfix.ts';
import { guardKnows } from '../../src/commands/connect/postfix-facts.ts';
import { examineServer } from '../../src/commands/doctor/doctor.ts';
import { type ConnectedDaemon, startConnectedDaemon } from './connected-daemon.ts';
import { type PostfixInstance, postfixUid, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

let sink: Sink;
let first: PostfixInstance;
let second: PostfixInstance;
let daemon: ConnectedDaemon;
before(async () => {
  sink = await startSink();
  first = await startPostfix({
    sink: sink.port,
    chroot: true,
    // The policy door is asked in the chroot too.
    submission: { smtpd_relay_restrictions: 'permit_mynetworks,reject' },
  });
  second = await startPostfix({ sink: sink.port });
  daemon = await startConnectedDaemon({ auto: true });
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
});

const quiet = (): void => undefined;
const ways = (postfix: PostfixInstance) => ({
  configDir: postfix.configDirectory,
  state: daemon.state,
  yes: true,
});
const folderOf = (postfix: PostfixInstance): string => join(postfix.dir, 'spool', 'postern');
const filesOf = (postfix: PostfixInstance): Promise<readonly Buffer[]> =>
  Promise.all(
    ['main.cf', 'master.cf'].map((name) => readFile(join(postfix.configDirectory, name))),
  );

/** Mail by port 25 and by sendmail(1); answers with what the guard saw. */
async function seenOf(postfix: PostfixInstance, id: string): Promise<readonly string[]> {
  await using client = await connectSmtp(postfix.ports.smtp);
  const sent = await client.send({ from: 'x@mail.test', to: ['b@world.test'], id: `${id}-relay` });
  assert.equal(sent.stage, 'done', sent.reply.text);
  await postfix.sendmail({ from: 'www@mail.test', to: ['c@world.test'], id: `${id}-local` });
  const all = ['relay', 'local'].map((path) => `${id}-${path}`);
  await using person = await connectSmtp(postfix.ports.submission);
  await person.send({ from: 'x@mail.test', to: ['d@world.test'], id: 'asks' });
  await sink.until(() => all.every((one) => sink.recipients(one).length === 1), 'both');
  const seen = daemon.submissions.filter(({ message }) => message.messageId?.includes(`${id}-`));
  return seen.map(({ by }) => by).sort();
}

/** What doctor says of the doors of the first instance. */
async function doctor(): Promise<readonly string[]> {
  const { configDir, state } = ways(first);
  const all = await examineServer({ configDir, state });
  const found = all.filter(({ id, title }) => id.startsWith('doors.') && title.includes(first.dir));
  return found.map(({ id, kind }) => `${kind} ${id}`);
}

test('a dry run names the folder and makes nothing', async () => {
  let shown = '';
  const dry = await connectPostfix({ ...ways(first), dryRun: true }, (text) => {
    shown += text;
  });
  assert.equal(dry.changed, true);
  assert.match(shown, /^make \/\S+\/spool\/postern: owner root, group of postfix, mode 2710$/m);
  assert.match(shown, /^\+postern_milter = \{ unix:postern\/milter, connect_timeout=5s/m);
  assert.match(shown, /^\+postern_inbound = \{ unix:postern\/inbound, connect_timeout=2s/m);
  assert.match(shown, /^\+postern_policy = check_policy_service \{ unix:postern\/policy, /m);
  await assert.rejects(stat(folderOf(first)));
});

test('two instances, one in a chroot: both are connected, and each is undone alone', async () => {
  const was = [await filesOf(first), await filesOf(second)];
  for (const postfix of [first, second]) {
    const done = await connectPostfix(ways(postfix), quiet);
    assert.ok(done.changed && done.reloaded);
    assert.deepEqual(
      done.seen.filter(({ ok, text }) => !ok || text.startsWith('not tested')),
      [],
    );
    const folder = await stat(folderOf(postfix));
    assert.equal(folder.mode & 0o7777, 0o2710);
    assert.equal((await stat(join(folderOf(postfix), 'milter'))).gid, folder.gid);
  }
  const known = await guardKnows(daemon.state);
  assert.equal(known?.configDirectory, second.configDirectory, 'the last one, as 0.1 reads it');
  const uid = await postfixUid();
  assert.deepEqual(
    known.instances?.map((one) => [one.configDirectory, one.mailOwner, one.proved]),
    [
      [first.configDirectory, uid, true],
      [second.configDirectory, uid, true],
    ],
  );
  assert.deepEqual(await seenOf(first, 'one'), ['client', 'local']);
  assert.deepEqual(await seenOf(second, 'two'), ['client', 'local']);
  assert.doesNotMatch((await first.log()) + (await second.log()), /warning: (?!.*chroot)/);
  assert.equal((await connectPostfix(ways(first), quiet)).changed, false);
  assert.deepEqual(await doctor(), ['ok doors.addresses', 'ok doors.folder']);
  await chmod(folderOf(first), 0o2777);
  assert.deepEqual(await doctor(), ['ok doors.addresses', 'fail doors.folder']);
  const again = await connectPostfix(ways(first), quiet);
  assert.deepEqual([again.changed, again.diff], [true, ''], 'only the folder is made right');
  assert.deepEqual(await doctor(), ['ok doors.addresses', 'ok doors.folder']);
  const main = join(first.configDirectory, 'main.cf');
  const connected = await readFile(main, 'utf8');
  await writeFile(main, connected.replace('unix:postern/milter', 'inet:127.0.0.1:9'));
  assert.deepEqual(await doctor(), ['fail doors.addresses', 'ok doors.folder']);
  await writeFile(main, connected);

  await connectPostfix({ ...ways(first), undo: true }, quiet);
  assert.deepEqual(await filesOf(first), was[0]);
  await assert.rejects(stat(folderOf(first)), 'its folder is gone');
  await reloaded(first);
  assert.deepEqual(await seenOf(first, 'undone'), []);
  assert.deepEqual(await seenOf(second, 'stays'), ['client', 'local']);
  await connectPostfix({ ...ways(second), undo: true }, quiet);
  assert.deepEqual(await filesOf(second), was[1]);
  await assert.rejects(stat(folderOf(second)));
  assert.equal(await guardKnows(daemon.state), undefined);
});

test('an instance in which nobody may use sendmail(1) is connected without that test', async () => {
  const main = join(second.configDirectory, 'main.cf');
  const was = await readFile(main);
  // As `postmulti -e create` writes it.
  await writeFile(main, `${was.toString('latin1')}\nauthorized_submit_users =\n`, 'latin1');
  const done = await connectPostfix(ways(second), quiet);
  assert.ok(done.changed && done.reloaded);
  assert.deepEqual(
    done.seen.filter(({ text }) => text.startsWith('not tested')).map(({ what, ok }) => [what, ok]),
    [['local mail (sendmail, pickup)', true]],
  );
  const known = await guardKnows(daemon.state);
  assert.deepEqual(
    known?.instances?.map(({ proved }) => proved),
    [true],
  );
  await connectPostfix({ ...ways(second), undo: true }, quiet);
  await writeFile(main, was);
  await second.reload();
});

test('what 0.1 wrote down about one Postfix stays when another is connected', async () => {
  const was = await filesOf(first);
  const main = join(first.configDirectory, 'main.cf');
  await writeFile(main, `${was[0]}postern_milter = { inet:127.0.0.1:9900 }\n`);
  const { configDirectory } = first;
  const left = { configDirectory, localDomains: ['first.test'], clientNetworks: [] };
  const known = join(daemon.state, 'postfix.json');
  await writeFile(known, JSON.stringify(left));
  await connectPostfix(ways(second), quiet);
  const now = await guardKnows(daemon.state);
  assert.deepEqual(
    now?.instances?.map(({ doors, localDomains, proved }) => [
      doors.milter,
      localDomains[0],
      proved,
    ]),
    [
      ['inet:127.0.0.1:9900', 'first.test', false],
      ['unix:postern/milter', 'mail.test', true],
    ],
  );
  await connectPostfix({ ...ways(second), undo: true }, quiet);
  assert.equal((await guardKnows(daemon.state))?.configDirectory, configDirectory);
  await writeFile(main, was[0] ?? '');
  await rm(known);
});

test('a pipe or a link in place of postfix.json is not read, and a link not followed', async () => {
  const known = join(daemon.state, 'postfix.json');
  execFileSync('mkfifo', [known]);
  const dry = await connectPostfix({ ...ways(first), dryRun: true }, quiet);
  assert.equal(dry.changed, true);
  await rm(known);
  const target = join(first.dir, 'secret');
  await writeFile(target, '{"configDirectory":"/secret","localDomains":[]}');
  await symlink(target, known);
  assert.equal(await guardKnows(daemon.state), undefined);
  await connectPostfix({ ...ways(second), verify: false }, quiet);
  assert.equal(await readFile(target, 'utf8'), '{"configDirectory":"/secret","localDomains":[]}');
  assert.ok((await lstat(known)).isFile());
  await connectPostfix({ ...ways(second), undo: true }, quiet);
});

test('a link in place of the folder, or a queue that others may write, is refused', async () => {
  const was = await filesOf(first);
  const target = join(first.dir, 'elsewhere');
  await mkdir(target, { mode: 0o700 });
  await symlink(target, folderOf(first));
  await assert.rejects(connectPostfix(ways(first), quiet), /has a postern that is no folder/);
  await rm(folderOf(first));
  assert.equal((await stat(target)).mode & 0o7777, 0o700);
  const queue = join(first.dir, 'spool');
  await chmod(queue, 0o777);
  await assert.rejects(connectPostfix(ways(first), quiet), /written by others than root/);
  await chmod(queue, 0o755);
  assert.deepEqual(await filesOf(first), was);
});
