/**
 * Queries an SQLite database in a separate process, so that what it reads does not stay in the
 * memory of the audit. Statements come on standard input, one a line. A header and rows go to
 * standard output as CSV; the second argument `bare` leaves the header out.
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
