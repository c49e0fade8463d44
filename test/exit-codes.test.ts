/** One exit code for one thing, over all commands; and errors as JSON where JSON was asked for. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { postern, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const doors = { milter: 'off', policy: 'off', http: 'inet:127.0.0.1:0' };

/** Commands of a guard that runs, and remembers nothing. */
async function withGuard(
  use: (run: (...words: readonly string[]) => ReturnType<typeof postern>) => Promise<void>,
): Promise<void> {
  await using state = await stateFolder();
  const { config } = parseConfig('mode = "guard"\n[postfix]\nqueue = "direct"\n', 'test');
  Object.assign(config.doors, doors);
  const log = (): void => {};
  await using daemon = await startDaemon({ state: state.path, config, movable: false, token, log });
  const run = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state.path, 'run.json'), JSON.stringify(run));
  await use((...words) => postern(...words, '--state', state.path));
}

const unknown: readonly (readonly string[])[] = [
  ['accounts', 'show', 'nobody@here.test'],
  ['accounts', 'suspend', 'nobody@here.test'],
  ['accounts', 'release', 'nobody@here.test', '--false-alarm'],
  ['accounts', 'allow', 'nobody@here.test', '--until', 'tomorrow'],
  ['accounts', 'may-write-as', 'nobody@here.test', 'x@here.test', '--remove'],
  ['held', 'show', '4bXm2R7hQzz9'],
  ['held', 'release', '4bXm2R7hQzz9'],
  ['held', 'drop', '4bXm2R7hQzz9', '--yes'],
  ['held', 'release', '--account', 'nobody@here.test'],
  ['quarantine', 'release', '4bXm2R7hQzz9'],
  ['inbound', 'show', '4bXm2R7hQzz9'],
  ['explain', '4bXm2R7hQzz9'],
  ['incidents', 'show', 'nothing'],
  ['incidents', 'report', 'nothing'],
  ['scripts', 'show', '/nowhere.php'],
  ['scripts', 'forget', 'r9'],
  ['passwords', 'show', 'nobody@here.test'],
  ['providers', 'show', 'nowhere'],
];

test('what is not known is 67, in every command, and in JSON the code says so', async () => {
  await withGuard(async (run) => {
    for (const words of unknown) {
      const ran = await run(...words, '--json');
      assert.equal(ran.exit, 67, `${words.join(' ')}: ${ran.err}`);
      const { error } = JSON.parse(ran.out) as { error: Record<string, unknown> };
      assert.equal(error['exit'], 67, words.join(' '));
      assert.match(String(error['code']), /^[a-z-]+$/);
      assert.ok(ran.err.includes(`postern: ${error['message']}`), words.join(' '));
    }
  });
});

test('no guard and no ledger is 69', async () => {
  await using empty = await stateFolder();
  for (const words of unknown.filter(([noun]) => noun !== 'passwords')) {
    const ran = await postern(...words, '--json', '--state', empty.path);
    assert.equal(ran.exit, 69, `${words.join(' ')}: ${ran.err}`);
    const { error } = JSON.parse(ran.out) as { error: { code: string; hint: string } };
    assert.equal(error.code, 'not-running');
    assert.match(error.hint, /^start it: postern/);
  }
});

test('a wrong call is 64, says which help to read, and is JSON too', async () => {
  for (const [words, help] of [
    [['accounts', 'list', '--limit', '0'], 'postern accounts list --help'],
    [['accounts', 'list', '--lmit', '0'], 'postern accounts list --help'],
    [['held', 'release'], 'postern held release --help'],
    [['dns', 'chck'], 'postern dns --help'],
  ] as const) {
    const ran = await postern(...words, '--json');
    assert.equal(ran.exit, 64, words.join(' '));
    assert.ok(ran.err.endsWith(`postern: see ${help}\n`), ran.err);
    const { error } = JSON.parse(ran.out) as { error: { code: string; hint: string } };
    assert.match(error.code, /^usage$|^which-held$/);
    assert.equal(error.hint, `see ${help}`);
  }
});
