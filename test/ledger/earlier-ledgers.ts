/**
 * A small ledger of every version there ever was, as the SQL that makes it: the n-th entry is
 * version n. An entry is written down when its version is released and never edited.
 */

import { checklistRows } from './earlier-checklist.ts';
import { correspondentRows } from './earlier-correspondents.ts';
import { inboundStep } from './earlier-inbound.ts';
import { mailingRows } from './earlier-mailings.ts';
import { providerRows } from './provider-rows.ts';

const first = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    touched INTEGER NOT NULL,
    past TEXT NOT NULL
  ) STRICT;
  CREATE INDEX account_by_state ON account (state, touched, name);

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
  INSERT INTO account (id, name, state, touched, past) VALUES (5, 'joe@example.org', 'clear', 1, '{}');
  INSERT INTO known VALUES (5, 22, 7), (5, 11, 7);
  INSERT INTO held (queue_id, at, account, recipients, why, state, changed_at, changed_by)
    VALUES ('4ZHeld1', 3000, 'joe@example.org', 7, 'queue', 'held', 3500, 'guard');
  INSERT INTO meta VALUES ('host', 'mx.example.org');
  PRAGMA application_id = 1349481332;
  PRAGMA user_version = 1;
  `;

const second = `${first}
  ALTER TABLE incident ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE incident ADD COLUMN suspended_by TEXT NOT NULL DEFAULT 'guard';
  PRAGMA user_version = 2;
  `;

const third = `${second}
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
  INSERT INTO dkim_key VALUES ('example.org', 'r20260101', 'rsa-sha256', 2048, 'MIIBIjAN+/=',
    'example.org/r20260101.pem', 'retiring', 10000, 10100, 10200, 10300, 10400, NULL, NULL, 10150,
    300000, 10250, 1, 10050, 'partly', 10500, 'ns2.example.org: nothing', 'made by op');
  PRAGMA user_version = 3;
  `;

const fourth = `${third}
  CREATE TABLE sending_domain (
    domain TEXT PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    signed INTEGER NOT NULL,
    signed_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sending_domain_by_time ON sending_domain (last_at);
  PRAGMA user_version = 4;
  `;

const fifth = `${fourth}
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
  PRAGMA user_version = 5;
  `;

const sixth = `${fifth}
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
  INSERT INTO weak_password VALUES ('shadow:/etc/shadow', 'joe', 'joe@example.org', 'yescrypt',
    'under-a-second', 'single', 11000, NULL, 11500);
  PRAGMA user_version = 6;
  `;

const seventh = `${sixth}
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
  INSERT INTO script VALUES ('script:/var/www/shop/contact.php', '/var/www/shop/contact.php', 1001, 'shop', 'cgi',
    12000, 12500, 9, 17, 2, 1, 2, 12400, 'header injection: 2 From fields that differ',
    '[{"key":"owner@shop.example","count":9}]', '[{"key":"web@shop.example","count":9}]');
  INSERT INTO script_rule VALUES (3, '/var/www/shop/*', 1001, '{"kind":"owner-and-visitor","owners":["owner@shop.example"]}',
    '["@shop.example"]', 20, 3600000, 'allow', 'asked for', 'op', 13000, NULL);
  PRAGMA user_version = 7;
  `;

const eighth = `${seventh}
  CREATE TABLE submission (
    token TEXT PRIMARY KEY,
    attempt TEXT NOT NULL,
    at INTEGER NOT NULL,
    speaker TEXT NOT NULL,
    sender TEXT NOT NULL
  ) STRICT;
  CREATE INDEX submission_by_time ON submission (at);
  INSERT INTO submission VALUES ('0123456789abcdef', 'a2', 14000,
    '{"uid":1001,"user":"shop","pid":77,"executable":"/usr/bin/php","cwd":"/var/www/shop","script":"/var/www/shop/contact.php","scriptOwner":1001,"how":"cgi","proven":"kernel","parents":[]}',
    'web@shop.example');
  PRAGMA user_version = 8;
  `;

const ninth = `${eighth}
  INSERT INTO story (id, at, account, verdict, state, observed, recipients, sample, client, subject,
    reasons) VALUES ('4ZData', 15000, 'joe@example.org', 'hold', 'watched', 0, 1, '[]', '', '',
    '[{"signal":"strangers","saw":12,"usual":10,"weight":1.2,"windowMs":1800000,"normalFor":"server"}]');
  PRAGMA user_version = 9;
  `;

const tenth = `${ninth}
  ALTER TABLE dkim_key ADD COLUMN answering_since INTEGER;
  ALTER TABLE dkim_key ADD COLUMN by_order INTEGER NOT NULL DEFAULT 0;
  UPDATE dkim_key SET answering_since = 10300, by_order = 1;
  PRAGMA user_version = 10;
  `;

const eleventh = `${tenth}
  ALTER TABLE held ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX held_by_account_and_state ON held (account, state);
  UPDATE held SET bytes = 4000;
  PRAGMA user_version = 11;
  `;

const twelfth = `${eleventh}
  ALTER TABLE message ADD COLUMN origin TEXT NOT NULL DEFAULT '';
  ALTER TABLE held ADD COLUMN instance TEXT NOT NULL DEFAULT '';
  PRAGMA user_version = 12;
  `;

const thirteenth = `${twelfth}
  ALTER TABLE dkim_key ADD COLUMN use TEXT NOT NULL DEFAULT '';
  CREATE TABLE dkim_key_holder (
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    account TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (domain, selector)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO dkim_key_holder VALUES ('example.org', 'kx1', 'joe@example.org', 10500, 10600);
  CREATE TABLE may_write_as (
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (account, address)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE written_as (
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    days INTEGER NOT NULL,
    PRIMARY KEY (account, address)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO may_write_as
    VALUES ('joe@example.org', 'info@example.com', 'asked', 'op', 16000, NULL);
  INSERT INTO written_as VALUES ('joe@example.org', '@example.net', 16000, 17000, 9, 5);
  ALTER TABLE message ADD COLUMN unsigned TEXT NOT NULL DEFAULT '';
  PRAGMA user_version = 13;
  `;

const fourteenth = `${thirteenth}${providerRows}`;

const fifteenth = `${fourteenth}
  ${inboundStep}
  PRAGMA user_version = 15;
  `;

const sixteenth = `${fifteenth}
  ${checklistRows}
  PRAGMA user_version = 16;
  `;

const seventeenth = `${sixteenth}
  ${correspondentRows}
  ${mailingRows}
  PRAGMA user_version = 17;
  `;

export const earlierLedgers: readonly string[] = [
  ...[first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh],
  ...[twelfth, thirteenth, fourteenth, fifteenth, sixteenth, seventeenth],
];
