/** Version 16 of the ledger, as SQL that is never edited: the checklist, and one click. */
export const checklistRows: string = `
  CREATE TABLE checklist_item (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    found_by TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    as_root INTEGER NOT NULL,
    unknown_since INTEGER,
    unknown_why TEXT NOT NULL,
    unknown_nights INTEGER NOT NULL,
    told TEXT,
    flaps_since INTEGER,
    changed_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE checklist_change (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    found_by TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX checklist_change_by_item ON checklist_change (id, number);
  CREATE TABLE acknowledgement (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO checklist_item VALUES ('dns.spf', '{"id":"dns.spf","title":"SPF","state":"missing",'
    || '"effort":"minutes","cost":"free","effect":"Forgery","requiredBy":["Gmail"],"found":"none",'
    || '"fix":"publish","command":"postern dns plan example.org"}', 'missing', 20000, 'op', 20500,
    1, NULL, '', 0, 'missing', NULL, '[20000]');
  INSERT INTO checklist_change
    VALUES (1, 20000, 'dns.spf', 'state', 'done', 'missing', 'op', 'none');
  INSERT INTO acknowledgement VALUES ('dns.spf', 'missing', 20100, 99000, 'asked', 'op');
  ALTER TABLE sending_domain ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '';
  CREATE INDEX story_observed ON story (account, at, verdict, recipients) WHERE observed = 1;
`;
