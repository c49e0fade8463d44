/**
 * An older `ledger.db-wal` is put beside a newer `ledger.db`: the guard does not apply it, so what
 * was suspended stays suspended, and says so.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGuard } from './guard-instance.ts';

test('an older log beside a newer ledger', { timeout: 180_000 }, async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'pll-'));
  t.after(() => rm(state, { recursive: true, force: true }));
  const ledger = join(state, 'ledger.db');
  const config = 'mode = "guard"\n[mail_log]\nsource = "off"\n';
  {
    await using guard = await startGuard({ state, config });
    await guard.cli('accounts', 'suspend', '--unknown', 'before@example.test', '--note', 'called');
    await copyFile(`${ledger}-wal`, join(state, 'older-wal'));
    await guard.cli('accounts', 'suspend', '--unknown', 'after@example.test', '--note', 'called');
  }
  await copyFile(join(state, 'older-wal'), `${ledger}-wal`);
  await using guard = await startGuard({ state, config });
  const said = await guard.cli('accounts', 'list', '--state', 'suspended', '--json');
  for (const account of ['before@example.test', 'after@example.test']) {
    assert.ok(said.includes(account), `${account} is in ${said}`);
  }
  const { status, why } = await guard.health();
  assert.equal(status, 503);
  assert.match(why.join('\n'), /ledger\.db-wal did not belong to ledger/);
  assert.equal((await guard.logged('ledger.log-set-aside'))['path'], ledger);
  assert.ok((await readdir(state)).includes('ledger.db-wal.aside'));
});
