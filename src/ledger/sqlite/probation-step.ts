/**
 * What probation keys add to the ledger in format 13 (migrations.ts): which keys they are, and the
 * account that each of them belongs to.
 */
export const probationStep = `
  -- use: 'probation' for a key that signs mail of a single account; empty for all others.
  ALTER TABLE dkim_key ADD COLUMN use TEXT NOT NULL DEFAULT '';
  CREATE TABLE dkim_key_holder (
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    account TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (domain, selector)
  ) STRICT, WITHOUT ROWID;
  `;

/** The same in memory, for a command that only reads a file of an earlier format. */
export const probationShown = `
  CREATE TEMP TABLE IF NOT EXISTS dkim_key AS SELECT * FROM main.dkim_key;
  ALTER TABLE temp.dkim_key ADD COLUMN use TEXT NOT NULL DEFAULT '';
  CREATE TEMP TABLE dkim_key_holder (
    domain TEXT, selector TEXT, account TEXT, given_at INTEGER, used_at INTEGER,
    PRIMARY KEY (domain, selector)
  );`;
