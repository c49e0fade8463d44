/** Version 17 of the ledger, as SQL that is never edited: announced mailings and imports. */
export const mailingRows: string = `
  CREATE TABLE mailing (
    account TEXT PRIMARY KEY,
    recipients INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    until INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
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
  CREATE TABLE contact_imported (
    account INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    import INTEGER NOT NULL,
    PRIMARY KEY (account, recipient)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX contact_imported_by_import ON contact_imported (import, account);
  CREATE INDEX contact_imported_by_recipient ON contact_imported (recipient);
  INSERT INTO mailing VALUES ('joe@example.org', 300, 120, 99000, 'yearly meeting', 'op', 18000);
  INSERT INTO contact_import VALUES
    (4, 'joe@example.org', 18100, 'op', 'contacts.vcf', 'moved here', 2, NULL);
  INSERT INTO contact_imported VALUES (5, 11, 4);
`;
