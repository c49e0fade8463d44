import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startChecklistRuns } from './runs.ts';

/** Runs a script as the checklist once; answers when the run is over. */
async function ran(script: string, limitMs = 20_000): Promise<readonly string[]> {
  const told: string[] = [];
  const over = Promise.withResolvers<void>();
  const words = ['/bin/sh', '-c', script];
  const stop = startChecklistRuns(
    { words, afterMs: 0, limitMs },
    {
      log: (level, event, fields) => {
        told.push(`${level} ${event} ${fields?.['why']}`);
        over.resolve();
      },
      setRunning(isRunning) {
        told.push(isRunning ? 'runs' : 'over');
        // The log follows at once if there is a fault.
        if (!isRunning) setImmediate(over.resolve);
      },
    },
  );
  // The runs keep no process alive; this test waits.
  const awake = setInterval(() => undefined, 1_000);
  await over.promise;
  clearInterval(awake);
  stop();
  return told;
}

test('a run that ends well is silent; another one is logged with its last words', async () => {
  assert.deepEqual(await ran('exit 0'), ['runs', 'over']);
  assert.deepEqual(await ran('echo no guard here >&2; exit 69'), [
    'runs',
    'over',
    'warn checklist.not-run no guard here',
  ]);
});

test('a run that lasts too long is ended, with all that it started', async () => {
  const told = await ran('sleep 300 >/dev/null 2>&1 & echo $! >&2; sleep 300', 300);
  assert.deepEqual(told.slice(0, 2), ['runs', 'over']);
  assert.match(told[2] ?? '', /took longer than 0.3 s/);
});

test('it runs at low priority; when the guard ends, so does the run', async () => {
  const said = Promise.withResolvers<number>();
  const told: string[] = [];
  const stop = startChecklistRuns(
    { words: ['/bin/sh', '-c', 'sleep 300'], afterMs: 0 },
    {
      log: (_, event) => void told.push(event),
      setRunning: (isRunning) => {
        told.push(String(isRunning));
        if (isRunning) setImmediate(() => said.resolve(childOf(process.pid)));
        else over.resolve();
      },
    },
  );
  const over = Promise.withResolvers<void>();
  const awake = setInterval(() => undefined, 1_000);
  const pid = await said.promise;
  // After the name in parentheses: field 19 of proc_pid_stat(5) is the nice value.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  assert.equal(fields[19 - 3], '19');
  stop();
  await over.promise;
  // The log would follow at once.
  await new Promise(setImmediate);
  clearInterval(awake);
  assert.deepEqual(told, ['true', 'false']);
});

function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(children.at(-1));
}
