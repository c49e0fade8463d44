/** What version 0.1 left on a machine: commands read its state folder, settings and key files. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { renewWrapper } from '../src/commands/connect/sendmail-steps.ts';
import { postern } from './command-line.ts';
import { fixture, fixtures, leftState } from './left-behind.ts';

type Json = Readonly<Record<string, unknown>>;

for (const how of ['stopped', 'killed'] as const) {
  const told = async (state: string, ...words: readonly string[]): Promise<string> => {
    const ran = await postern(...words, '--state', state);
    assert.equal(ran.exit, 0, `${words.join(' ')}: ${ran.err}`);
    return ran.out;
  };

  test(`${how}: its accounts, held mail and stories are shown`, async () => {
    using state = leftState(how);
    const list = await told(state.path, 'accounts', 'list');
    assert.match(list, /^joe@example\.org +suspended/m);
    assert.match(list, /^old@example\.org +suspended/m);
    assert.match(list, /^press@example\.org +clear/m);
    assert.match(list, /^script:\/var\/www\/shop\/contact\.php +clear/m);
    const exempt = await told(state.path, 'accounts', 'list', '--exempt');
    assert.match(exempt, /billing@example\.org.*2099-12-31.*newsletter of the year/);
    const old = await told(state.path, 'accounts', 'show', 'old@example.org');
    assert.match(old, /suspended by root: left the company/);
    const held = JSON.parse(
      await told(state.path, 'held', 'list', '--account', 'joe@example.org', '--json'),
    ) as readonly Json[];
    assert.equal(held.length, 17);
    const dropped = await told(state.path, 'held', 'list', '--was', 'dropped');
    assert.match(dropped, /joe@example\.org/);
    const id = String(held.find(({ why }) => why === 'verdict')?.['queueId']);
    assert.match(await told(state.path, 'held', 'show', id), /joe@example\.org/);
    const why = await told(state.path, 'explain', id);
    assert.match(why, /joe@example\.org/);
    assert.match(why, /nobody here ever wrote to in half an hour/);
  });

  test(`${how}: its statistics, scripts, passwords and DKIM keys are shown`, async () => {
    using state = leftState(how);
    const days = ['--since', '2026-11-01', '--until', '2026-11-30'];
    const stats = await told(state.path, 'stats', '--by', 'script', ...days, '--csv');
    assert.match(stats, /\/var\/www\/shop\/uploads\/x\.php,.*\b3\b/);
    const accounts = await told(state.path, 'stats', '--by', 'account', ...days);
    assert.match(accounts, /press@example\.org +25/);
    const scripts = await told(state.path, 'scripts', 'list');
    assert.match(scripts, /^\/var\/www\/shop\/contact\.php +www-data/m);
    const rules = await told(state.path, 'scripts', 'list', '--rules');
    assert.match(rules, /allow +\/var\/www\/shop\/\*\* .*owner@shop\.example and one visitor/);
    assert.match(rules, /deny +\/var\/www\/\*\/uploads\/\*\*/);
    const users = join(state.path, 'users');
    writeFileSync(users, 'joe@example.org:{PLAIN}joe\n', { mode: 0o600 });
    const list = ['passwords', 'list', '--source', `passwd-file:${users}`];
    assert.match(await told(state.path, ...list), /joe@example\.org/);
    const weak = await told(state.path, 'passwords', 'show', 'joe@example.org');
    assert.match(weak, /guessed in under a second/);
    const keys = JSON.parse(await told(state.path, 'dkim', 'keys', '--json')) as readonly Json[];
    assert.deepEqual(
      keys.map(({ domain, selector, state: at }) => `${domain} ${selector} ${at}`).sort(),
      [
        'club.example club published',
        'club.example ed published',
        'example.org e20261128 signing',
        'example.org r20261128 signing',
        'shop.example old revoked',
      ],
    );
  });
}

test('nothing of the ledger is left out: every table of version 0.1 has rows', () => {
  using state = leftState('stopped');
  const ledger = new DatabaseSync(join(state.path, 'ledger.db'), { readOnly: true });
  const tables = ledger.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  assert.equal(tables.length, 17);
  for (const { name } of tables) {
    assert.ok(ledger.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() !== undefined, String(name));
  }
  ledger.close();
});

test('its run file is read: a guard that was killed is told from one that runs', async () => {
  using state = leftState('killed');
  const gone = await postern('status', '--state', state.path);
  assert.equal(gone.exit, 69);
  const runFile = join(state.path, 'run.json');
  const run = JSON.parse(readFileSync(runFile, 'utf8')) as Json;
  assert.deepEqual(run['doors'], {
    milter: 'inet:127.0.0.1:9900',
    policy: 'inet:127.0.0.1:9901',
    http: 'http://127.0.0.1:9902',
  });
  // Another process has that number now, and no door is open there.
  const doors = { milter: 'off', policy: 'off', http: 'off' };
  writeFileSync(runFile, JSON.stringify({ ...run, pid: process.pid, doors }));
  const off = await postern('status', '--state', state.path);
  assert.equal(off.exit, 69);
  assert.match(off.err, /its http door is off/);
});

const configurations = [
  'toml/installed.toml',
  'toml/defaults.toml',
  'toml/every-key.toml',
  'toml/server.toml',
  'connect/spamassassin/before/postern.toml',
  'connect/spamassassin/after/postern.toml',
  'connect/sendmail/before/postern.toml',
  'connect/sendmail/after/postern.toml',
] as const;

for (const name of configurations) {
  test(`its ${name} is right`, async () => {
    const checked = await postern('config', 'check', join(fixtures, name));
    assert.equal(checked.exit, 0, checked.err);
  });
}

test('in every-key.toml nothing is as it is by default', async () => {
  const shown = await postern('config', 'show', '--json', join(fixtures, 'toml/every-key.toml'));
  const all = Object.entries(JSON.parse(shown.out) as Record<string, Json>);
  const left = all.filter(([, { from }]) => from === 'default').map(([key]) => key);
  // A key that came after 0.1 is not in that file.
  assert.deepEqual(left, [
    'enforce',
    'doors.allowed_users',
    'doors.allowed_clients',
    'accounts.login_domains',
    'accounts.own_hosts',
    'suspension.held_messages_max',
    'suspension.held_megabytes_max',
    'notices.webhook_format',
    'notices.page_url',
    'notices.owners',
    'webmail.hosts',
    'webmail.users',
    'webmail.field',
    'webmail.services',
    'webmail.logs',
    'webmail.session',
    'providers.rules',
    'reflection.bounces',
    'reflection.answers',
    'reflection.own_bounces_per_hour',
    'inbound.stance',
    'inbound.wait',
    'inbound.defer_at',
    'inbound.junk_header',
    'inbound.dnsbl',
    'inbound.dnswl',
    'inbound.allow',
    'inbound.quarantine',
    'inbound.digest_at',
    'signing.foreign',
    'signing.domains',
    'signing.probation.enabled',
    'signing.probation.new_for',
    'signing.probation.expires',
    'signing.probation.ttl',
    'signing.probation.spare',
    'signing.probation.keys_max',
    'scan.clamav_evidence',
    'messages.keep',
    'messages.keep_clear',
    'probe.hosts',
    'listed.lists',
    'listed.domains',
    'checklist.items',
    'drill.account',
    'drill.password_file',
    'drill.submission',
    'drill.security',
    'drill.ping_url',
  ]);
  assert.ok(all.length >= 99);
});

test('connect spamassassin --undo gives back its postern.toml to the byte', async () => {
  using state = leftState('stopped');
  const config = join(state.path, 'postern.toml');
  cpSync(join(fixtures, 'connect/spamassassin/after/postern.toml'), config);
  const where = ['--config', config, '--state', state.path];
  const undone = await postern('connect', 'spamassassin', '--undo', '--yes', ...where);
  assert.equal(undone.exit, 0, undone.err);
  assert.deepEqual(readFileSync(config), fixture('connect/spamassassin/before/postern.toml'));
});

test('its key files sign, and what they sign verifies with the keys in its ledger', async () => {
  using state = leftState('killed');
  const message = 'From: ann@example.org\r\nSubject: Minutes\r\n\r\nHello.\r\n';
  const mail = join(state.path, 'mail.eml');
  writeFileSync(mail, message);
  const ledger = new DatabaseSync(join(state.path, 'ledger.db'), { readOnly: true });
  const keys = ledger.prepare("SELECT * FROM dkim_key WHERE state <> 'revoked'").all();
  ledger.close();
  assert.equal(keys.length, 4);
  for (const { domain, selector, file, public_key: publicKey } of keys) {
    const key = join(state.path, 'keys', String(file));
    const about = ['--key', key, '--selector', String(selector), '--domain', String(domain)];
    const signed = await postern('dkim', 'sign', mail, ...about);
    assert.equal(signed.exit, 0, signed.err);
    writeFileSync(`${mail}.signed`, signed.out.replaceAll(/\r?\n/g, '\r\n') + message);
    const zone = join(state.path, 'zone');
    const chunks = String(publicKey)
      .match(/.{1,200}/g)
      ?.map((part) => `"${part}"`)
      .join(' ');
    const kind = String(publicKey).length < 60 ? 'ed25519' : 'rsa';
    writeFileSync(
      zone,
      `${selector}._domainkey.${domain}. 60 IN TXT "v=DKIM1; k=${kind}; p=" ${chunks}\n`,
    );
    const verified = await postern('dkim', 'verify', `${mail}.signed`, '--zone', zone);
    assert.equal(verified.exit, 0, verified.out + verified.err);
  }
});

test('its postern-sendmail is recognized at an upgrade, with its places', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'postern-left-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'usr/local/lib/postern-sendmail');
  for (const name of ['sendmail', 'postern-sendmail.cjs']) {
    cpSync(join(fixtures, 'connect/sendmail/after', name), join(folder, name));
  }
  assert.match(await renewWrapper(root), /again$|up to date$/);
  assert.match(await renewWrapper(root), /up to date$/);
  const places = (text: string): string => /^runSendmail\(\{.*\}/m.exec(text)?.[0] ?? '';
  const now = readFileSync(join(folder, 'postern-sendmail.cjs'), 'utf8');
  assert.equal(
    places(now),
    places(fixture('connect/sendmail/after/postern-sendmail.cjs').toString()),
  );
  assert.match(
    readFileSync(join(folder, 'sendmail'), 'utf8'),
    /^node='\/usr\/local\/lib\/postern\//m,
  );
});
