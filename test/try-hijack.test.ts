/** `postern try hijack` against the whole guard, in guard mode and in observe mode. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import type { AuditRow } from '../src/ports/ledger.ts';
import { postern, stateFolder } from './command-line.ts';

type Counted = { readonly lines: readonly unknown[] };

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
      /held: .*\d+ new recipients in/,
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

test('try --undo leaves nothing of a play but the audit trail', async () => {
  await played('guard', async (run) => {
    await run('try', 'hijack', ...fast);
    await run('try', 'hijack', '--account', 'eve', ...fast);
    const held = JSON.parse((await run('held', 'list', '--json')).out) as unknown[];
    assert.ok(held.length > 0);
    const { exit, out } = await run('try', '--undo');
    assert.equal(exit, 0);
    assert.equal(
      out,
      `4 made-up accounts removed (1 suspension ended), with ${held.length} entries of held ` +
        'messages and all else about them\n',
    );
    for (const words of [
      ['accounts', 'list'],
      ['held', 'list'],
      ['held', 'list', '--was', 'gone'],
      ['incidents', 'list'],
    ]) {
      assert.equal((await run(...words, '--json')).out, '[]\n', words.join(' '));
    }
    assert.equal((await run('accounts', 'show', 'victim@try.invalid')).exit, 67);
    for (const by of ['account', 'domain', 'provider', 'day']) {
      const counted = JSON.parse((await run('stats', '--by', by, '--json')).out) as Counted;
      assert.deepEqual(counted.lines, [], by);
    }
    const trail = JSON.parse((await run('audit', '--json')).out) as readonly AuditRow[];
    assert.ok(
      trail.some(({ account, action }) => action === 'release' && account.startsWith('eve@')),
    );
    const again = await run('try', '--undo');
    assert.match(again.out, /^0 made-up accounts removed \(0 suspensions ended\), with 0 entries/);
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
