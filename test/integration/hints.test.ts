/** Commands that Postern prints in a checkout are run as they are printed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { launcher, startGuard } from './guard-instance.ts';

const run = promisify(execFile);
const checkout = dirname(launcher);

type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** In a shell, in the folder of the checkout unless another is named. */
async function shell(line: string, cwd: string = checkout): Promise<Ended> {
  try {
    const { stdout, stderr } = await run('/bin/sh', ['-c', line], { cwd, encoding: 'utf8' });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** The command after these words, to the end of its line. */
function hintAfter(text: string, words: string): string {
  const [, hint] = new RegExp(`${words}\\s+(.+)$`, 'm').exec(text) ?? [];
  assert.ok(hint !== undefined, `no "${words}" in: ${text}`);
  return hint;
}

test('hints of try hijack, status and accounts show work as they are printed', async () => {
  await using guard = await startGuard();
  const state = `--state ${guard.state}`;
  const tried = await shell(`./postern try hijack --rate 500/s ${state}`);
  assert.equal(tried.code, 0, tried.err);
  const why = hintAfter(tried.out, 'See why:');
  assert.match(why, /^\.\/postern --state /);
  const shown = await shell(why);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /victim@try\.invalid/);

  const elsewhere = await shell(`${launcher} accounts show victim@try.invalid ${state}`, '/');
  assert.equal(elsewhere.code, 0, elsewhere.err);
  const [byPath = ''] =
    /\S*postern --state \S+ accounts release .*--hijacked/.exec(elsewhere.out) ?? [];
  assert.ok(byPath.startsWith(`${launcher} --state ${guard.state} accounts release`), byPath);

  const now = await shell(`./postern status ${state}`);
  const released = await shell(byPath, '/');
  assert.equal(released.code, 0, `${released.err}${now.out}`);
});

test('the hint without a guard starts one: it is no service', async () => {
  const ended = await shell('./postern status --state /nonexistent/state');
  assert.equal(ended.code, 69);
  assert.match(ended.err, /start it: \.\/postern --state \/nonexistent\/state up,/);
});

test('a folder may stand in front of the command', async () => {
  await using guard = await startGuard();
  const front = await shell(`./postern --state ${join(guard.state, '.')} accounts list --json`);
  assert.deepEqual([front.code, front.out.trim()], [0, '[]']);
  const without = await shell(`./postern --state ${guard.state} config defaults`);
  assert.equal(without.code, 0, without.err);
});
