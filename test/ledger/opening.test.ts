/**
 * What may be at the ledger's path, and what opening it says: an operator must see from the text
 * what to do.
 */
import assertStrict from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readableVersion } from '../../src/ledger/sqlite/as-today.ts';
import { applicationId, migrate, migrations } from '../../src/ledger/sqlite/migrations.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { earlierLedgers } from './earlier-ledgers.ts';
import {
  accountOf,
  ann,
  dkimKey,
  handoverRow,
  heldRow,
  incidentRow,
  joe,
  keyHolder,
  mayWriteAsRow,
  scriptRuleRow,
  scriptSeen,
  weakPassword,
  writtenAsRow,
} from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-opening-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fault(run: () => unknown): OperatorError {
  try {
    run();
  } catch (error) {
    assertStrict.ok(error instanceof OperatorError, `an OperatorError, not ${String(error)}`);
    return error;
  }
  throw new assertStrict.AssertionError({ message: 'should not open' });
}

function sqliteFile(name: string, sql: string): string {
  const path = join(folder, name);
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
}

test('the files are for their owner alone, a log file included', () => {
  const path = join(folder, 'private.db');
  writeFileSync(path, '', { mode: 0o644 });
  const ledger = openLedger(path);
  ledger.write([accountOf(joe)], { durable: true });
  for (const file of [path, `${path}-wal`, `${path}.lock`]) {
    assertStrict.equal(statSync(file).mode & 0o777, 0o600, file);
  }
  ledger.close();
  assertStrict.ok(!existsSync(`${path}-wal`), 'closing leaves one file to copy');
});

test('a ledger that was closed is left alone by the thread that folds its log', async () => {
  const changes = Array.from({ length: 400 }, () => accountOf(joe));
  const seen: unknown[] = [];
  // The thread that folds the log is about to start, starts, or is at work.
  for (const ms of [0, 30, 60, 120, 240]) {
    const left = mkdtempSync(join(folder, 'left-'));
    const ledger = openLedger(join(left, 'ledger.db'));
    ledger.write(changes, { durable: true });
    await sleep(ms);
    ledger.write(changes, { durable: true });
    ledger.close();
    const watcher = watch(left, (event, name) => seen.push(`${ms} ms: ${event} ${name}`));
    await sleep(700);
    watcher.close();
  }
  assertStrict.deepEqual(seen, []);
});

test('a second writer is told who is there, in this process and in another', () => {
  const path = join(folder, 'locked.db');
  const ledger = openLedger(path);
  const here = fault(() => openLedger(path));
  assertStrict.equal(here.code, 'ledger-locked');
  assertStrict.match(here.hint ?? '', /postern status/);
  const module = new URL('../../src/ledger/sqlite/open.ts', import.meta.url).href;
  const script = `import { openLedger } from ${JSON.stringify(module)};
    try { openLedger(${JSON.stringify(path)}); } catch (error) { console.log(error.code); }`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  assertStrict.equal(output.toString().trim(), 'ledger-locked');
  ledger.close();
  openLedger(path).close();
});

test('a command reads while the daemon writes, and cannot write', () => {
  const path = join(folder, 'beside.db');
  const ledger = openLedger(path);
  ledger.write([accountOf(joe)], { durable: false });
  const reader = openLedger(path, { readOnly: true });
  assertStrict.equal(reader.countAccounts(), 1);
  ledger.write([accountOf(ann)], { durable: false });
  assertStrict.equal(reader.countAccounts(), 2);
  assertStrict.equal(
    fault(() => reader.write([accountOf(joe)], { durable: false })).code,
    'ledger-write',
  );
  ledger.close();
  assertStrict.equal(reader.countAccounts(), 2);
  reader.close();
});

test('a reader alone sees what a killed daemon left in the log', () => {
  const path = join(folder, 'left.db');
  const copy = join(folder, 'copy.db');
  const ledger = openLedger(path);
  ledger.write([{ kind: 'held', row: heldRow() }], { durable: false });
  writeFileSync(copy, readFileSync(path));
  writeFileSync(`${copy}-wal`, readFileSync(`${path}-wal`));
  ledger.close();
  const reader = openLedger(copy, { readOnly: true });
  assertStrict.deepEqual(reader.heldOne('4ZHeld1'), heldRow());
  reader.close();
});

const refusals = [
  [
    'no file, to read',
    'ledger-missing',
    () => openLedger(join(folder, 'none.db'), { readOnly: true }),
  ],
  ['no folder', 'ledger-open', () => openLedger(join(folder, 'nowhere', 'ledger.db'))],
  [
    'a folder in its place',
    'ledger-open',
    () => {
      mkdirSync(join(folder, 'folder.db'));
      openLedger(join(folder, 'folder.db'));
    },
  ],
  [
    'another program’s database',
    'ledger-foreign',
    () => openLedger(sqliteFile('foreign.db', 'CREATE TABLE theirs (a)')),
  ],
  [
    'no database at all',
    'ledger-corrupt',
    () => {
      writeFileSync(join(folder, 'text.db'), 'dear diary, '.repeat(1_000));
      openLedger(join(folder, 'text.db'));
    },
  ],
] as const;

for (const [name, code, run] of refusals) {
  test(`${name}: ${code}, with the path and a hint`, () => {
    const refused = fault(run);
    assertStrict.equal(refused.code, code);
    assertStrict.ok(refused.message.includes(folder), refused.message);
    assertStrict.ok((refused.hint ?? '').length > 10, 'says what to do');
  });
}

test('another program’s database is left as it was', () => {
  const path = sqliteFile('untouched.db', 'CREATE TABLE theirs (a)');
  const before = readFileSync(path);
  fault(() => openLedger(path));
  assertStrict.deepEqual(readFileSync(path), before);
});

test('a ledger with a damaged page says so when that is read, and names the file', () => {
  const path = join(folder, 'damaged.db');
  const ledger = openLedger(path);
  const learned = Array.from({ length: 20_000 }, (_, n) => n);
  ledger.write([accountOf(joe, { learned })], { durable: true });
  ledger.close();
  truncateSync(path, 128 * 1024);
  const damaged = fault(() => {
    const again = openLedger(path);
    try {
      again.loadAccount(joe);
      learned.every((hash) => again.knownHere(hash) !== undefined);
    } finally {
      again.close();
    }
  });
  assertStrict.equal(damaged.code, 'ledger-corrupt');
  assertStrict.ok(damaged.message.includes(path));
  assertStrict.match(damaged.hint ?? '', /backup/);
});

test('a ledger from a newer version is refused, naming both versions, and not touched', () => {
  const next = migrations.length + 1;
  const sql =
    `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${next}; ` +
    'CREATE TABLE x (a)';
  const path = sqliteFile('newer.db', sql);
  const before = readFileSync(path);
  for (const readOnly of [false, true]) {
    const refused = fault(() => openLedger(path, { readOnly }));
    assertStrict.equal(refused.code, 'ledger-too-new');
    const text = `${refused.message} ${refused.hint}`;
    assertStrict.ok(
      text.includes(`version ${next}`) && text.includes(`version ${migrations.length}`),
    );
  }
  assertStrict.deepEqual(readFileSync(path), before);
});

test('there is an earlier ledger to upgrade for every version there ever was', () => {
  assertStrict.equal(earlierLedgers.length, migrations.length);
});

test('the newest of them is as a new ledger is made', () => {
  const schemaOf = (path: string): readonly string[] => {
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
    database.close();
    const text = (sql: unknown): string => `${sql}`.replace(/--.*$/gm, '').replace(/\s+/g, ' ');
    return rows.map(({ sql }) => text(sql)).sort();
  };
  const made = join(folder, 'made.db');
  openLedger(made).close();
  const newest = sqliteFile('newest.db', earlierLedgers.at(-1) ?? '');
  assertStrict.deepEqual(schemaOf(newest), schemaOf(made));
});

for (const [index, sql] of earlierLedgers.entries()) {
  test(`a ledger of version ${index + 1} opens with all that was in it`, () => {
    const path = sqliteFile(`earlier-${index + 1}.db`, sql);
    const ledger = openLedger(path);
    const record = ledger.loadAccount(joe);
    assertStrict.deepEqual([...(record?.recipients ?? [])], [11, 22]);
    assertStrict.deepEqual(ledger.heldOne('4ZHeld1'), heldRow(index < 10 ? { bytes: 0 } : {}));
    assertStrict.equal(ledger.meta('host'), 'mx.example.org');
    const key = index < 9 ? dkimKey({ answeringSince: undefined, byOrder: false }) : dkimKey();
    assertStrict.deepEqual(ledger.dkimKeys(), index < 2 ? [] : [key]);
    assertStrict.deepEqual(ledger.keyHolders(), index < 12 ? [] : [keyHolder()]);
    assertStrict.deepEqual(ledger.weakPasswords(), index < 5 ? [] : [weakPassword()]);
    assertStrict.deepEqual(ledger.scripts(), index < 6 ? [] : [scriptSeen()]);
    assertStrict.deepEqual(ledger.scriptRules(), index < 6 ? [] : [scriptRuleRow()]);
    assertStrict.deepEqual(ledger.mayWriteAs(), index < 12 ? [] : [mayWriteAsRow()]);
    assertStrict.deepEqual(ledger.writtenAs(), index < 12 ? [] : [writtenAsRow()]);
    const { sender } = ledger.inboundOne('4cOld1') ?? {};
    assertStrict.equal(sender, index < 14 ? undefined : 'a@b.example');
    const allowed = ledger.inboundAllowed().map(({ what }) => what);
    assertStrict.deepEqual(allowed, index < 14 ? [] : ['@c.example']);
    const acks = ledger.acknowledgements().map(({ id, note }) => `${id} ${note}`);
    assertStrict.deepEqual(acks, index < 15 ? [] : ['dns.spf asked']);
    const used = ledger.domainUse('link', 815);
    const use = { firstAt: 18_000, users: [4_294_967_295, 20_000, 1, 20_001] };
    assertStrict.deepEqual(used, index < 16 ? undefined : use);
    const wrote = ledger.correspondent(4711, Number.MAX_SAFE_INTEGER);
    assertStrict.equal(wrote, index < 16 ? undefined : 20_000);
    const announced = ledger.mailings().map(({ left, note }) => `${left} ${note}`);
    assertStrict.deepEqual(announced, index < 16 ? [] : ['120 yearly meeting']);
    assertStrict.deepEqual(ledger.importedOf(4, joe), index < 16 ? [] : [11]);
    const { token } = handoverRow();
    assertStrict.deepEqual(ledger.handover(token), index < 7 ? undefined : handoverRow());
    ledger.write([accountOf(joe, { learned: [33, 1] })], { durable: true });
    assertStrict.equal(ledger.knownHere(33) !== undefined, true);
    ledger.close();
  });
}

test('a ledger whose tables are those of today is read without a migration', () => {
  const sql = earlierLedgers[readableVersion - 1] ?? '';
  const path = sqliteFile('readable.db', sql);
  const before = readFileSync(path);
  const ledger = openLedger(path, { readOnly: true });
  assertStrict.equal(ledger.meta('host'), 'mx.example.org');
  ledger.close();
  assertStrict.deepEqual(readFileSync(path), before);
  const older = sqliteFile('older.db', earlierLedgers[readableVersion - 2] ?? '');
  assertStrict.equal(fault(() => openLedger(older, { readOnly: true })).code, 'ledger-too-old');
});

test('the audit trail of a first ledger tells who suspended, and what was only observed', () => {
  const incident = (id: string, at: number): string =>
    `INSERT INTO incident (id, account, since, suspended_at, ended_by, leaked_messages,
       leaked_recipients, stopped_messages, queued_held, login_closed, reasons)
     VALUES ('${id}', 'joe@example.org', 1, ${at}, '', 0, 0, 0, 0, 0, '[]');`;
  const audit = (at: number, by: string, action: string): string =>
    `INSERT INTO audit (at, done_by, action, account, detail)
     VALUES (${at}, '${by}', '${action}', 'joe@example.org', '');`;
  const path = sqliteFile(
    'suspended.db',
    [
      earlierLedgers[0] ?? '',
      ...[incident('noted', 1), audit(1, 'guard', 'would-suspend')],
      ...[incident('by the guard', 2), audit(2, 'guard', 'suspend')],
      ...[incident('by hand', 3), audit(3, 'op', 'suspend')],
      ...[incident('unrecorded', 4), audit(5, 'op', 'suspend')],
    ].join('\n'),
  );
  const ledger = openLedger(path);
  assertStrict.deepEqual(
    ledger.incidents({ limit: 9 }).map(({ id, observed, by }) => [id, observed, by]),
    [
      ['unrecorded', false, 'guard'],
      ['by hand', false, 'op'],
      ['by the guard', false, 'guard'],
      ['noted', true, 'guard'],
    ],
  );
  ledger.close();
});

test('an upgrade that fails half-way leaves the old version as it was', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, 'made', ['CREATE TABLE a (x)']);
  const broken = ['CREATE TABLE a (x)', 'CREATE TABLE b (x)', 'CREATE TABLE b (x)'];
  assertStrict.throws(() => migrate(database, 'made', broken), /already exists/);
  assertStrict.equal(migrate(database, 'made', ['CREATE TABLE a (x)', 'CREATE TABLE b (y)']), 1);
  database.exec('INSERT INTO b (y) VALUES (1)');
  database.close();
});

test('a ledger whose file was deleted or replaced under it refuses to write into the void', () => {
  const path = join(folder, 'gone.db');
  const ledger = openLedger(path);
  ledger.write([accountOf(joe)], { durable: true });
  renameSync(path, `${path}.away`);
  const gone = fault(() => ledger.write([accountOf(ann)], { durable: false }));
  assertStrict.equal(gone.code, 'ledger-write');
  assertStrict.match(gone.message, /deleted/);
  writeFileSync(path, 'other');
  assertStrict.match(
    fault(() => ledger.write([accountOf(ann)], { durable: true })).message,
    /replaced/,
  );
  rmSync(path);
  renameSync(`${path}.away`, path);
  ledger.write([accountOf(ann)], { durable: true });
  assertStrict.equal(ledger.countAccounts(), 2);
  ledger.close();
});

test('a file keeps everything across a restart, the order of activity too', () => {
  const path = join(folder, 'restart.db');
  const before = openLedger(path);
  before.write([accountOf(joe, { learned: [3, 4] }), accountOf(ann)], { durable: false });
  before.write([{ kind: 'incident', row: incidentRow() }], { durable: true });
  before.close();
  const after = openLedger(path);
  after.write([accountOf(joe, { profile: 'again' })], { durable: false });
  assertStrict.deepEqual(
    after.accounts({ limit: 9 }).map(({ account }) => account),
    [joe, ann],
  );
  assertStrict.deepEqual([...(after.loadAccount(joe)?.recipients ?? [])], [3]);
  assertStrict.deepEqual(after.incidents({ limit: 9 }), [incidentRow()]);
  after.close();
});

test('a pipe in place of a file is refused, and not waited for', () => {
  const reading = join(folder, 'pipes');
  mkdirSync(reading);
  const path = join(reading, 'ledger.db');
  openLedger(path).close();
  for (const name of ['ledger.db-wal', 'ledger.db-shm', 'ledger.db.lock', 'ledger.db']) {
    const one = join(reading, name);
    rmSync(one, { force: true });
    execFileSync('/usr/bin/mkfifo', [one]);
    for (const readOnly of [true, false]) {
      assertStrict.throws(() => openLedger(path, { readOnly }), {
        code: 'ledger-kind',
        message: `${one} is no plain file`,
      });
    }
    rmSync(one);
  }
});
