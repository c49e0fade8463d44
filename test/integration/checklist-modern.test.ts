/**
 * Modern measures of the checklist, with the real postconf, doveconf and BIND: what is found, that
 * a printed command moves its item and no other, and that a domain that changes hands is noticed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { modernItems } from '../../src/commands/checklist/modern/gather.ts';
import { loadConfig } from '../../src/commands/config/load-config.ts';
import type { ChecklistItem } from '../../src/core/checklist/items/item.ts';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { Change } from '../../src/ports/ledger.ts';
import { postern } from '../command-line.ts';
import { type NamedInstance, startNamed, updateServer } from './named-instance.ts';

/** A zone with one name server, and these lines. */
function zone(name: string, server: string, ...lines: readonly string[]): string {
  const soa = `@ IN SOA ${server}. root.${name}. 1 3600 600 86400 1`;
  return [`$ORIGIN ${name}.`, '$TTL 1', soa, `@ IN NS ${server}.`, ...lines, ''].join('\n');
}

const run = promisify(execFile);

let dir: string;
let named: NamedInstance;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pcm-'));
  named = await startNamed({
    zones: {
      'a.test': zone(
        'a.test',
        'ns.a.test',
        'ns IN A 127.0.0.1',
        '@ IN TXT "v=spf1 include:spf.other.example -all"',
      ),
      'other.example': zone(
        'other.example',
        'ns.dns.example',
        'spf IN TXT "v=spf1 ip4:192.0.2.0/24 -all"',
      ),
      example: zone('example', 'ns.dns.example', 'ns.dns IN A 127.0.0.1'),
      'zen.spamhaus.org': zone('zen.spamhaus.org', 'ns.dns.example', '2.0.0.127 IN A 127.0.0.2'),
      'dbl.spamhaus.org': zone('dbl.spamhaus.org', 'ns.dns.example', 'dbltest.com IN A 127.0.1.2'),
    },
  });
  for (const name of ['etc', 'state', 'fail2ban', 'queue', 'data']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'fail2ban', 'jail.conf'), '[DEFAULT]\nenabled = false\n[dovecot]\n');
  writeFileSync(join(dir, 'opendkim.conf'), 'Mode sv\nSocket inet:8891@localhost\n');
  writeFileSync(
    join(dir, 'dovecot.conf'),
    'disable_plaintext_auth = no\nprotocols = imap\nssl = yes\nmail_location = mbox:~/mail\n',
  );
  writeFileSync(
    join(dir, 'virtual'),
    'joe@a.test joe@gmail.com\nann@a.test ann@mail.a.test\nall@a.test joe@a.test, x@web.example\n',
  );
  write('main.cf', mainCf);
  write('master.cf', 'smtp inet n - y - - smtpd\nsmtp unix - - y - - smtp\n');
  writeFileSync(
    join(dir, 'postern.toml'),
    `[accounts]\ndefault_domain = "a.test"\n[dns]\nservers = ["${updateServer(named)}"]\n` +
      `[dovecot]\nconfig = "${join(dir, 'dovecot.conf')}"\n` +
      '[identity]\naddresses = ["192.0.2.25"]\n' +
      '[listed]\nlists = ["zen.spamhaus.org", "dbl.spamhaus.org"]\n',
  );
});
after(async () => {
  await named?.[Symbol.asyncDispose]();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  const folders = `queue_directory = ${dir}/queue\ndata_directory = ${dir}/data\n`;
  const start = name === 'main.cf' ? `compatibility_level = 3.6\n${folders}` : '';
  writeFileSync(join(dir, 'etc', name), `${start}${text}`);
}

const bad = [
  'smtpd_sasl_auth_enable = yes',
  'smtpd_tls_security_level = may',
  'smtpd_milters = inet:localhost:8891',
].join('\n');
const rest = (): string =>
  `virtual_alias_domains = a.test, mail.a.test\nvirtual_alias_maps = texthash:${dir}/virtual\n` +
  'alias_maps =\nmydestination = localhost\n';
let mainCf = '';

async function look(now = 1_800_000_000_000): Promise<ReadonlyMap<string, ChecklistItem>> {
  const { config } = loadConfig(join(dir, 'postern.toml'));
  const folder = join(dir, 'etc');
  const items = await modernItems({
    config,
    state: join(dir, 'state'),
    configDir: folder,
    domains: [],
    commands: { postconf: (setting) => `postconf -c ${folder} -e '${setting}'` },
    now: now as Millis,
    places: {
      fail2ban: { folder: join(dir, 'fail2ban'), socket: join(dir, 'state') },
      signers: { opendkim: join(dir, 'opendkim.conf'), rspamd: join(dir, 'none') },
    },
  });
  return new Map(items.map((item) => [item.id, item]));
}

const states = (items: ReadonlyMap<string, ChecklistItem>): Record<string, string> =>
  Object.fromEntries([...items].map(([id, { state }]) => [id, state]));

test('what is wrong is found, with names and numbers', async () => {
  mainCf = `${bad}\n${rest()}`;
  write('main.cf', mainCf);
  const items = await look();
  assert.deepEqual(states(items), {
    'logins.tls-only': 'broken',
    'logins.limited': 'missing',
    'mail.smuggling': 'missing',
    'signing.replay': 'missing',
    'mail.one-click': 'not needed',
    'dns.outside-names': 'done',
    'mail.forwards': 'missing',
    'dns.listed': 'done',
  });
  const found = (id: string): string => items.get(id)?.found ?? '';
  assert.match(found('logins.tls-only'), /AUTH without TLS at smtp .*Dovecot takes passwords/);
  assert.match(found('mail.forwards'), /^2 addresses .*gmail\.com \(1\), web\.example \(1\)/);
  assert.match(found('signing.replay'), /OpenDKIM signs, from, to, cc, subject, reply-to/);
  assert.match(found('dns.listed'), /^2 of ours on none of the 2 lists/);
  assert.match(found('dns.outside-names'), /^other\.example: .*nothing is remembered yet/);
});

test('the printed command moves its item and no other', async () => {
  writeFileSync(
    join(dir, 'dovecot.conf'),
    'protocols = imap\nssl = yes\nmail_location = mbox:~/\n',
  );
  writeFileSync(join(dir, 'fail2ban', 'jail.local'), '[dovecot]\nenabled = true\n');
  let before = await look();
  const withCommand = [...before.values()].filter(({ command }) => command !== '');
  assert.deepEqual(
    withCommand.map(({ id }) => id),
    ['logins.tls-only', 'logins.limited', 'mail.smuggling'],
  );
  for (const { id, command } of withCommand) {
    await run('/bin/sh', ['-c', command]);
    const now = await look();
    assert.equal(now.get(id)?.state, 'done', now.get(id)?.found);
    assert.deepEqual({ ...states(now), [id]: '' }, { ...states(before), [id]: '' });
    before = now;
  }
});

test('a domain of others in our SPF that changes hands is told, and dead names too', async () => {
  const memory = join(dir, 'state', 'outside-domains.json');
  assert.equal(statSync(memory).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(memory, 'utf8'))['other.example'].servers, [
    'dns.example',
  ]);
  const update = async (...lines: readonly string[]): Promise<void> => {
    const file = join(dir, 'update');
    const [address = '', port = ''] = serverText(named.server).split(':');
    writeFileSync(file, [`server ${address} ${port}`, ...lines, 'send', ''].join('\n'));
    await run('/usr/bin/nsupdate', ['-k', named.keyFile, file]);
  };
  await update(
    'update add other.example. 1 NS ns.taken.example.',
    'update delete other.example. NS ns.dns.example.',
  );
  const taken = (await look()).get('dns.outside-names');
  assert.equal(taken?.state, 'broken');
  assert.match(taken.found, /other\.example .*other name servers.*taken\.example, before dns\.ex/);

  await update(
    'update delete a.test. TXT',
    'update add a.test. 1 TXT "v=spf1 include:spf.gone.example -all"',
    'update add s1._domainkey.a.test. 1 CNAME s1.gone.example.',
  );
  const dead = (await look()).get('dns.outside-names');
  assert.equal(dead?.state, 'broken');
  assert.match(dead.found, /include:spf\.gone\.example in the SPF record of a\.test leads nowhere/);
  assert.match(dead.found, /s1\._domainkey\.a\.test is an alias of s1\.gone\.example/);
  assert.match(dead.found, /gone\.example .*is not registered/);
});

test('one click is counted of the mail of bulk senders, and of domains below theirs', async () => {
  const at = 1_800_000_000_000 as Millis;
  const before = { messages: 0, offered: 0, oneClick: 0 };
  const row = (domain: string, oneClick: number): Change => ({
    kind: 'sending-domain',
    row: {
      domain,
      firstAt: Date.now() as Millis,
      lastAt: Date.now() as Millis,
      messages: 900,
      signed: 900,
      signedBy: domain,
      unsubscribe: { since: at, messages: 900, offered: 600, oneClick, before },
    },
  });
  const bulk = { domain: 'a.test', provider: 'google', day: 1, today: 1, busiestDay: 1 };
  const lanes = { lanes: [], samples: [], changes: [], replies: [], place: undefined };
  const big = { ...bulk, messagesADay: 4_000, passedAt: undefined, toldAt: undefined };
  {
    const ledger = openLedger(join(dir, 'state', 'ledger.db'));
    ledger.write([{ kind: 'lanes', row: { ...lanes, bulk: [big] } }], { durable: true });
    ledger.write([row('a.test', 600), row('news.a.test', 10)], { durable: true });
    ledger.close();
  }
  const item = (await look()).get('mail.one-click');
  assert.equal(item?.state, 'missing');
  assert.match(item.found, /a\.test: of 1200 messages with List-Unsubscribe, 610 have one click/);
});

test('postern checklist shows them, also without the guard', async () => {
  const where = ['--state', join(dir, 'state'), '--config', join(dir, 'postern.toml')];
  const folder = ['--config-dir', join(dir, 'etc'), '--no-probe', '--json'];
  const ran = await postern('checklist', 'show', 'mail.forwards', ...where, ...folder);
  process.exitCode = 0;
  const { items } = JSON.parse(ran.out) as { items: readonly ChecklistItem[] };
  assert.deepEqual(
    items.map(({ id, state }) => [id, state]),
    [['mail.forwards', 'missing']],
  );
});
