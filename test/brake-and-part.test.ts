/** `postern brake` and `postern mode --enforce` with a whole guard, as an operator types them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import type { BrakeView } from '../src/core/brake/view.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import type { AuditRow } from '../src/ports/ledger.ts';
import { postern, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const doors = { milter: 'inet:127.0.0.1:0', policy: 'off', http: 'inet:127.0.0.1:0' };

type Run = (...words: readonly string[]) => ReturnType<typeof postern>;

async function guarded(use: (run: Run) => Promise<void>): Promise<void> {
  await using state = await stateFolder();
  const { config } = parseConfig('[postfix]\nqueue = "off"\n', 'test');
  Object.assign(config.doors, doors);
  const log = (): void => {};
  await using daemon = await startDaemon({ state: state.path, config, movable: false, token, log });
  const run = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state.path, 'run.json'), JSON.stringify(run));
  await use((...words) => postern(...words, '--state', state.path));
}

test('the brake is shown, pulled and ended; the audit trail and status say so', async () => {
  await guarded(async (run) => {
    const calm = await run('brake');
    assert.equal(calm.exit, 0, calm.err);
    assert.match(calm.out, /^The brake is off\. It comes on if more than 5 accounts are newly/);
    const on = await run('brake', 'on', '--note', 'new rules');
    assert.match(on.out, /^the brake is on until you end it \(postern brake off\)/);
    const view = JSON.parse((await run('brake', 'status', '--json')).out) as BrakeView;
    assert.equal(view.on, true);
    const shown = await run('brake', 'status');
    assert.match(shown.out, /^If these accounts are hijacked: .*postern brake off --stops-/m);
    const status = await run('status');
    assert.equal(process.exitCode, 1);
    process.exitCode = undefined;
    assert.match(status.out, /^trouble +The brake is on since .* \(postern brake\)$/m);
    assert.match((await run('brake', 'release', '--dry-run')).out, /^no held message has only/);
    assert.match((await run('brake', 'off')).out, /^The brake is off\./);
    assert.match((await run('brake', 'off')).out, /^the brake is off already$/m);
    assert.match((await run('brake', 'off', '--stops-were-right')).out, /does not come on auto/);
    const trail = JSON.parse((await run('audit', '--json')).out) as readonly AuditRow[];
    const details = trail.filter(({ action }) => action === 'brake').map(({ detail }) => detail);
    assert.ok(details.includes('pulled: new rules') && details.includes('ended'), String(details));
  });
});

test('a part with an account that nobody knows gets a warning', async () => {
  await using folder = await stateFolder();
  const file = join(folder.path, 'postern.toml');
  writeFileSync(file, 'mode = "observe"\n');
  await guarded(async (run) => {
    const words = ['mode', '--enforce', '5%, account:nobody@x.example', '--config', file];
    const { err, exit } = await run(...words, '--dry-run');
    const says =
      'no account nobody@x.example is known here; account:nobody@x.example reaches nobody';
    assert.deepEqual([exit, err], [0, `postern: warning: ${says}\n`]);
  });
});

test('a part is set, shown, changed and taken back in the file, byte for byte', async () => {
  await using state = await stateFolder();
  const file = join(state.path, 'postern.toml');
  const text = (): string => readFileSync(file, 'utf8');
  const before = '# mine\nmode = "observe"  # for a week\n\n[scan]\n';
  writeFileSync(file, before);
  const run: Run = (...words) =>
    postern('mode', ...words, '--config', file, '--state', join(state.path, 'none'));
  const dry = await run('--enforce', 'domain:a.example, 5%', '--dry-run');
  assert.equal(dry.exit, 0, dry.err);
  assert.match(dry.out, /^\+enforce = \["domain:a\.example", "5%"\]$/m);
  assert.equal(text(), before);
  const done = await run('observe', '--enforce', 'domain:a.example,5%');
  assert.equal(done.exit, 0, done.err);
  const { config } = parseConfig(text(), file);
  assert.deepEqual([config.mode, config.enforce], ['observe', ['domain:a.example', '5%']]);
  assert.match((await run('observe', '--enforce', 'domain:a.example,5%')).out, /already\.$/m);
  assert.equal((await run('--undo')).exit, 0);
  assert.equal(text(), before);
  assert.equal(done.err, '');
  for (const words of [['--dry-run'], []]) {
    const { err, exit } = await run('observe', '--enforce', '0%', ...words);
    assert.deepEqual([exit, err], [0, 'postern: warning: 0% reaches no account\n']);
  }
  assert.equal((await run('--undo')).exit, 0);
  await run('observe', '--enforce', '100%');
  const none = await run('observe', '--enforce', 'none', '--json');
  assert.equal(none.exit, 0, none.err);
  assert.equal(text(), before);
  for (const words of [
    ['guard', '--enforce', '5%'],
    ['--enforce', 'a.example'],
    ['--enforce', '101%'],
    ['--enforce', '5%', '--undo'],
  ]) {
    const wrong = await run(...words);
    assert.equal(wrong.exit, 64, `${words.join(' ')}: ${wrong.err}`);
    assert.equal(text(), before);
  }
  writeFileSync(file, 'mode = "guard"\n');
  const guard = await run('--enforce', '5%');
  assert.equal(guard.exit, 64);
  assert.match(guard.err, /the mode is guard: Postern acts on all accounts/);
});
