/** `postern check` about a real guard: well, hanging, gone, of another user; and about none. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launcher, startGuard } from './guard-instance.ts';

type Checked = { readonly exit: number; readonly line: string; readonly ms: number };

/** `through`: words in front of the launcher. */
async function check(words: readonly string[], through: readonly string[] = []): Promise<Checked> {
  const [program = launcher, ...args] = [...through, launcher, 'check', ...words];
  const began = performance.now();
  const ran = await new Promise<Omit<Checked, 'ms'> & { readonly err: string }>((resolve) => {
    execFile(program, args, { timeout: 60_000 }, (error, out, err) => {
      resolve({ exit: error === null ? 0 : Number(error.code), line: out, err });
    });
  });
  assert.equal(ran.err, '');
  assert.match(ran.line, /^POSTERN (?:OK|WARNING|CRITICAL|UNKNOWN) - [^\n|]+(?:\|[^\n|]+)?\n$/);
  return { ...ran, ms: performance.now() - began };
}

/** It reads no mail log, so nothing is missing. */
const config = 'mode = "guard"\n[mail_log]\nsource = "off"\n';

test('a guard that is well, one account that was suspended, and limits', async () => {
  await using guard = await startGuard({ config });
  const state = ['--state', guard.state];
  const well = await check(state);
  assert.equal(well.exit, 0, well.line);
  assert.match(well.line, /^POSTERN OK - guarding for .*\|held=0;;;0 held_oldest=0s;86400;;0 /);
  assert.equal((await check([...state, '-w', '0'])).exit, 1);
  assert.equal((await check([...state, '-w', '0', '-c', '0'])).exit, 2);
  await guard.cli('accounts', 'suspend', '--unknown', 'joe|held=9@example.org');
  const suspended = await check(state);
  assert.equal(suspended.exit, 1);
  assert.match(suspended.line, /1 account suspended: joe\?held=9@example\.org\|held=0;/);
});

test('a guard that hangs is CRITICAL within 10 seconds, by either way', async () => {
  await using guard = await startGuard({ config });
  // A busy machine needs long to start anything.
  const usual = await check(['--state', guard.state]);
  guard.kill('SIGSTOP');
  try {
    for (const words of [
      ['--state', guard.state],
      ['--url', guard.doors.http],
    ]) {
      const { exit, line, ms } = await check(words);
      assert.equal(exit, 2, line);
      assert.match(line, /the guard does not answer in time/);
      assert.ok(ms - usual.ms < 10_000, `${ms}`);
    }
  } finally {
    guard.kill('SIGCONT');
  }
  assert.equal((await check(['--state', guard.state])).exit, 0);
});

test('a guard that is gone, and a folder without one', async () => {
  const state = mkdtempSync(join(tmpdir(), 'chk-'));
  try {
    const none = await check(['--state', state]);
    assert.deepEqual([none.exit, none.line], [2, 'POSTERN CRITICAL - no guard is running\n']);
    const guard = await startGuard({ config, state });
    guard.kill('SIGKILL');
    await guard.ended;
    assert.equal((await check(['--state', state])).exit, 2);
    assert.equal((await check(['--url', guard.doors.http])).exit, 2);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test('a user without rights asks at the page, with a copy of the token for metrics', {
  skip: process.getuid?.() === 0 ? false : 'only root can become another user',
}, async () => {
  await using guard = await startGuard({ config });
  const other = mkdtempSync(join(tmpdir(), 'chk-'));
  const as = ['setpriv', '--reuid=47132', '--regid=47132', '--clear-groups', '--'];
  try {
    chmodSync(other, 0o755);
    const denied = await check(['--state', guard.state], as);
    assert.equal(denied.exit, 3, denied.line);
    const url = ['--url', guard.doors.http];
    assert.deepEqual((await check(url, as)).exit, 0);
    const token = join(other, 'token');
    copyFileSync(join(guard.state, 'metrics-token'), token);
    chmodSync(token, 0o640);
    const numbers = await check([...url, '--token-file', token]);
    assert.match(numbers.line, /^POSTERN OK - .*\|held=0;/);
    assert.equal((await check([...url, '--token-file', token], as)).exit, 3);
    chmodSync(token, 0o644);
    assert.match((await check([...url, '--token-file', token])).line, /every user/);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});

test('another program at the address, and wrong options', async () => {
  const server = createServer((_request, response) => response.end('hello | exit=0'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const other = await check(['--url', `http://127.0.0.1:${port}`]);
  assert.deepEqual([other.exit, /not Postern/.test(other.line)], [2, true]);
  server.close();
  for (const words of [
    ['-w'],
    ['-w', 'many'],
    ['--age-critical', 'soon'],
    ['--nothing'],
    ['word'],
    ['--url', 'nowhere'],
    ['--token-file', '/nowhere'],
  ]) {
    const { exit, line } = await check(words);
    assert.equal(exit, 3, `${words}: ${line}`);
    assert.match(line, /^POSTERN UNKNOWN - /);
  }
});
