/** `postern try hijack` against the whole guard, in guard mode and in observe mode. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { postern, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const doors = { milter: 'inet:127.0.0.1:0', policy: 'off', http: 'inet:127.0.0.1:0' };

async function played(
  mode: 'guard' | 'observe',
  use: (play: (...words: readonly string[]) => ReturnType<typeof postern>) => Promise<void>,
): Promise<void> {
  await using state = await stateFolder();
  const { config } = parseConfig(`mode = "${mode}"\n[postfix]\nqueue = "off"\n`, 'test');
  Object.assign(config.doors, doors);
  const log = (): void => {};
  await using daemon = await startDaemon({ state: state.path, config, movable: false, token, log });
  const run = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state.path, 'run.json'), JSON.stringify(run));
  await use((...words) => postern(...words, '--state', state.path));
}

const fast = ['--rate', '1000/s'] as const;

test('the victim is suspended after a few, and honest neighbours never notice', async () => {
  await played('guard', async (run) => {
    const first = await run('try', 'hijack', ...fast);
    assert.equal(first.exit, 0, first.err);
    for (const told of [
      /^ {2}16 passed$/m,
      /^ {2}message +1 {2}passed$/m,
      /held: \d+ new recipients in/,
      /held, and the account is suspended: /,
      /held: the account was suspended (?:less than a minute|\d+ min) ago; /,
      /postern accounts release victim@try\.invalid --hijacked$/m,
    ]) {
      assert.match(first.out, told);
    }
    const status = await run('accounts', 'show', 'victim@try.invalid');
    assert.match(status.out, /^victim@try\.invalid: suspended$/m);

    const second = await run('try', 'hijack', '--json', ...fast);
    const tally = JSON.parse(second.out) as Record<string, number>;
    assert.equal(tally['victim'], 'victim@try.invalid', 'the first play was taken back');
    assert.equal(tally['honestPassed'], 16);
    assert.ok((tally['passed'] ?? 99) <= 10, second.out);
    assert.ok((tally['suspendedAt'] ?? 99) <= 30, second.out);
    assert.equal(tally['played'], (tally['suspendedAt'] ?? 0) + 3);
  });
});

test('try --undo takes back what a play left', async () => {
  await played('guard', async (run) => {
    await run('try', 'hijack', ...fast);
    const held = JSON.parse((await run('held', 'list', '--json')).out) as unknown[];
    assert.ok(held.length > 0);
    const { exit, out } = await run('try', '--undo');
    assert.equal(exit, 0);
    assert.equal(
      out,
      `1 made-up account released, ${held.length} entries of held messages closed\n`,
    );
    const left = await run('held', 'list', '--json');
    assert.equal(left.out, '[]\n');
    const gone = await run('held', 'list', '--was', 'gone', '--json');
    assert.equal((JSON.parse(gone.out) as unknown[]).length, held.length);
    assert.match((await run('accounts', 'show', 'victim@try.invalid')).out, /: clear$/m);
    const again = await run('try', '--undo');
    assert.match(again.out, /^0 made-up accounts released, 0 entries/);
  });
});

test('observed: all pass, and it is told what would have been done', async () => {
  await played('observe', async (run) => {
    const { exit, out, err } = await run('try', 'hijack', '--account', 'Eve', ...fast);
    assert.equal(exit, 0, err);
    assert.match(out, /passed, would be held: /);
    assert.match(out, /passed, would be held, and the account would be suspended: /);
    assert.match(out, /In mode guard the account would have been suspended at message \d+\./);
    assert.doesNotMatch(out, /refused: 550/);
    assert.match(out, /eve@try\.invalid/);
  });
});

test('too few messages to be stopped: exit 1', async () => {
  await played('guard', async (run) => {
    const { exit, err } = await run('try', 'hijack', '--messages', '2', ...fast);
    assert.equal(exit, 1);
    assert.match(err, /^postern: the guard did not suspend victim@try\.invalid\n/);
  });
});
