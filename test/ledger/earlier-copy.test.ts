/** Before a migration the ledger is copied beside itself, and the copy is enough to go back. */
import assertStrict from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { copyBeforeMigration } from '../../src/ledger/sqlite/earlier-copy.ts';
import { applicationId, checkVersion, migrations } from '../../src/ledger/sqlite/migrations.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { earlierLedgers } from './earlier-ledgers.ts';
import { heldRow } from './samples.ts';

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-copies-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'ledger.db');
}

function madeBy(version: number, path: string): void {
  const database = new DatabaseSync(path);
  database.exec(earlierLedgers[version - 1] ?? '');
  database.close();
}

const names = (path: string): readonly string[] => readdirSync(join(path, '..')).sort();

function refused(run: () => unknown): OperatorError {
  try {
    run();
  } catch (error) {
    assertStrict.ok(error instanceof OperatorError, String(error));
    return error;
  }
  throw new assertStrict.AssertionError({ message: 'nothing was thrown' });
}

function versionOf(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {};
  database.close();
  return version;
}

for (let version = 1; version < migrations.length; version++) {
  test(`version ${version}: the copy is private, whole, and of that version`, (t) => {
    const path = scratch(t);
    madeBy(version, path);
    const said: Readonly<Record<string, unknown>>[] = [];
    openLedger(path, {
      log: (_, event, fields) => {
        if (event === 'ledger.copied') said.push(fields ?? {});
      },
    }).close();
    const copy = `${path}.before-${version}`;
    assertStrict.equal(statSync(copy).mode & 0o777, 0o600);
    assertStrict.equal(versionOf(copy), version);
    const remove = `remove ${path}-wal and ${path}-shm`;
    const toGoBack = `stop Postern, ${remove}, move ${copy} to ${path}, start the older version`;
    assertStrict.deepEqual(said, [{ copy, version, toGoBack }]);
    assertStrict.ok(!names(path).some((name) => name.endsWith('.new')));
    renameSync(copy, path); // the way back
    const database = new DatabaseSync(path);
    const known = migrations.slice(0, version);
    assertStrict.equal(checkVersion(database, path, known), version);
    const held = database.prepare('SELECT queue_id FROM held').all();
    assertStrict.deepEqual(
      held.map((row) => row['queue_id']),
      [heldRow().queueId],
    );
    database.close();
  });
}

test('a new ledger, and one that is up to date, are not copied', (t) => {
  const path = scratch(t);
  openLedger(path).close();
  openLedger(path).close();
  assertStrict.deepEqual(names(path), ['ledger.db', 'ledger.db.lock']);
});

test('what only the write-ahead log of a killed Postern holds is in the copy too', (t) => {
  const path = scratch(t);
  const made = `${path}.made`;
  madeBy(7, made);
  const writer = new DatabaseSync(made);
  writer.exec("PRAGMA journal_mode = WAL; INSERT INTO meta VALUES ('late', 'yes')");
  writeFileSync(path, readFileSync(made));
  writeFileSync(`${path}-wal`, readFileSync(`${made}-wal`));
  writer.close();
  openLedger(path).close();
  const copy = new DatabaseSync(`${path}.before-7`, { readOnly: true });
  assertStrict.deepEqual(
    { ...copy.prepare("SELECT value FROM meta WHERE key = 'late'").get() },
    { value: 'yes' },
  );
  copy.close();
});

test('back and forth: no copy is overwritten, and the newest two are kept', (t) => {
  const path = scratch(t);
  for (const [version, kept] of [
    [5, ['before-5']],
    [7, ['before-5', 'before-7']],
    [7, ['before-7', 'before-7.2']],
    [7, ['before-7.2', 'before-7.3']],
  ] as const) {
    rmSync(path, { force: true });
    madeBy(version, path);
    openLedger(path).close();
    const copies = names(path).filter((name) => name.includes('before'));
    assertStrict.deepEqual(
      copies,
      kept.map((name) => `ledger.db.${name}`),
    );
  }
});

test('the copy that was just made is kept, whatever the others are called', (t) => {
  const path = scratch(t);
  for (const later of [8, 9]) writeFileSync(`${path}.before-${later}`, '');
  madeBy(5, path); // from a backup
  openLedger(path).close();
  assertStrict.equal(versionOf(`${path}.before-5`), 5);
  assertStrict.equal(names(path).filter((name) => name.includes('before')).length, 2);
});

test('starts that are killed between copy and migration do not fill the disk', (t) => {
  const path = scratch(t);
  madeBy(7, path);
  const database = new DatabaseSync(path);
  for (let start = 0; start < 6; start++) copyBeforeMigration(database, path, { version: 7 });
  database.close();
  const copies = names(path).filter((name) => name.includes('before'));
  assertStrict.deepEqual(copies, [
    'ledger.db.before-7.4',
    'ledger.db.before-7.5',
    'ledger.db.before-7.6',
  ]);
});

test('an old copy that cannot be removed does not keep Postern from starting', (t) => {
  const path = scratch(t);
  for (const older of [1, 2, 3]) mkdirSync(`${path}.before-${older}`);
  madeBy(7, path);
  openLedger(path).close();
  assertStrict.equal(versionOf(path), migrations.length);
});

test('root opens no ledger in a folder of another user, for writing or reading', (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root');
  const path = scratch(t);
  const folder = dirname(path);
  chownSync(folder, 65_534, 65_534);
  for (const readOnly of [false, true]) {
    assertStrict.equal(refused(() => openLedger(path, { readOnly })).code, 'ledger-of-other');
  }
  assertStrict.deepEqual(readdirSync(folder), []);
});

test('without room for the copy nothing is changed, and one line says what is needed', (t) => {
  const path = scratch(t);
  madeBy(7, path);
  const before = readFileSync(path);
  const database = new DatabaseSync(path);
  const noRoom = refused(() =>
    copyBeforeMigration(database, path, { version: 7, freeBytes: () => 1_000_000 }),
  );
  database.close();
  assertStrict.equal(noRoom.code, 'ledger-no-room');
  assertStrict.equal(noRoom.exit, 73);
  assertStrict.match(noRoom.message, /^no room to copy ledger .*: \d+ MB needed, 1 MB free$/);
  assertStrict.deepEqual(readFileSync(path), before);
  assertStrict.deepEqual(names(path), ['ledger.db']);
});

test('a copy of a migration that failed is removed', (t) => {
  const path = scratch(t);
  madeBy(7, path);
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE submission (theirs)'); // the next migration makes one
  database.close();
  assertStrict.throws(() => openLedger(path), /already exists/);
  assertStrict.equal(versionOf(path), 7);
  assertStrict.deepEqual(
    names(path).filter((name) => name.includes('before')),
    [],
  );
});

test('an older version that meets a newer ledger names the copy and the way back', (t) => {
  const path = scratch(t);
  const next = migrations.length + 1;
  const database = new DatabaseSync(path);
  database.exec(
    `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${next}; CREATE TABLE x (a)`,
  );
  database.close();
  assertStrict.match(refused(() => openLedger(path)).hint ?? '', /restore a copy from before/);
  const copy = `${path}.before-${migrations.length}`;
  for (const name of [copy, `${path}.before-${next}`]) writeFileSync(name, '');
  for (const readOnly of [false, true]) {
    const hint = refused(() => openLedger(path, { readOnly })).hint ?? '';
    assertStrict.ok(hint.includes(`move ${copy} to ${path}`), hint);
  }
  assertStrict.ok(existsSync(copy));
});
