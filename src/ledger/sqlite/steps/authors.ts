/** Step 13 of the ledger: addresses an account may write as. Released steps are never edited. */
export const authorsStep: string = `
  -- Addresses that an account may write as, by declaration; one that was taken back stays. And
  -- mail that was sent without a right in the time of observation; a bit for each of its days.
  CREATE TABLE may_write_as (
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (account, address)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE written_as (
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    days INTEGER NOT NULL,
    PRIMARY KEY (account, address)
  ) STRICT, WITHOUT ROWID;
  -- Why no key signed a message, and the author that decided.
  ALTER TABLE message ADD COLUMN unsigned TEXT NOT NULL DEFAULT '';

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
