/**
 * The checklist with a guard that runs as a user of its own, and root as operator: what a run finds
 * is kept, acknowledged, told at night, and shown. The DNS is not asked, and nothing is probed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ChecklistView } from '../../src/ports/checklist/checklist.ts';
import { withoutOwnOptions } from '../command-line.ts';
import { type GuardInstance, launcher, startGuard } from './guard-instance.ts';
import { uid } from './hostile-state.ts';
import { eventually } from './leash.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const skip = process.getuid?.() === 0 ? false : 'only root can become another user';
const asGuard = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];

let folder: string;
let state: string;
let sink: Sink;
let guard: GuardInstance;
/** The exit code of the item of our own. */
let exitFile: string;

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'pcm-'));
  chmodSync(folder, 0o755);
  state = join(folder, 'state');
  spawnSync('mkdir', ['-m', '700', state]);
  exitFile = join(folder, 'exit');
  writeFileSync(exitFile, '0');
  sink = await startSink({ keepMessages: true });
  const config = [
    ...['[notices]', 'mail_to = ["op@here.test"]', `mail_server = "127.0.0.1:${sink.port}"`],
    ...['[mail_log]', 'source = "off"', '[dns]', 'servers = ["127.0.0.1:1"]', 'timeout = "1s"'],
    ...['[[checklist.items]]', 'id = "own.door"', 'title = "The door is shut"'],
    `command = ["/bin/sh", "-c", "read code < ${exitFile}; echo code $code; exit $code"]`,
    '',
  ];
  writeFileSync(join(state, 'postern.toml'), config.join('\n'));
  for (const path of [state, join(state, 'postern.toml')]) chownSync(path, uid, uid);
  const words = ['--config', join(state, 'postern.toml'), '--port', '0'];
  guard = await startGuard({ state, words, through: asGuard });
});
after(async () => {
  await guard?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function run(words: readonly string[], through: readonly string[] = []): Ran {
  const config = words[1] === 'ack' || words[1] === 'history' ? [] : ['--config', guard.configFile];
  const [program = '', ...args] = [...through, launcher, ...words, '--state', state, ...config];
  const env = { ...process.env, SUDO_USER: 'ann' };
  const ran = spawnSync(program, args, { encoding: 'utf8', timeout: 180_000, env });
  const plain = (text: string): string => withoutOwnOptions(text, args);
  return { code: ran.status, out: plain(ran.stdout), err: plain(ran.stderr) };
}

const list = ['checklist', '--no-probe'];
const night = (): Ran => run([...list, '--nightly'], asGuard);
const view = (): Promise<ChecklistView> => guard.json('/api/checklist');

test('a run of root is kept, with the name of the operator behind it', { skip }, async () => {
  const { out } = run([...list, '--all']);
  assert.match(out, /own\.door\s+The door is shut: code 0/);
  const { items, last } = await view();
  assert.deepEqual([last?.by, last?.asRoot], ['ann', true]);
  assert.ok(items.length > 40);
  const own = items.find(({ id }) => id === 'own.door');
  assert.deepEqual([own?.state, own?.by, own?.found], ['done', 'ann', 'code 0']);
});

test('broken makes it end with 1, until all that is broken is acknowledged', { skip }, async () => {
  writeFileSync(exitFile, '1');
  assert.equal(run([...list]).code, 1);
  const broken = (await view()).items.filter((item) => item.state === 'broken');
  for (const { id } of broken) {
    const ran = run(['checklist', 'ack', id, '--days', '9', '--note', 'known']);
    assert.match(ran.out, /is acknowledged until \d{4}-\d\d-\d\d, or until it gets worse/, ran.err);
  }
  const calm = run([...list]);
  assert.equal(calm.code, 0, calm.out);
  assert.match(calm.out, /^0 broken/);
  assert.match(calm.out, /own\.door: acknowledged as broken by ann, until .* \(known\)/);
  const json = JSON.parse(run([...list, '--json']).out) as {
    readonly items: readonly { readonly id: string; readonly acknowledged?: { note: string } }[];
  };
  assert.equal(json.items.find(({ id }) => id === 'own.door')?.acknowledged?.note, 'known');
  assert.equal(run(['checklist', 'show', 'own.door', '--no-probe']).code, 0);
  assert.match(run(['checklist', 'ack', 'own.door', '--undo']).out, /not acknowledged any more/);
  assert.equal(run(['checklist', 'ack', 'own.door', '--undo']).code, 1);
  assert.equal(run([...list]).code, 1);
  const part = run([...list, '--domain', 'x.example']);
  assert.match(part.out, /Not kept: with --domain/);
  assert.equal(run([...list, '--nightly', '--domain', 'x.example']).code, 64);
  const wrong = run(['checklist', 'ack', 'own.doo']);
  assert.deepEqual([wrong.code, /did you mean: own\.door/.test(wrong.err)], [64, true]);
});

test('nights: silent at first, one mail when something changed, silent again', {
  skip,
}, async () => {
  assert.equal(night().code, 0);
  writeFileSync(exitFile, '0');
  const changed = night();
  assert.deepEqual([changed.code, changed.out, changed.err], [0, '', '']);
  const mail = await eventually('the mail', () => sink.deliveries[0]);
  const text = mail.message.replace(/=\r?\n/g, '');
  assert.match(text, /^Subject: .*changes in the checklist on .*: 1 done/m);
  assert.match(text, /The door is shut \(own\.door\): done \(was\s+broken\): code 0/);
  assert.match(text, /^Details\r?\n {2}\S*postern .*checklist\r?$/m);
  assert.equal(night().code, 0);
  writeFileSync(exitFile, '1');
  assert.equal(night().code, 0);
  await eventually('the next mail', () => sink.deliveries[1]);
  assert.match(sink.deliveries[1]?.message ?? '', /: 1 broken/);
  assert.equal(sink.deliveries.length, 2, 'the quiet night between them sent none');
});

test('the history tells it, from the guard and from its ledger alike', { skip }, async () => {
  const told = run(['checklist', 'history', 'own.door']);
  assert.match(told.out, /done → broken +(?:nightly check|guard) +code 1/);
  assert.match(told.out, /acknowledged +ann +known/);
  assert.match(told.out, /acknowledgement ended +ann +taken back/);
  assert.equal(run(['checklist', 'history', 'own.dor']).code, 64);
  run(['checklist', 'ack', 'own.door']);
  const before = run(['checklist', 'history', 'own.door', '--json']).out;
  guard.kill('SIGTERM');
  await guard.ended;
  assert.equal(run(['checklist', 'history', 'own.door', '--json']).out, before);
  const stopped = run([...list]);
  assert.match(stopped.out, /own\.door: acknowledged as broken by ann/);
  assert.match(stopped.out, /Not kept: the history and the nightly mail need a guard that runs/);
  assert.equal(run(['checklist', 'ack', 'own.door']).code, 69);
  assert.equal(night().code, 69);
});
