/** Part of step 17 of the ledger: who wrote in. Released steps are never edited. */
export const correspondentsStep: string = `
  -- Who has written to a mailbox here, as hashes, and on which day (since 1970) for the last time.
  CREATE TABLE correspondent (
    mailbox INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (mailbox, sender)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX correspondent_by_day ON correspondent (day);

  -- Which accounts have used a domain. kind is a place in useKinds
  -- (src/core/correspondents/domain-use.ts), key a hash. users: hashes of accounts and the day of
  -- each, four octets each. day: the latest of these.
  CREATE TABLE domain_use (
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    users BLOB NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX domain_use_by_day ON domain_use (kind, day);
`;
