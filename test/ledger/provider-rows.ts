/** Tables and rows of how providers treat our mail, as version 14 of the ledger wrote them. */

/** What version 14 added to a ledger, with a row of each. */
export const providerRows: string = `
  CREATE TABLE lane (
    source TEXT NOT NULL,
    family TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    memory TEXT NOT NULL,
    PRIMARY KEY (source, family, provider)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE lane_sample (
    source TEXT NOT NULL,
    family TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    deferred INTEGER NOT NULL,
    bounced INTEGER NOT NULL,
    delays BLOB NOT NULL,
    PRIMARY KEY (source, family, provider, at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE lane_change (
    number INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    family TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    reply TEXT NOT NULL,
    rule TEXT NOT NULL
  ) STRICT;
  CREATE INDEX lane_change_by_time ON lane_change (at);
  CREATE TABLE lane_reply (
    source TEXT NOT NULL,
    family TEXT NOT NULL,
    provider TEXT NOT NULL,
    shape TEXT NOT NULL,
    example TEXT NOT NULL,
    rule TEXT NOT NULL,
    scope TEXT NOT NULL,
    severity TEXT NOT NULL,
    cure TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (source, family, provider, shape)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lane_reply_by_time ON lane_reply (last_at);
  CREATE TABLE bulk_domain (
    domain TEXT NOT NULL,
    provider TEXT NOT NULL,
    day INTEGER NOT NULL,
    today INTEGER NOT NULL,
    busiest_day INTEGER NOT NULL,
    busiest INTEGER NOT NULL,
    passed_at INTEGER,
    told_at INTEGER,
    PRIMARY KEY (domain, provider)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO lane VALUES ('', 'ipv4', 'google', 18000, '{}');
  INSERT INTO lane_sample VALUES ('', 'ipv4', 'google', 600000, 5, 2, 1, x'6405');
  INSERT INTO lane_change (source, family, provider, at, from_state, to_state, reply, rule)
    VALUES ('', 'ipv4', 'google', 18000, 'healthy', 'slowed', '421 4.7.28 slower', 'google-rate');
  INSERT INTO lane_reply VALUES ('', 'ipv4', 'google', '421 4.7.28 slower', '421 4.7.28 slower',
    'google-rate', 'rate', 'slowed', 'send less', 2, 17000, 18000);
  INSERT INTO bulk_domain VALUES ('example.org', 'google', 19000, 12, 18999, 5100, 17000, 16000);
  PRAGMA user_version = 14;
  `;
