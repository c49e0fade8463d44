/** Shows a ledger of an older version as one of today, to a command that only reads. */
import type { DatabaseSync } from 'node:sqlite';
import { migrations } from './migrations.ts';

/**
 * Tables that a version changed, as they would be after its step: small ones as a copy, large ones
 * as a view. They are made in memory for a command that only reads a file from before that version,
 * and hide the table in the file.
 */
const inMemory: ReadonlyMap<number, string> = new Map([
  [
    10,
    `CREATE TEMP TABLE dkim_key AS
       SELECT *, NULL AS answering_since, 0 AS by_order FROM main.dkim_key`,
  ],
  [
    11,
    `CREATE TEMP TABLE held AS SELECT *, 0 AS bytes FROM main.held;
     CREATE UNIQUE INDEX temp.held_by_queue_id ON held (queue_id);`,
  ],
  [
    12,
    `CREATE TEMP VIEW message_of_12 AS SELECT *, '' AS origin FROM main.message;
     CREATE TEMP TABLE IF NOT EXISTS held AS SELECT * FROM main.held;
     ALTER TABLE temp.held ADD COLUMN instance TEXT NOT NULL DEFAULT '';
     CREATE UNIQUE INDEX IF NOT EXISTS temp.held_by_queue_id ON held (queue_id)`,
  ],
  [
    13,
    // All statements are compiled at opening, also those that write; the triggers do nothing.
    `CREATE TEMP VIEW IF NOT EXISTS message_of_12 AS SELECT * FROM main.message;
     CREATE TEMP VIEW message AS SELECT *, '' AS unsigned FROM message_of_12;
     CREATE TEMP TRIGGER message_kept INSTEAD OF INSERT ON message BEGIN SELECT 1; END;
     CREATE TEMP TRIGGER message_stays INSTEAD OF DELETE ON message BEGIN SELECT 1; END;
     CREATE TEMP TABLE may_write_as (account TEXT, address TEXT, note TEXT, made_by TEXT,
       at INTEGER, removed_at INTEGER);
     CREATE TEMP TABLE written_as (account TEXT, address TEXT, first_at INTEGER, last_at INTEGER,
       messages INTEGER, days INTEGER);`,
  ],
]);

/** The oldest version that a command that only reads can read, without a migration of the file. */
export const readableVersion: number =
  migrations.findLastIndex((step, at) => step !== '' && !inMemory.has(at + 1)) + 1;

/** Makes the tables of today for a file of an older version, in memory. The file stays as it is. */
export function showAsToday(database: DatabaseSync, version: number): void {
  for (const [since, table] of inMemory) if (version < since) database.exec(table);
}
