/**
 * Asks an SQLite database: statements on standard input, a line each; a header and rows on standard output. A process of its
 * own, so that what it reads does not stay in the memory of ours.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

const separator = '\u001f';
const [path = ''] = process.argv.slice(2);

try {
  using database = new DatabaseSync(path, { readOnly: true, timeout: 20_000 });
  for await (const statement of createInterface({ input: process.stdin })) {
    if (statement.trim() === '') continue;
    const prepared = database.prepare(statement);
    writeSync(
      1,
      `${prepared
        .columns()
        .map(({ name }) => name)
        .join(separator)}\n`,
    );
    for (const row of prepared.iterate()) {
      writeSync(
        1,
        `${Object.values(row)
          .map((value) => String(value ?? ''))
          .join(separator)}\n`,
      );
    }
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
