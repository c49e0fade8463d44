/** Damages files as a bad disk does: with bytes that mean nothing, the same each time. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const pageBytes = 4_096;

/** Writes noise over pages; the first has the number 1. */
export function damagePages(path: string, first: number, count = 1): void {
  const noise = Array.from({ length: (count * pageBytes) / 32 }, (_, nth) =>
    createHash('sha256').update(`${first} ${nth}`).digest(),
  );
  const file = openSync(path, 'r+');
  try {
    writeSync(file, Buffer.concat(noise), 0, count * pageBytes, (first - 1) * pageBytes);
  } finally {
    closeSync(file);
  }
}

/** The first page of each table and index, by name. */
export function firstPages(path: string): readonly (readonly [string, number])[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database
    .prepare('SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage')
    .all()
    .map(({ name, rootpage }) => [String(name), Number(rootpage)]);
}
