/** Step 14 of the ledger: how providers treat our mail. Released steps are never edited. */
export const providersStep: string = `
  -- How each provider treats our mail. memory: what is remembered to judge the lane (JSON).
  CREATE TABLE lane (
    source TEXT NOT NULL,
    family TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    memory TEXT NOT NULL,
    PRIMARY KEY (source, family, provider)
  ) STRICT, WITHOUT ROWID;
  -- Attempts by interval of ten minutes; a sketch of the delays.
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
  -- Recipients of a From domain at a provider that has a rule for bulk senders: on the day that is
  -- counted now, and on the busiest day ever.
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
  `;
