/**
 * Items of the operator's own as real programs: who they run as, what they get, and that nothing of
 * them is left.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runOwnItems } from '../../src/partners/own-items.ts';
import { launcher } from './guard-instance.ts';
import { uid } from './hostile-state.ts';
import { eventually } from './leash.ts';

const skip = process.getuid?.() === 0 ? false : 'only root can become another user';
const user = { uid, gid: uid };
const folder = mkdtempSync(join(tmpdir(), 'poi-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script];

test('they run as that user, without groups of root, with a small environment', {
  skip,
}, async () => {
  process.env['POSTERN_SECRET'] = 'x';
  const script = 'id -u; id -G; pwd; env | cut -d= -f1 | sort | tr "\\n" " "; cat';
  const [end] = await runOwnItems([shell(script)], user);
  assert.ok(end?.kind === 'ended');
  const [who, groups, place, names = ''] = end.output.split('\n');
  assert.deepEqual([who, groups, place], [`${uid}`, `${uid}`, '/']);
  const beside = names.split(' ').filter((name) => !/^(?:PWD|OLDPWD|SHLVL|_|)$/.test(name));
  assert.deepEqual(beside, ['HOME', 'LC_ALL', 'PATH']);
});

test('arguments reach the program as they are: no shell reads them', { skip }, async () => {
  const odd = ['$(id)', 'a b', '`x`', "'", '*'];
  const [end] = await runOwnItems([['/usr/bin/printf', '%s|', ...odd]], user);
  assert.deepEqual(end, { kind: 'ended', exit: 0, output: `${odd.join('|')}|` });
});

test('as root without another user, nothing runs', { skip }, async () => {
  const mark = join(folder, 'ran');
  const [end] = await runOwnItems([['/usr/bin/touch', mark]], undefined);
  assert.equal(end?.kind, 'not run');
  assert.equal(existsSync(mark), false);
});

test('all of a group ends, at the limit and with its program; others do not wait for it', {
  skip,
}, async () => {
  const lasting = 'sleep 300 & echo $!; exec sleep 300';
  const left = 'sleep 300 >/dev/null 2>&1 & echo $!; exit 1';
  const [late, fine, behind] = await runOwnItems(
    [shell(lasting), shell('echo ok; exit 2'), shell(left)],
    user,
    5_000,
  );
  assert.ok(late?.kind === 'failed');
  assert.match(late.why, /did not end within 5 s/);
  assert.deepEqual(fine, { kind: 'ended', exit: 2, output: 'ok\n' });
  assert.deepEqual(behind?.kind === 'ended' ? behind.exit : behind, 1);
  for (const end of [late, behind]) {
    const pid = end?.kind === 'not run' ? '' : (end?.output.trim() ?? '');
    assert.match(pid, /^\d+$/);
    await eventually(`the end of ${pid}`, async () => isGone(pid) || undefined);
  }
});

/** It has ended; its parent may not have asked for its end yet. */
function isGone(pid: string): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

test('4 kB of output are read; what cannot start says why', { skip }, async () => {
  const [loud, none, denied] = await runOwnItems(
    [shell('yes | head -c 3000000'), ['/no/such/program'], ['/etc/passwd']],
    user,
  );
  assert.equal(loud?.kind === 'ended' ? loud.output.length : 0, 4_096);
  assert.match(none?.kind === 'failed' ? none.why : '', /there is no such file/);
  assert.match(denied?.kind === 'failed' ? denied.why : '', /its user may not run it/);
});

test('root runs the checklist: the owner of the state folder runs the items', {
  skip,
}, async () => {
  const state = join(folder, 'state');
  const config = join(folder, 'postern.toml');
  await chmod(folder, 0o755);
  spawnSync('mkdir', ['-m', '700', state]);
  await chown(state, uid, uid);
  writeFileSync(
    config,
    '[[checklist.items]]\nid = "own.who"\ntitle = "Who"\n' +
      'command = ["/bin/sh", "-c", "id -u; exit 3"]\n',
  );
  const words = ['checklist', '--no-probe', '--json', '--state', state, '--config', config];
  const { stdout, stderr } = spawnSync(launcher, words, { encoding: 'utf8', timeout: 60_000 });
  const { items } = JSON.parse(stdout || '{"items":[]}') as {
    readonly items: readonly {
      readonly id: string;
      readonly state: string;
      readonly found: string;
    }[];
  };
  const own = items.find(({ id }) => id === 'own.who');
  assert.deepEqual([own?.state, own?.found], ['not needed', String(uid)], stderr);
  const other = ['--reuid=47132', '--regid=47132', '--clear-groups', '--', launcher, ...words];
  const asOther = spawnSync('setpriv', other, { encoding: 'utf8', timeout: 60_000 });
  const theirs = JSON.parse(asOther.stdout || '{"items":[]}') as { readonly items: typeof items };
  const found = theirs.items.find(({ id }) => id === 'own.who');
  assert.equal(found?.state, 'unknown', asOther.stderr);
  assert.match(found.found, /only root and the user of the guard/);
});
