/** A guard in a terminal (of script(1)), and the end of that terminal. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';

type InTerminal = AsyncDisposable & {
  readonly state: string;
  readonly pid: number;
  shown(): string;
  close(): void;
};

async function guardInTerminal(): Promise<InTerminal> {
  const state = await mkdtemp(join(tmpdir(), 'pct-'));
  const line = `exec ${launcher} up --port 0 --state ${state}`;
  const terminal = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(terminal, 'exit');
  let shown = '';
  terminal.stdout.on('data', (bytes: Buffer) => {
    shown += String(bytes);
  });
  const run = join(state, 'run.json');
  const pid = await eventually('the guard is up', async () =>
    existsSync(run) ? (JSON.parse(await readFile(run, 'utf8')) as { pid: number }).pid : undefined,
  );
  return {
    state,
    pid,
    shown: () => shown,
    close: () => void terminal.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGTERM');
      await eventually('the guard is gone', async () => !existsSync(`/proc/${pid}`) || undefined);
      terminal.kill('SIGKILL');
      await ended;
      await rm(state, { recursive: true, force: true });
    },
  };
}

test('the end of its terminal ends a guard, in good order', async () => {
  await using guard = await guardInTerminal();
  guard.close();
  await eventually('the guard ends', async () => !existsSync(`/proc/${guard.pid}`) || undefined);
  assert.ok(!existsSync(join(guard.state, 'run.json')), 'it has taken its run.json away');
});

test('SIGHUP while the terminal is there has the configuration read again', async () => {
  await using guard = await guardInTerminal();
  process.kill(guard.pid, 'SIGHUP');
  await eventually(
    'it is read',
    async () => /config(?:\.reloaded|uration read)/.test(guard.shown()) || undefined,
  );
  assert.ok(existsSync(join(guard.state, 'run.json')));
});

test('a second guard says which process has the ledger, and how to end it', async () => {
  await using guard = await guardInTerminal();
  const second = spawn(launcher, ['up', '--port', '0', '--state', guard.state]);
  let said = '';
  second.stderr.on('data', (bytes: Buffer) => {
    said += String(bytes);
  });
  const [code] = await once(second, 'exit');
  assert.equal(code, 75);
  const who = `in use by process ${guard.pid} of user ${userInfo().username}, since 2`;
  assert.ok(said.includes(who), said);
  assert.match(said, new RegExp(`to end that guard: kill ${guard.pid}; or`));
});
