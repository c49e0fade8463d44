/** The process of page-check.ts. It prints what is damaged in the ledger, else an empty line. */
import { DatabaseSync } from 'node:sqlite';

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

/** Is it damage (sqlite.org/rescode.html), or could the file not be read at all? */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 11 || code === 26;
}

try {
  console.log(fault(process.argv[2] ?? '') ?? '');
} catch (error) {
  if (!isDamage(error)) process.exitCode = 1;
  else console.log(error instanceof Error ? error.message : String(error));
}
