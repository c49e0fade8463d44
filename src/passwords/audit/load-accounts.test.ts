/**
 * Reading the sources ends when the audit is to end, however many accounts there are; and nobody
 * then counts as gone.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Login } from '../../core/passwords/audit-report.ts';
import type { Millis } from '../../lib/time.ts';
import { openRangeLists } from '../candidates/range-lists.ts';
import { openPrivateFolder } from '../sandbox/private-folder.ts';
import { parseSource } from '../sources/source.ts';
import { loadAccounts, type SourceFault } from './load-accounts.ts';
import { openTriedStore } from './tried-store.ts';
import { openWorklist } from './worklist.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-gather-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const sha = '{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==';

async function loaded(signal: AbortSignal): Promise<{
  readonly accounts: number;
  readonly faults: readonly SourceFault[];
  readonly changed: readonly Login[];
}> {
  using place = openPrivateFolder(undefined);
  using triedStore = openTriedStore(join(folder, 'passwords.db'));
  using worklist = openWorklist(place);
  const [faults, changed]: [SourceFault[], Login[]] = [[], []];
  const source = parseSource(`passwd-file:${join(folder, 'users')}`);
  const { accounts } = await loadAccounts([source], {
    folder: place,
    triedStore,
    worklist,
    domain: '',
    ranges: openRangeLists('', ''),
    forJohn: (hash) => hash,
    now: () => 1 as Millis,
    found: () => undefined,
    signal,
    fault: (fault) => void faults.push(fault),
    changed: (some) => void changed.push(...some),
  });
  return { accounts, faults, changed };
}

test('time is up while accounts are read: it ends, and those not read are not gone', async () => {
  const many = Array.from({ length: 60_000 }, (_, nth) => `u${nth}:${sha}\n`);
  writeFileSync(join(folder, 'users'), [...many, 'last::::::: nopassword=y\n'].join(''));
  const whole = await loaded(new AbortController().signal);
  assert.deepEqual([whole.accounts, whole.faults, whole.changed], [60_001, [], []]);
  const stop = new AbortController();
  setImmediate(() => stop.abort()); // at the first pause of reading
  const part = await loaded(stop.signal);
  assert.ok(part.accounts < 60_000, `${part.accounts}`);
  assert.deepEqual([part.faults, part.changed], [[], []], 'the last, weak one is still there');
});
