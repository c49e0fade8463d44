/**
 * The accounts of one audit, in a database in the private folder. A million accounts fit. The file
 * is removed as soon as it is open, so that nothing is left when the process ends, however it ends.
 */
import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { Login, WeakNote } from '../../core/passwords/audit-report.ts';
import type { Hash } from '../../core/passwords/hash.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import { type Progress, toTheEnd } from './tried-store.ts';

export type Work = {
  readonly id: number;
  readonly source: string;
  readonly account: string;
  readonly hash: Hash;
  readonly words: readonly string[];
  readonly mark: string;
  readonly progress: Progress;
  /** New, or with a changed password; such accounts are tried first. */
  readonly fresh: boolean;
  /** A second or later password of an account; nothing is noted for such passwords. */
  readonly further: boolean;
};
export type NewWork = Omit<Work, 'id'> & { readonly weak: WeakNote | undefined };
export type UnitResult = Login & {
  readonly scheme: string;
  readonly weak: WeakNote | undefined;
};

/** Hashes that are tried together. `hash`: one of them, for what all have in common. */
export type Group = { readonly group: string; readonly count: number; readonly hash: Hash };

export type Worklist = Disposable & {
  add(work: NewWork): void;
  /** Lists all accounts that have not finished this plan; answers with their number by group. */
  begin(key: string, edition: string): readonly Group[];
  /** The next accounts of a group, at most `limit`, all at the same position. */
  next(
    group: string,
    limit: number,
  ): { readonly position: number; readonly works: readonly Work[] };
  /** Notes that these accounts are now at this position of the plan. */
  advance(key: string, edition: string, works: readonly Work[], position: number): void;
  found(id: number, weak: WeakNote): void;
  results(): Iterable<UnitResult>;
  counts(): { readonly accounts: number; readonly weak: number };
};

const schema = `
  CREATE TABLE work (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    grp TEXT NOT NULL,
    hash TEXT NOT NULL,
    words TEXT NOT NULL,
    mark TEXT NOT NULL,
    progress TEXT NOT NULL,
    fresh INTEGER NOT NULL,
    further INTEGER NOT NULL,
    weak TEXT NOT NULL
  ) STRICT;
  CREATE TABLE todo (
    work INTEGER PRIMARY KEY,
    grp TEXT NOT NULL,
    fresh INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX todo_next ON todo (grp, fresh DESC, position DESC, work);`;

export function openWorklist(folder: PrivateFolder): Worklist {
  const path = folder.file('worklist');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY');
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16000; ${schema} BEGIN`);
  rmSync(path);
  const add = database.prepare('INSERT INTO work VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const open = database.prepare("SELECT id, grp, fresh, progress FROM work WHERE weak = ''");
  const enlist = database.prepare('INSERT INTO todo VALUES (?, ?, ?, ?)');
  const groups = database.prepare(
    `SELECT head.grp, head.n, work.hash
     FROM (SELECT grp, count(*) AS n, min(work) AS id FROM todo GROUP BY grp) AS head
     JOIN work ON work.id = head.id ORDER BY head.grp`,
  );
  const first = database.prepare(
    'SELECT fresh, position FROM todo WHERE grp = ? ORDER BY fresh DESC, position DESC LIMIT 1',
  );
  const some = database.prepare(
    `SELECT work.* FROM todo JOIN work ON work.id = todo.work
     WHERE todo.grp = ? AND todo.fresh = ? AND todo.position = ? ORDER BY todo.work LIMIT ?`,
  );
  const done = database.prepare('DELETE FROM todo WHERE work = ?');
  const move = database.prepare('UPDATE todo SET position = ? WHERE work = ?');
  const note = database.prepare('UPDATE work SET progress = ? WHERE id = ?');
  const weak = database.prepare('UPDATE work SET weak = ? WHERE id = ?');
  const all = database.prepare('SELECT source, account, hash, weak FROM work ORDER BY id');
  const count = database.prepare("SELECT count(*) AS n, sum(weak <> '') AS weak FROM work");
  return {
    add(work) {
      add.run(
        ...[work.source, work.account, work.hash.group, JSON.stringify(work.hash)],
        ...[JSON.stringify(work.words), work.mark, JSON.stringify(work.progress)],
        ...[work.fresh ? 1 : 0, work.further ? 1 : 0],
        work.weak === undefined ? '' : JSON.stringify(work.weak),
      );
    },
    begin(key, edition) {
      database.exec('DELETE FROM todo');
      for (const { id, grp, fresh, progress } of open.iterate()) {
        const [tried, position] = parsed<Progress>(progress)[key] ?? ['', 0];
        const from = tried === edition ? position : 0;
        if (from !== toTheEnd) enlist.run(id ?? 0, grp ?? '', fresh ?? 0, from);
      }
      return groups.all().map(({ grp, n, hash }) => ({
        group: String(grp),
        count: Number(n),
        hash: parsed<Hash>(hash),
      }));
    },
    next(group, limit) {
      const head = first.get(group);
      if (head === undefined) return { position: 0, works: [] };
      const position = Number(head['position']);
      const rows = some.all(group, head['fresh'] ?? 0, position, limit);
      return { position, works: rows.map(workOf) };
    },
    advance(key, edition, works, position) {
      for (const { id, progress } of works) {
        if (position === toTheEnd) done.run(id);
        else move.run(position, id);
        note.run(JSON.stringify({ ...progress, [key]: [edition, position] }), id);
      }
    },
    found(id, note) {
      weak.run(JSON.stringify(note), id);
      done.run(id);
    },
    *results() {
      for (const row of all.iterate()) {
        const note = row['weak'] === '' ? undefined : parsed<WeakNote>(row['weak']);
        yield {
          source: String(row['source']),
          account: String(row['account']),
          weak: note,
          scheme: parsed<Hash>(row['hash']).scheme,
        };
      }
    },
    counts() {
      const row = count.get();
      return { accounts: Number(row?.['n']), weak: Number(row?.['weak'] ?? 0) };
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function workOf(row: Record<string, SQLOutputValue>): Work {
  return {
    id: Number(row['id']),
    source: String(row['source']),
    account: String(row['account']),
    hash: parsed<Hash>(row['hash']),
    words: parsed<readonly string[]>(row['words']),
    mark: String(row['mark']),
    progress: parsed<Progress>(row['progress']),
    fresh: row['fresh'] === 1,
    further: row['further'] === 1,
  };
}

/** JSON that this module wrote. */
function parsed<Value>(text: SQLOutputValue | undefined): Value {
  return JSON.parse(String(text)) as Value;
}
