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
     CREATE TEMP TABLE IF NOT EXISTS dkim_key AS SELECT * FROM main.dkim_key;
     ALTER TABLE temp.dkim_key ADD COLUMN use TEXT NOT NULL DEFAULT '';
     CREATE TEMP TABLE dkim_key_holder (
       domain TEXT, selector TEXT, account TEXT, given_at INTEGER, used_at INTEGER
     );
     CREATE TEMP TABLE may_write_as (account TEXT, address TEXT, note TEXT, made_by TEXT,
       at INTEGER, removed_at INTEGER);
     CREATE TEMP TABLE written_as (account TEXT, address TEXT, first_at INTEGER, last_at INTEGER,
       messages INTEGER, days INTEGER);`,
  ],
  [
    14,
    `CREATE TEMP TABLE lane (source TEXT, family TEXT, provider TEXT, at INTEGER, memory TEXT);
     CREATE TEMP TABLE lane_sample (source TEXT, family TEXT, provider TEXT, at INTEGER,
       sent INTEGER, deferred INTEGER, bounced INTEGER, delays BLOB,
       PRIMARY KEY (source, family, provider, at));
     CREATE TEMP TABLE lane_change (number INTEGER, source TEXT, family TEXT, provider TEXT,
       at INTEGER, from_state TEXT, to_state TEXT, reply TEXT, rule TEXT);
     CREATE TEMP TABLE lane_reply (source TEXT, family TEXT, provider TEXT, shape TEXT,
       example TEXT, rule TEXT, scope TEXT, severity TEXT, cure TEXT, count INTEGER,
       first_at INTEGER, last_at INTEGER, PRIMARY KEY (source, family, provider, shape));
     CREATE TEMP TABLE bulk_domain (domain TEXT, provider TEXT, day INTEGER, today INTEGER,
       busiest_day INTEGER, busiest INTEGER, passed_at INTEGER, told_at INTEGER);`,
  ],
  [
    15,
    `CREATE TEMP TABLE inbound (number INTEGER PRIMARY KEY, queue_id TEXT UNIQUE, at INTEGER,
       state TEXT, due INTEGER, changed_at INTEGER, changed_by TEXT, client TEXT,
       client_name TEXT, helo TEXT, sender TEXT, recipients TEXT, recipient_count INTEGER,
       subject TEXT, bytes INTEGER, likeness REAL, points REAL, reasons TEXT, facts TEXT,
       told_at INTEGER, instance TEXT);
     CREATE TEMP TABLE inbound_deferred (key INTEGER PRIMARY KEY, first_at INTEGER,
       last_at INTEGER, until INTEGER, tries INTEGER, returned_at INTEGER, is_honest INTEGER,
       client TEXT, sender TEXT, recipient TEXT, subject TEXT, points REAL, reasons TEXT);
     CREATE TEMP TABLE inbound_known (kind INTEGER, key INTEGER, first_at INTEGER,
       last_at INTEGER, times INTEGER, PRIMARY KEY (kind, key));
     CREATE TEMP TABLE inbound_sent (kind INTEGER, at INTEGER, names BLOB,
       PRIMARY KEY (kind, at));
     CREATE TEMP TABLE inbound_allowed (what TEXT PRIMARY KEY, note TEXT, made_by TEXT,
       at INTEGER);`,
  ],
  [
    16,
    `CREATE TEMP TABLE checklist_item (id TEXT PRIMARY KEY, item TEXT, state TEXT, since INTEGER,
       found_by TEXT, found_at INTEGER, as_root INTEGER, unknown_since INTEGER, unknown_why TEXT,
       unknown_nights INTEGER, told TEXT, flaps_since INTEGER, changed_at TEXT);
     CREATE TEMP TABLE checklist_change (number INTEGER PRIMARY KEY, at INTEGER, id TEXT,
       what TEXT, from_state TEXT, to_state TEXT, found_by TEXT, text TEXT);
     CREATE TEMP TABLE acknowledgement (id TEXT PRIMARY KEY, state TEXT, at INTEGER,
       until INTEGER, note TEXT, made_by TEXT);
     CREATE TEMP TABLE sending_domain AS SELECT *, '' AS unsubscribe FROM main.sending_domain;`,
  ],
  [
    17,
    `CREATE TEMP TABLE correspondent (mailbox INTEGER, sender INTEGER, day INTEGER,
       PRIMARY KEY (mailbox, sender));
     CREATE TEMP TABLE domain_use (kind INTEGER, key INTEGER, first_at INTEGER, day INTEGER,
       users BLOB, PRIMARY KEY (kind, key));
     CREATE TEMP TABLE mailing (account TEXT PRIMARY KEY, recipients INTEGER, remaining INTEGER,
       until INTEGER, note TEXT, made_by TEXT, at INTEGER);
     CREATE TEMP TABLE contact_import (id INTEGER, account TEXT, at INTEGER, made_by TEXT,
       source TEXT, note TEXT, added INTEGER, undone_at INTEGER, PRIMARY KEY (id, account));
     CREATE TEMP TABLE contact_imported (account INTEGER, recipient INTEGER, import INTEGER,
       PRIMARY KEY (account, recipient));`,
  ],
]);

/** The oldest version that a command that only reads can read, without a migration of the file. */
export const readableVersion: number =
  migrations.findLastIndex((step, at) => step !== '' && !inMemory.has(at + 1)) + 1;

/** Makes the tables of today for a file of an older version, in memory. The file stays as it is. */
export function showAsToday(database: DatabaseSync, version: number): void {
  for (const [since, table] of inMemory) if (version < since) database.exec(table);
}
