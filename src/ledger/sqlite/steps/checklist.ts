/** Step 16 of the ledger: what is remembered of the checklist. Released steps are never edited. */
export const checklistStep: string = `
  -- The state of each item that counts, and since when. item: the item as it was found in that
  -- state; changed_at: times of its last changes (both JSON). told: the state that the last nightly
  -- mail knew.
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
  -- The history: changes of state, acknowledgements and their ends.
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
  -- Items that an operator knows of, until a day or until they get worse.
  CREATE TABLE acknowledgement (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
