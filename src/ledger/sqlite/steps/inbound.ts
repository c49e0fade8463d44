/** Version 15 of the ledger: mail that comes in. A released step is never edited. */
export const inboundSchema: string = `
  -- Mail that came in and waited, is in quarantine, or would have waited.
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

  -- Mail that was put off. key is a hash.
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
  -- The status is asked for it every few seconds.
  CREATE INDEX inbound_deferred_at_risk ON inbound_deferred (last_at)
    WHERE is_honest = 1 AND returned_at = 0;

  -- Who writes to us, as hashes. kind is a place in knownKinds
  -- (src/core/inbound/greylist/knowledge.ts).
  CREATE TABLE inbound_known (
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX inbound_known_by_time ON inbound_known (kind, (times = 1), last_at);

  -- Names of mail that left: hashes, each eight octets, the lowest first. A row has those that came
  -- together.
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
  `;
