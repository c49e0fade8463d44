/** Part of step 17 of the ledger: announced mailings, imports. Released steps are never edited. */
export const mailingsStep: string = `
  -- How many new recipients of an account do not count, until when.
  CREATE TABLE mailing (
    account TEXT PRIMARY KEY,
    recipients INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    until INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What one import added to one account. Rows are never deleted, so that no id comes twice.
  CREATE TABLE contact_import (
    id INTEGER NOT NULL,
    account TEXT NOT NULL,
    at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    source TEXT NOT NULL,
    note TEXT NOT NULL,
    added INTEGER NOT NULL,
    undone_at INTEGER,
    PRIMARY KEY (id, account)
  ) STRICT;
  CREATE INDEX contact_import_by_account ON contact_import (account);

  -- Known recipients that an import added, until the account writes to them. For undoing it.
  CREATE TABLE contact_imported (
    account INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    import INTEGER NOT NULL,
    PRIMARY KEY (account, recipient)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX contact_imported_by_import ON contact_imported (import, account);
  CREATE INDEX contact_imported_by_recipient ON contact_imported (recipient);
`;
