/**
 * The tables of a day file. Texts that many rows share are kept once: addresses as people, the rest
 * as words. So a recipient needs 400 octets at most (bench/fates.ts).
 */
import type { DatabaseSync } from 'node:sqlite';

/** A day file, and the file of clear text that is attached to it. */
export type DaySchema = 'main' | 'clear';

/** Changes when an older Postern could not read or write the file. */
export const dayFormat = 1;

const main = `
  CREATE TABLE IF NOT EXISTS words (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS words_hash ON words (hash);

  -- A person is a mail address. Its mark is an HMAC with the key of the day.
  CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY,
    mark BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS people_mark ON people (mark);

  -- at: milliseconds since the day began. what: see codes.ts. judged_at is null for mail
  -- that only the log knows, logged_at for mail that the log has not shown yet. copy: a hash that
  -- copies of one text share.
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    other TEXT,
    at INTEGER NOT NULL,
    what INTEGER NOT NULL,
    judged_at INTEGER,
    logged_at INTEGER,
    host INTEGER,
    account INTEGER,
    client INTEGER,
    sender INTEGER,
    header_from INTEGER,
    script INTEGER,
    copy INTEGER,
    id_left TEXT,
    id_right INTEGER,
    size INTEGER,
    recipient_count INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS messages_account ON messages (account) WHERE account IS NOT NULL;
  CREATE INDEX IF NOT EXISTS messages_client ON messages (client) WHERE client IS NOT NULL;
  CREATE INDEX IF NOT EXISTS messages_sender ON messages (sender) WHERE sender IS NOT NULL;
  CREATE INDEX IF NOT EXISTS messages_from ON messages (header_from)
    WHERE header_from IS NOT NULL;
  CREATE INDEX IF NOT EXISTS messages_script ON messages (script) WHERE script IS NOT NULL;

  -- Hashes of queue ids and of Message-IDs.
  CREATE TABLE IF NOT EXISTS keys (
    hash INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (hash, message)
  ) STRICT, WITHOUT ROWID;

  -- alias: 1 if the message did not name this address, but was delivered to it.
  CREATE TABLE IF NOT EXISTS recipients (
    message INTEGER NOT NULL,
    person INTEGER NOT NULL,
    alias INTEGER NOT NULL,
    PRIMARY KEY (message, person)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS recipients_person ON recipients (person);

  -- after: milliseconds since the message; stamps of a log may be whole seconds, so delay, which is
  -- in milliseconds as well, tells two attempts of one second apart; a millisecond is added to the
  -- second of two that have the same. Of an attempt that is told twice, the later outcome counts.
  CREATE TABLE IF NOT EXISTS attempts (
    message INTEGER NOT NULL,
    person INTEGER NOT NULL,
    after INTEGER NOT NULL,
    delay INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    what INTEGER NOT NULL,
    mx_host INTEGER,
    mx_address INTEGER,
    our_address INTEGER,
    status INTEGER,
    reply INTEGER,
    reply_parts TEXT,
    PRIMARY KEY (message, person, after, delay, delivered)
  ) STRICT, WITHOUT ROWID;

  -- Accounts with an incident: their mail stays longer. copied: messages whose clear text was
  -- copied into this file.
  CREATE TABLE IF NOT EXISTS incidents (
    account TEXT PRIMARY KEY,
    copied INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** In the day file for mail that was stopped or watched, in the clear file for mail that passed. */
const clearTables = (schema: DaySchema): string => `
  CREATE TABLE IF NOT EXISTS ${schema}.addresses (
    person INTEGER PRIMARY KEY,
    address TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS ${schema}.subjects (
    message INTEGER PRIMARY KEY,
    subject TEXT NOT NULL
  ) STRICT;
`;

export function formatOf(database: DatabaseSync, schema: DaySchema): number {
  const row = database.prepare(`PRAGMA ${schema}.user_version`).get();
  return Number(row?.['user_version'] ?? 0);
}

/** Makes what is missing. */
export function createTables(database: DatabaseSync, schema: DaySchema): void {
  database.exec(`
    BEGIN;
    ${schema === 'main' ? main : ''}
    ${clearTables(schema)}
    PRAGMA ${schema}.user_version = ${dayFormat};
    COMMIT;
  `);
}
