/**
 * Pages of the ledger are noise: the guard says so, goes on, and a suspension takes all its steps.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { startCheck } from '../../src/ledger/sqlite/soundness/page-check.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import { type FlowRig, openRig, start } from './flow-rig.ts';
import { damagePages, firstPages } from './noise.ts';

const joe = 'joe@here.test' as Account;
const ann = 'ann@here.test' as Account;
const folder = mkdtempSync(join(tmpdir(), 'pdp-'));
const sound = join(folder, 'sound.db');
const path = join(folder, 'ledger.db');
after(() => rmSync(folder, { recursive: true }));

/** A server with a past: mail of two accounts, one of which was suspended and is so still. */
before(async () => {
  const rig = openRig({ ledger: openLedger(sound), at: start - 2 * dayMs });
  for (let nth = 0; nth < 20; nth++) {
    await rig.mail({ account: joe, to: [`friend${nth % 5}@elsewhere.test`] });
    await rig.time.pass(hourMs);
  }
  await rig.hijack(ann);
  await rig.admin.allow(ann, (start + dayMs) as Millis, 'op', 'newsletter');
  await rig.time.pass(60_000);
  rig.journal.close();
  rig.ledger.close();
});

type Damaged = { readonly rig: FlowRig; readonly troubles: Map<string, string | undefined> };

/** The guard starts with a ledger that has noise in these pages. */
function openDamaged(first: number, count = 1): Damaged {
  copyFileSync(sound, path);
  damagePages(path, first, count);
  const troubles = new Map<string, string | undefined>();
  const trouble = (part: string, why: string | undefined): void => void troubles.set(part, why);
  return { rig: openRig({ ledger: openLedger(path, { trouble }) }), troubles };
}

/** A thief uses the account of joe, and what passes is queued. All steps must follow. */
async function stopsThief({ rig, troubles }: Damaged, what: string): Promise<void> {
  const passed = await rig.hijack(joe);
  await rig.time.pass(20_000);
  assert.equal(rig.accounts.known(joe)?.state, 'suspended', what);
  assert.ok(passed > 0, what);
  assert.deepEqual(rig.queue.inQueue('deferred'), [], `${what}: all that was queued is on hold`);
  assert.ok(rig.logins.closed.has(joe), `${what}: the login is closed`);
  const told = rig.taken.filter(({ notice }) => notice.event === 'account.suspended');
  assert.deepEqual(told.map(({ channel }) => channel).sort(), ['mail', 'webhook'], what);
  assert.equal(told[0]?.notice.stopped.fromQueue, passed, what);
  assert.deepEqual(
    rig.logged.filter((line) => /step-failed|review.failed/.test(line)),
    [],
    what,
  );
  assert.match(troubles.get('ledger pages') ?? '', /ledger .* is damaged .*: mail is judged/, what);
}

/** What the check of all pages says about a file. */
const checked = (
  file: string,
): Promise<{ readonly answer: string; readonly code: number | null }> =>
  new Promise((resolve) => void startCheck(file, resolve));

/** No start reads or writes these here: only the check of all pages finds the damage. */
const unread = new RegExp(
  '^(?:dkim_key|sending_domain|rollup|submission|sqlite_autoindex_submission|may_write_as|' +
    'written_as|lane|bulk_domain|inbound|sqlite_autoindex_inbound|checklist|acknowledgement|' +
    'story_observed|correspondent|domain_use|contact_import)',
);

test('any table or index is noise: a suspension takes all its steps', async (t) => {
  // Without the small values the guard does not start: their seed tells friends from strangers.
  const places = firstPages(sound).filter(([name]) => name !== 'meta');
  assert.ok(places.length > 30);
  for (const [name, page] of places) {
    await t.test(name, async () => {
      const damaged = openDamaged(page);
      if (unread.test(name)) {
        const { answer, code } = await checked(path);
        assert.deepEqual([answer === '', code], [false, 0]);
      } else await stopsThief(damaged, name);
      damaged.rig.journal.close();
      damaged.rig.ledger.close();
    });
  }
});

test('declarations that cannot be read count as none, and are told', () => {
  for (const [name, page] of firstPages(sound).filter(([table]) => /^(?:may_)?writ/.test(table))) {
    const { rig, troubles } = openDamaged(page);
    assert.deepEqual([rig.ledger.mayWriteAs(), rig.ledger.writtenAs()], [[], []], name);
    assert.match(troubles.get('ledger pages') ?? '', /is damaged/, name);
    rig.journal.close();
    rig.ledger.close();
  }
});

test('four pages from page 8 on: what was suspended stays so over a start', async () => {
  const damaged = openDamaged(8, 4);
  await stopsThief(damaged, 'pages 8 to 11');
  const dropped = [...damaged.rig.counted].filter(([what]) => what.includes('dropped'));
  assert.deepEqual(
    dropped.map(([what]) => what),
    ['postern_ledger_dropped_total message'],
  );
  damaged.rig.journal.close();
  damaged.rig.ledger.close();
  const next = openRig({ ledger: openLedger(path, { trouble: () => {} }) });
  assert.equal(next.accounts.known(joe)?.state, 'suspended');
  assert.equal(next.journal.live.incidents({ account: joe, open: true, limit: 9 }).length, 1);
  next.journal.close();
  next.ledger.close();
});

test('an account that cannot be read is suspended if its incident is open', () => {
  const page = firstPages(sound).find(([name]) => name === 'account')?.[1] ?? 0;
  const { rig } = openDamaged(page);
  assert.equal(rig.accounts.known(ann)?.state, 'suspended');
  assert.equal(rig.accounts.known(joe), undefined);
  rig.journal.close();
  rig.ledger.close();
});

test('damage of pages in the middle of a run is found by the next read of them', async () => {
  copyFileSync(sound, path);
  const told: (string | undefined)[] = [];
  const ledger = openLedger(path, { trouble: (_part, why) => void told.push(why) });
  const pages = firstPages(sound).map(([, page]) => page);
  damagePages(path, 3, Math.max(...pages) - 2);
  assert.deepEqual(ledger.incidents({ limit: 9 }), []);
  assert.deepEqual([ledger.damaged(), told.length], [true, 1]);
  ledger.close();
});

test('the check says nothing of a sound ledger, which the guard writes meanwhile', async () => {
  copyFileSync(sound, path);
  const rig = openRig({ ledger: openLedger(path, { trouble: () => {} }) });
  const found = checked(path);
  await rig.hijack(joe);
  assert.deepEqual(await found, { answer: '', code: 0 });
  rig.journal.close();
  rig.ledger.close();
});

test('a ledger that is missing is no damage', async () => {
  assert.equal((await checked(join(folder, 'none.db'))).code, 1);
});

const hasSqlite = spawnSync('sqlite3', ['--version']).status === 0;
const skip = hasSqlite ? false : 'sqlite3 is not installed';

test('the repair that docs/operate.md describes saves what can be read', { skip }, () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/operate.md'), 'utf8');
  const blocks = [...docs.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
  const save = blocks.find((block) => block.includes('.dump')) ?? assert.fail('no such block');
  copyFileSync(sound, path);
  damagePages(path, 8, 4);
  const saved = spawnSync('/bin/sh', ['-c', save], { cwd: folder, encoding: 'utf8' });
  assert.equal(saved.stdout, 'ok\n', saved.stderr);
  const before = openLedger(sound, { readOnly: true });
  const after = openLedger(join(folder, 'repaired.db'));
  const all = { limit: 99 };
  assert.ok(after.incidents(all).length > 0);
  assert.deepEqual(after.incidents(all), before.incidents(all));
  assert.deepEqual(after.accounts(all), before.accounts(all));
  assert.deepEqual(after.loadAccount(joe), before.loadAccount(joe));
  before.close();
  after.close();
});
