/** A ledger and a write-ahead log of different moments, in all pairs: none is read as a mixture. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { at, messageRow } from '../../../../test/ledger/samples.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { openLedger } from '../open.ts';
import { walBelongs } from './wal-match.ts';

const folder = mkdtempSync(join(tmpdir(), 'pwm-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'ledger.db');
const mixed = join(folder, 'mixed.db');

/** A copy of both files at one moment, and the number of the last write. */
type Moment = { readonly ledger: string; readonly wal: string | undefined; readonly last: number };
const moments: Moment[] = [];

function keep(last: number): void {
  const ledger = join(folder, `moment-${moments.length}.db`);
  copyFileSync(path, ledger);
  const wal = existsSync(`${path}-wal`) ? `${ledger}-wal` : undefined;
  if (wal !== undefined) copyFileSync(`${path}-wal`, wal);
  moments.push({ ledger, wal, last });
}

function write(ledger: Ledger, number: number): void {
  const row = (nth: number) => messageRow({ queueId: `M${number}-${nth}`, at: at(number) });
  ledger.write(
    [
      { kind: 'meta', key: 'last', value: String(number) },
      ...Array.from({ length: 5 }, (_, nth) => ({ kind: 'message' as const, row: row(nth) })),
    ],
    { durable: number % 2 === 0 },
  );
}

function checkpoint(kind: 'PASSIVE' | 'TRUNCATE'): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA wal_checkpoint(${kind})`);
  // Closed only later: the last connection that closes would remove the log.
  connections.push(database);
}
const connections: DatabaseSync[] = [];

/** Three runs of the guard, of which the second is killed. */
function live(): void {
  let number = 0;
  for (const ends of ['stopped', 'killed', 'stopped', 'killed']) {
    const ledger = openLedger(path);
    for (let nth = 0; nth < 6; nth++) {
      write(ledger, ++number);
      keep(number);
      if (nth === 2) checkpoint('PASSIVE');
      if (nth === 4) checkpoint('TRUNCATE');
      if (nth === 2 || nth === 4) keep(number);
    }
    const { ledger: last, wal } = moments.at(-1) ?? assert.fail();
    for (const connection of connections.splice(0)) connection.close();
    ledger.close();
    if (ends === 'stopped') keep(number);
    else {
      copyFileSync(last, path);
      copyFileSync(wal ?? assert.fail(), `${path}-wal`);
    }
  }
}

/** The numbers of all writes that can be read, and whether the pages are sound. */
function content(file: string): { readonly writes: number; readonly sound: boolean } {
  const database = new DatabaseSync(file);
  try {
    const rows = Number(database.prepare('SELECT count(*) AS n FROM message').get()?.['n']);
    const last = Number(
      database.prepare(`SELECT value FROM meta WHERE key = 'last'`).get()?.['value'],
    );
    const check = database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    return { writes: last, sound: check === 'ok' && rows === 5 * last };
  } catch {
    return { writes: 0, sound: false };
  } finally {
    database.close();
  }
}

function mix(ledger: Moment, wal?: Moment): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${mixed}${end}`, { force: true });
  copyFileSync(ledger.ledger, mixed);
  if (wal !== undefined) copyFileSync(wal.wal ?? assert.fail(), `${mixed}-wal`);
}

live();
const logs = moments.filter(({ wal }) => wal !== undefined && statSync(wal).size > 0);

test('the two files of one moment belong together', () => {
  for (const moment of logs) {
    mix(moment, moment);
    assert.ok(walBelongs(mixed), `after write ${moment.last}`);
    assert.deepEqual(content(mixed), { writes: moment.last, sound: true });
  }
});

test('what is taken as belonging together reads as the later of the two, whole (slow)', () => {
  const seen = { belong: 0, older: 0, newer: 0 };
  for (const ledger of moments) {
    mix(ledger);
    const alone = content(mixed).writes;
    for (const wal of logs) {
      mix(ledger, wal);
      const belong = walBelongs(mixed);
      if (belong) seen.belong++;
      else if (wal.last < alone) seen.older++;
      else seen.newer++;
      const found = content(mixed);
      const wanted = { writes: Math.max(alone, wal.last), sound: true };
      if (belong) assert.deepEqual(found, wanted, `${ledger.last} with log of ${wal.last}`);
    }
  }
  assert.ok(seen.older > 50 && seen.newer > 50 && seen.belong > logs.length, JSON.stringify(seen));
});

test('the guard sets such a log aside and says so; a command leaves it to the guard', () => {
  const older = logs[0] ?? assert.fail();
  const newer = moments.findLast(({ wal }) => wal === undefined) ?? assert.fail();
  mix(newer, older);
  assert.throws(
    () => openLedger(mixed),
    (error) => error instanceof OperatorError && error.code === 'ledger-log',
  );
  const told: string[] = [];
  const ledger = openLedger(mixed, {
    trouble: (part, why) => void told.push(`${part}: ${why}`),
  });
  assert.equal(ledger.meta('last'), String(newer.last));
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? '',
    /^ledger log: .*-wal did not belong to ledger .* is now .*-wal\.aside/,
  );
  assert.ok(existsSync(`${mixed}-wal.aside`));
  ledger.close();
  openLedger(mixed).close();
});

test('a ledger without marks, as version 0.1 left it, is taken as it is', () => {
  mix(logs[2] ?? assert.fail(), logs[2] ?? assert.fail());
  const database = new DatabaseSync(mixed);
  database.exec(`DELETE FROM meta WHERE key = 'wal'`);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.exec(`UPDATE meta SET value = 'x' WHERE key = 'last'`);
  copyFileSync(mixed, path);
  copyFileSync(`${mixed}-wal`, `${path}-wal`);
  database.close();
  assert.ok(walBelongs(path));
  const ledger = openLedger(path);
  assert.equal(ledger.meta('last'), 'x');
  ledger.close();
});

test('where the log cannot be read for another reason, it stays', () => {
  const moment = logs[0] ?? assert.fail();
  mix(moment, moment);
  // It holds the file for itself; a full disk ends in such an error too.
  const other = new DatabaseSync(mixed);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE');
  try {
    assert.ok(walBelongs(mixed));
  } finally {
    other.close();
  }
});
