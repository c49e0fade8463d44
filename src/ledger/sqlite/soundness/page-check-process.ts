/** The process of page-check.ts. It prints what is damaged in the ledger, else an empty line. */
import { DatabaseSync } from 'node:sqlite';
import { meansDamage } from '../tables/faults.ts';

/** Pages kept in memory: few, because each page is read once. */
const cacheKib = 2_048;
const busyMs = 5_000;

/** The first fault that SQLite finds; undefined if every page is sound. */
function fault(path: string): string | undefined {
  using database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  database.exec(`PRAGMA cache_size = ${-cacheKib}`);
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  for (const { name } of tables) {
    const said = database.prepare(`PRAGMA quick_check("${name}")`).get()?.['quick_check'];
    if (said === 'ok') continue;
    // Below a heading, a line for each fault.
    const [first = ''] = String(said)
      .replace(/^\*\*\*.*\n/, '')
      .split('\n');
    return `table ${name}: ${first}`;
  }
  return undefined;
}

try {
  console.log(fault(process.argv[2] ?? '') ?? '');
} catch (error) {
  if (!meansDamage(error)) process.exitCode = 1;
  else console.log(error instanceof Error ? error.message : String(error));
}
