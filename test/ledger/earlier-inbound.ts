/** Version 15 of the ledger, as SQL that is never edited: mail that comes in. */
export const inboundStep: string = `
  CREATE TABLE inbound (
    number INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    due INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    client TEXT NOT NULL,
    client_name TEXT NOT NULL,
    helo TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    recipient_count INTEGER NOT NULL,
    subject TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    likeness REAL,
    points REAL NOT NULL,
    reasons TEXT NOT NULL,
    facts TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    instance TEXT NOT NULL
  ) STRICT;
  CREATE INDEX inbound_by_time ON inbound (at);
  CREATE INDEX inbound_due ON inbound (due) WHERE due > 0;
  CREATE TABLE inbound_deferred (
    key INTEGER PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    returned_at INTEGER NOT NULL,
    is_honest INTEGER NOT NULL,
    client TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    points REAL NOT NULL,
    reasons TEXT NOT NULL
  ) STRICT;
  CREATE INDEX inbound_deferred_by_time ON inbound_deferred (last_at);
  CREATE INDEX inbound_deferred_at_risk ON inbound_deferred (last_at)
    WHERE is_honest = 1 AND returned_at = 0;
  CREATE TABLE inbound_known (
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX inbound_known_by_time ON inbound_known (kind, (times = 1), last_at);
  CREATE TABLE inbound_sent (
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    names BLOB NOT NULL,
    PRIMARY KEY (kind, at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE inbound_allowed (
    what TEXT PRIMARY KEY,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO inbound (queue_id, at, state, due, changed_at, changed_by, client, client_name, helo,
    sender, recipients, recipient_count, subject, bytes, likeness, points, reasons, facts, told_at,
    instance)
    VALUES ('4cOld1', 18000, 'quarantined', 99000, 18100, 'postern', '192.0.2.7', '', 'pc',
      'a@b.example', '["joe@example.org"]', 1, 'hi', 900, 0.5, 7, '["no name"]', '', 0, '');
  INSERT INTO inbound_known VALUES (0, 4711, 18000, 18000, 3);
  INSERT INTO inbound_allowed VALUES ('@c.example', 'asked', 'op', 18000);
`;
