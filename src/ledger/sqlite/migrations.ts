/**
 * The shape of the ledger, version by version. The list is append-only: a released entry is never
 * edited, since ledgers out there were made by it. `PRAGMA user_version` says how many entries a
 * file has had.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '../../lib/assert.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { copyFor, wayBack } from './earlier-copy.ts';
import { authorsStep } from './steps/authors.ts';
import { checklistStep } from './steps/checklist.ts';
import { correspondentsStep } from './steps/correspondents.ts';
import { inboundSchema } from './steps/inbound.ts';
import { mailingsStep } from './steps/mailings.ts';
import { observedStep } from './steps/observed.ts';
import { oneClickStep } from './steps/one-click.ts';
import { providersStep } from './steps/providers.ts';

/** "Post" in ASCII: tells a ledger from any other SQLite file (`PRAGMA application_id`). */
export const applicationId = 0x506f7374;

export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- touched: a counter that grows with each write, for "newest activity first".
  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    touched INTEGER NOT NULL,
    past TEXT NOT NULL
  ) STRICT;
  CREATE INDEX account_by_state ON account (state, touched, name);

  -- Which account has written to which recipient. The index answers "has anyone here?", so that no
  -- second table must be kept in step.
  CREATE TABLE known (
    account INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    PRIMARY KEY (account, recipient)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX known_by_recipient ON known (recipient);

  CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    verdict TEXT NOT NULL,
    recipients INTEGER NOT NULL,
    client TEXT NOT NULL,
    sender TEXT NOT NULL,
    message_id TEXT NOT NULL
  ) STRICT;
  CREATE INDEX message_by_time ON message (at);
  CREATE INDEX message_passed ON message (account, at) WHERE verdict = 'pass';

  CREATE TABLE story (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    verdict TEXT NOT NULL,
    state TEXT NOT NULL,
    observed INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    sample TEXT NOT NULL,
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    reasons TEXT NOT NULL
  ) STRICT;
  CREATE INDEX story_by_time ON story (at);
  CREATE INDEX story_by_account ON story (account, at);

  CREATE TABLE held (
    number INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    recipients INTEGER NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
  ) STRICT;
  CREATE INDEX held_by_time ON held (at);
  CREATE INDEX held_by_state ON held (state, at);
  CREATE INDEX held_by_account ON held (account, at);

  CREATE TABLE incident (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    since INTEGER NOT NULL,
    suspended_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by TEXT NOT NULL,
    leaked_messages INTEGER NOT NULL,
    leaked_recipients INTEGER NOT NULL,
    stopped_messages INTEGER NOT NULL,
    queued_held INTEGER NOT NULL,
    login_closed INTEGER NOT NULL,
    reasons TEXT NOT NULL
  ) STRICT;
  CREATE INDEX incident_by_time ON incident (suspended_at);
  CREATE INDEX incident_by_account ON incident (account, suspended_at);
  CREATE INDEX incident_open ON incident (suspended_at) WHERE ended_at IS NULL;

  CREATE TABLE exemption (
    account TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    done_by TEXT NOT NULL,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_account ON audit (account);

  CREATE TABLE notice (
    id TEXT NOT NULL,
    road TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (id, road)
  ) STRICT;
  CREATE INDEX notice_waiting ON notice (next_at) WHERE state = 'waiting';
  `,
  `
  -- Whether a suspension was only observed, and who suspended. For older ones the audit trail
  -- knows, as its row was written together with the incident.
  ALTER TABLE incident ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE incident ADD COLUMN suspended_by TEXT NOT NULL DEFAULT 'guard';
  UPDATE incident SET observed = 1 WHERE EXISTS (
    SELECT 1 FROM audit WHERE audit.account = incident.account
      AND audit.at = incident.suspended_at AND audit.action = 'would-suspend');
  UPDATE incident SET suspended_by = COALESCE((
    SELECT done_by FROM audit WHERE audit.account = incident.account
      AND audit.at = incident.suspended_at AND audit.action = 'suspend'), 'guard');
  `,
  `
  -- DKIM keys: a column for the time at which each state was entered. A row is never deleted.
  CREATE TABLE dkim_key (
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    bits INTEGER NOT NULL,
    public_key TEXT NOT NULL,
    file TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at INTEGER,
    published_at INTEGER,
    seen_at INTEGER,
    signing_at INTEGER,
    retiring_at INTEGER,
    revoked_at INTEGER,
    gone_at INTEGER,
    absent_at INTEGER,
    cached_ms INTEGER NOT NULL,
    lost_since INTEGER,
    returns INTEGER NOT NULL,
    told_at INTEGER,
    sight TEXT NOT NULL,
    sight_at INTEGER,
    sight_text TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (domain, selector)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- From domains of mail that went out.
  CREATE TABLE sending_domain (
    domain TEXT PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    signed INTEGER NOT NULL,
    signed_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sending_domain_by_time ON sending_domain (last_at);
  `,
  `
  -- Statistics: what was counted on a day (since 1970, UTC) by kind and key. The sketch gives the
  -- quantiles of the scores.
  CREATE TABLE rollup (
    by TEXT NOT NULL,
    day INTEGER NOT NULL,
    key TEXT NOT NULL,
    messages INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    scored INTEGER NOT NULL,
    points REAL NOT NULL,
    spam INTEGER NOT NULL,
    viruses INTEGER NOT NULL,
    scans INTEGER NOT NULL,
    reused INTEGER NOT NULL,
    unscanned INTEGER NOT NULL,
    scan_ms INTEGER NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (by, day, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Accounts whose password was guessed by an audit. A row stays when the password was changed.
  CREATE TABLE weak_password (
    source TEXT NOT NULL,
    login TEXT NOT NULL,
    account TEXT NOT NULL,
    scheme TEXT NOT NULL,
    strength TEXT NOT NULL,
    found_by TEXT NOT NULL,
    since INTEGER NOT NULL,
    changed_at INTEGER,
    told_at INTEGER,
    PRIMARY KEY (source, login)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The register of scripts: what was seen of each, and the rules. Lists are JSON. A removed rule
  -- stays.
  CREATE TABLE script (
    account TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL,
    how TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    recipients_most INTEGER NOT NULL,
    held INTEGER NOT NULL,
    odd INTEGER NOT NULL,
    odd_at INTEGER,
    odd_text TEXT NOT NULL,
    written_to TEXT NOT NULL,
    sent_as TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE script_rule (
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    uid INTEGER,
    recipients TEXT NOT NULL,
    sent_as TEXT NOT NULL,
    rate_messages INTEGER,
    rate_ms INTEGER,
    effect TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    removed_at INTEGER
  ) STRICT;
  `,
  `
  -- Mail handed over through sendmail(1): the try that the mail server showed first counts.
  CREATE TABLE submission (
    token TEXT PRIMARY KEY,
    attempt TEXT NOT NULL,
    at INTEGER NOT NULL,
    speaker TEXT NOT NULL,
    sender TEXT NOT NULL
  ) STRICT;
  CREATE INDEX submission_by_time ON submission (at);
  `,
  // Reasons are stored as data, without their sentence. No table changes, but an older Postern
  // cannot show such rows, so it must refuse the file.
  '',
  `
  -- A key may sign although a name server is silent, or by order of the operator.
  ALTER TABLE dkim_key ADD COLUMN answering_since INTEGER;
  ALTER TABLE dkim_key ADD COLUMN by_order INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Held mail of one account has a limit, in messages and in bytes.
  ALTER TABLE held ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX held_by_account_and_state ON held (account, state);
  `,
  `
  -- A message behind a content filter: the queue id under which it was judged. A held message: the
  -- configuration directory of its Postfix, if that is not the machine's default one.
  ALTER TABLE message ADD COLUMN origin TEXT NOT NULL DEFAULT '';
  ALTER TABLE held ADD COLUMN instance TEXT NOT NULL DEFAULT '';
  `,
  authorsStep,
  providersStep,
  inboundSchema,
  checklistStep + oneClickStep + observedStep,
  correspondentsStep + mailingsStep,
];

/**
 * How many entries of `list` a file has had. Throws when the file is not a ledger, or comes from a
 * newer version.
 */
export function checkVersion(
  database: DatabaseSync,
  path: string,
  list: readonly string[] = migrations,
): number {
  const version = pragma(database, 'user_version');
  const id = pragma(database, 'application_id');
  if (id !== applicationId && (id !== 0 || version !== 0 || hasTables(database))) {
    throw new OperatorError('ledger-foreign', `${path} is not a Postern ledger`, {
      hint: 'it is a SQLite file of another program; choose another folder with --state',
      exit: sysexits.config,
    });
  }
  if (version > list.length) throw tooNew(path, { version, known: list.length });
  return version;
}

function tooNew(
  path: string,
  { version, known }: { readonly version: number; readonly known: number },
): OperatorError {
  const copy = copyFor(path, known);
  const back =
    copy === undefined
      ? `restore a copy from before the upgrade (version ${known} or older)`
      : `go back to the copy from before the upgrade: ${wayBack(path, copy)}`;
  return new OperatorError(
    'ledger-too-new',
    `ledger ${path} has version ${version}; this postern knows up to ${known}`,
    {
      hint:
        `it was written by a newer postern: start that one again (ledger version ${version}), ` +
        `or ${back}`,
      exit: sysexits.config,
    },
  );
}

/** Applies the missing entries, all or none. Answers with the version that the file had before. */
export function migrate(
  database: DatabaseSync,
  path: string,
  list: readonly string[] = migrations,
): number {
  const version = checkVersion(database, path, list);
  if (version === list.length) return version;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of list.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${list.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return version;
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  assert(typeof value === 'number', `PRAGMA ${name} is a number`);
  return value;
}
