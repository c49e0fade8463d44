/**
 * Asks an SQLite database: statements on standard input, a line each; a header (unless `bare` is
 * the second argument) and rows on standard output, as CSV. A process of its own, so that what it
 * reads does not stay in the memory of ours.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

const [path = '', bare = ''] = process.argv.slice(2);

const csvLine = (values: readonly unknown[]): string =>
  `${values.map((value) => `"${String(value ?? '').replaceAll('"', '""')}"`).join(',')}\n`;

try {
  using database = new DatabaseSync(path, { readOnly: true, timeout: 20_000 });
  for await (const statement of createInterface({ input: process.stdin })) {
    if (statement.trim() === '') continue;
    const prepared = database.prepare(statement);
    const names = prepared.columns().map(({ name }) => name);
    if (bare === '') writeSync(1, csvLine(names));
    for (const row of prepared.iterate()) writeSync(1, csvLine(Object.values(row)));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
