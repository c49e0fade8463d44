/**
 * The list of incoming mail that waits, which postern-root keeps: what is overdue is taken off hold
 * on a real Postfix, and nothing else is; only queue ids and near times get onto the list.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { letAllGoStep } from '../../src/commands/install/let-all-go.ts';
import type { Millis } from '../../src/lib/time.ts';
import { letGoList } from '../../src/partners/let-go-list.ts';
import { helperTools } from '../../src/partners/privileged-tools.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { type HelperSocket, listenForHelper } from './root-helper.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const helper = join(import.meta.dirname, '../../packaging/postern-root');
/** A time that may stand on the list, in seconds. */
const soon = Math.floor(Date.now() / 1_000) + 600;
const scope = new AsyncDisposableStack();
let sink: Sink;
let postfix: PostfixInstance;
let socket: HelperSocket;
let folder: string;
let list: string;

before(async () => {
  mustBeRoot();
  folder = mkdtempSync(join(tmpdir(), 'pil-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  list = join(folder, 'waiting');
  sink = scope.use(await startSink());
  postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      smtp: { smtpd_client_restrictions: 'check_client_access static:HOLD' },
    }),
  );
  socket = await listenForHelper({ mail: postfix, waiting: list });
  scope.defer(() => socket.close());
});
after(() => scope.disposeAsync());

async function held(id: string): Promise<string> {
  await using smtp = await connectSmtp(postfix.ports.smtp);
  const { queueId } = await smtp.send({ from: 'a@far.test', to: ['ann@mail.test'], id });
  return queueId;
}

/** As the timer's unit runs it. */
function run(request: string, path = list): string {
  const { stdout } = spawnSync(helper, {
    input: request,
    env: { POSTERN_POSTFIX_CONFIG: postfix.configDirectory, POSTERN_WAITING: path },
  });
  return stdout.toString();
}

test('the guard writes down what waits, and strikes it', async () => {
  const waiting = letGoList(helperTools(socket.path), () => undefined);
  const due = (Date.now() + 60_000) as Millis;
  assert.equal(await waiting.add('4bXn9K2pWzz9', due), true);
  assert.equal(await waiting.add('4bXm2R7hQzz2', due), true);
  const second = Math.ceil(due / 1_000);
  assert.equal(readFileSync(list, 'utf8'), `4bXn9K2pWzz9 ${second}\n4bXm2R7hQzz2 ${second}\n`);
  await waiting.remove(['4bXn9K2pWzz9', 'NOTTHERE99']);
  assert.equal(readFileSync(list, 'utf8'), `4bXm2R7hQzz2 ${second}\n`);
  await waiting.remove(['4bXm2R7hQzz2']);
  const gone = letGoList(helperTools(join(folder, 'nobody')), () => undefined);
  assert.equal(await gone.add('4bXn9K2pWzz9', due), false, 'such a message is not held');
});

test('what is overdue leaves; what is due later, or not on the list, stays', async () => {
  const late = await held('late');
  const later = await held('later');
  const others = await held('others');
  const now = Math.floor(Date.now() / 1_000);
  assert.match(run(`waits\n${late}.${now - 400}\n${later}.${now + 60}\nend\n`), /: done\n$/);
  assert.match(run('let-go\nend\n'), /: done\n$/);
  await sink.until(() => sink.deliveries.some(({ id }) => id === 'late'), 'late');
  assert.deepEqual(await postfix.onHold(), [later, others].sort());
  assert.equal(readFileSync(list, 'utf8'), `${later} ${now + 60}\n`);
  assert.match(run('let-go\nend\n'), /: done\n$/);
  assert.deepEqual(await postfix.onHold(), [later, others].sort());
});

test('a clock that was set back, and a line that was cut, keep nothing on hold', async () => {
  const ahead = await held('ahead');
  const next = await held('next');
  const now = Math.floor(Date.now() / 1_000);
  writeFileSync(list, `${ahead} ${now + 8_000}\nABCDEF ${String(now).slice(0, 3)}`);
  assert.match(run(`waits\n${next}.${now - 400}\nend\n`), /: done\n$/);
  assert.match(run('let-go\nend\n'), /: done\n$/);
  await sink.until(() => sink.deliveries.some(({ id }) => id === 'ahead'), 'ahead');
  await sink.until(() => sink.deliveries.some(({ id }) => id === 'next'), 'next');
  assert.equal(readFileSync(list, 'utf8'), '');
});

test('when Postern is removed, all that is on the list leaves, and nothing else', async () => {
  const waits = await held('waits');
  const before = await postfix.onHold();
  assert.match(run(`waits\n${waits}.${Math.floor(Date.now() / 1_000) + 600}\nend\n`), /: done\n$/);
  const onList = readFileSync(list, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const steps = letAllGoStep(list, {
    POSTERN_POSTFIX_CONFIG: postfix.configDirectory,
    POSTERN_WAITING: list,
  });
  assert.equal(await steps.run(), undefined);
  await sink.until(() => sink.deliveries.some(({ id }) => id === 'waits'), 'waits');
  assert.deepEqual(
    await postfix.onHold(),
    before.filter((id) => !onList.includes(id)),
  );
  assert.equal(readFileSync(list, 'utf8'), '');
  assert.equal(await steps.run(), 'no incoming mail waits');
});

for (const [what, request] of [
  ['a time far ahead', 'waits\nABCDEF.99999999999\nend\n'],
  ['no time', 'waits\nABCDEF\nend\n'],
  ['a path', `waits\n../x.${soon}\nend\n`],
  ['ALL', `waits\nALL.${soon}\nend\n`],
  ['names behind let-all-go', 'let-all-go\nABCDEF\nend\n'],
  ['names behind let-go', 'let-go\nABCDEF\nend\n'],
  ['an instance', 'let-go /etc/postfix\nend\n'],
] as const) {
  test(`the list does not take ${what}`, () => {
    const before = readFileSync(list, 'utf8');
    assert.match(run(request), /^postern-root: failed: [a-zA-Z0-9 -]+\n$/);
    assert.equal(readFileSync(list, 'utf8'), before);
  });
}

test('a folder that is a link to somewhere else is refused', () => {
  const link = join(folder, 'link');
  const target = mkdtempSync(join(tmpdir(), 'pil-'));
  writeFileSync(join(target, 'waiting'), 'kept\n');
  symlinkSync(target, link);
  assert.match(run(`waits\nABCDEF.${soon}\nend\n`, join(link, 'waiting')), /no folder of root/);
  assert.equal(readFileSync(join(target, 'waiting'), 'utf8'), 'kept\n');
  rmSync(target, { recursive: true });
});
