/** Part of version 17 of the ledger, as SQL that is never edited: who wrote in. */
export const correspondentRows: string = `
  CREATE TABLE correspondent (
    mailbox INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (mailbox, sender)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX correspondent_by_day ON correspondent (day);
  CREATE TABLE domain_use (
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    users BLOB NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX domain_use_by_day ON domain_use (kind, day);
  INSERT INTO correspondent VALUES (4711, 9007199254740991, 20000);
  INSERT INTO domain_use VALUES (1, 815, 18000, 20001, x'ffffffff204e000001000000214e0000');
`;
