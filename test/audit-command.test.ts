/** `postern audit` from the ledger of a guard that does not run, and from one that runs. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditCsv } from '../src/commands/audit.ts';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import type { Millis } from '../src/lib/time.ts';
import type { AuditRow } from '../src/ports/ledger.ts';
import { postern, type StateFolder, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const start = Date.UTC(2026, 10, 1) as Millis;

function rowOf(nth: number): AuditRow {
  const account = nth % 2 === 0 ? 'joe@here.test' : 'ann@here.test';
  const at = (start + nth * 60_000) as Millis;
  return { at, by: 'op', action: 'allow', account, detail: `number ${nth}` };
}

function stored(state: StateFolder, count: number): void {
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const rows = Array.from({ length: count }, (_, nth) => ({
    kind: 'audit' as const,
    row: rowOf(nth),
  }));
  ledger.write(rows, { durable: true });
  ledger.close();
}

async function everyWay(
  state: StateFolder,
  ask: (...words: readonly string[]) => Promise<void>,
): Promise<void> {
  await ask('--state', state.path);
  const { config } = parseConfig('[postfix]\nqueue = "off"\n', 'test');
  Object.assign(config.doors, { milter: 'off', policy: 'off', http: 'inet:127.0.0.1:0' });
  const log = (): void => {};
  await using daemon = await startDaemon({ state: state.path, config, movable: false, token, log });
  const run = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state.path, 'run.json'), JSON.stringify(run));
  await ask('--state', state.path);
}

test('the newest first, cut at the limit, and all pages for an export', async () => {
  await using state = await stateFolder();
  stored(state, 2_345);
  await everyWay(state, async (...where) => {
    const short = await postern('audit', '--limit', '2', '--account', 'JOE@here.test', ...where);
    assert.equal(short.exit, 0, short.err);
    assert.match(short.out, /number 2344\n.*number 2342\n\nThe first 2 entries are shown/);
    const all = await postern('audit', '--all', '--json', ...where);
    const details = (JSON.parse(all.out) as readonly AuditRow[]).map(({ detail }) => detail);
    assert.deepEqual(
      details,
      Array.from({ length: 2_345 }, (_, nth) => `number ${2_344 - nth}`),
    );
    const since = new Date(start + 2_340 * 60_000).toISOString();
    const late = await postern('audit', '--since', since, '--csv', ...where);
    assert.equal(late.out.split('\r\n').length, 7);
    assert.match(late.out, /^time,by,action,account,detail\r\n2026-11-02T15:04:00.000Z,op,allow,/);
  });
});

test('a cell is no formula, and quotes and line breaks stay inside it', () => {
  const row = { ...rowOf(0), detail: '=cmd|"x"\nnext' };
  assert.match(auditCsv([row]), /,joe@here\.test,"'=cmd\|""x""\nnext"\r\n$/);
});

test('nothing was done', async () => {
  await using state = await stateFolder();
  stored(state, 0);
  const { exit, out } = await postern('audit', '--state', state.path);
  assert.deepEqual([exit, out], [0, 'Nothing was done in this time.\n']);
});
