/** Logins and smuggling, judged from main.cf and master.cf as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import type { ItemState } from '../items/item.ts';
import { type DovecotLogins, dovecotLogins } from './dovecot-logins.ts';
import { enabledJails } from './jails.ts';
import { loginItems } from './logins.ts';
import { smugglingItem, smugglingSupport } from './smuggling.ts';

const commands = { postconf: (setting: string) => `postconf -e ${setting}` };
const sasl = 'smtpd_sasl_auth_enable = yes\n';
const smtp = 'smtp inet n - y - - smtpd\n';
const submission = 'submission inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n';
const encrypted = `${submission}  -o smtpd_tls_security_level=encrypt\n`;
const wrapped = 'smtps inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n';
const closed = '127.0.0.1:587 inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n';
const imap: DovecotLogins = { doors: ['imap'], allowsCleartext: false, asksPolicy: false };

function files(main: string, master: string) {
  return { main: parseMainCf(main), master: parseMasterCf(master) };
}

type Row = readonly [
  name: string,
  main: string,
  master: string,
  dovecot: DovecotLogins | 'none' | 'unread',
  state: ItemState,
  found: RegExp,
  command: RegExp,
];
const tlsRows: readonly Row[] = [
  [
    'offered in the clear',
    `${sasl}smtpd_tls_security_level = may\n`,
    smtp,
    'none',
    'broken',
    /smtp \(smtp\)$/,
    /auth_only=yes/,
  ],
  ['offered without any TLS', sasl, smtp, 'none', 'broken', /no TLS at all/, /^$/],
  [
    'only mechanisms that hide the password',
    `${sasl}smtpd_sasl_security_options = noanonymous, noplaintext\n`,
    smtp,
    'none',
    'done',
    /asks for TLS/,
    /^$/,
  ],
  ['encrypt', '', encrypted, 'none', 'done', /asks for TLS first/, /^$/],
  ['TLS from the first byte', sasl, wrapped, 'none', 'done', /asks for TLS/, /^$/],
  ['auth only', 'smtpd_tls_auth_only = yes\n', submission, 'none', 'done', /TLS/, /^$/],
  [
    'an option of master.cf goes before main.cf',
    'smtpd_tls_auth_only = yes\n',
    `${submission}  -o smtpd_tls_auth_only=no\n`,
    'none',
    'broken',
    /submission/,
    /^$/,
  ],
  ['only loopback', '', closed, 'none', 'not needed', /no service takes logins/, /^$/],
  [
    'loopback by inet_interfaces',
    `${sasl}inet_interfaces = loopback-only\n`,
    smtp,
    'none',
    'not needed',
    /no service/,
    /^$/,
  ],
  ['no logins', '', smtp, 'none', 'not needed', /no service/, /^$/],
  [
    'Dovecot in the clear',
    '',
    smtp,
    { ...imap, allowsCleartext: true },
    'broken',
    /Dovecot takes passwords without TLS \(imap\)/,
    /^$/,
  ],
  ['Dovecot is unread', '', smtp, 'unread', 'unknown', /cannot be read/, /^$/],
];
for (const [name, main, master, dovecot, state, found, command] of tlsRows) {
  test(`TLS before AUTH: ${name}`, () => {
    const facts = { postfix: files(main, master), dovecot, jails: undefined };
    const [item] = loginItems(facts, commands);
    assert.equal(item?.state, state);
    assert.match(item.found, found);
    assert.match(item.command, command);
  });
}

test('without Postfix and Dovecot nothing is known about logins', () => {
  const facts = { postfix: undefined, dovecot: 'none', jails: undefined } as const;
  assert.deepEqual(
    loginItems(facts, commands).map(({ state }) => state),
    ['unknown', 'unknown'],
  );
});

const limitRows: readonly (readonly [
  string,
  string,
  DovecotLogins | 'none',
  readonly string[] | 'stopped' | 'unread' | undefined,
  ItemState,
  RegExp,
  RegExp,
])[] = [
  ['nothing limits', '', 'none', undefined, 'missing', /submission.*without a limit/, /rate_limit/],
  [
    'Postfix limits',
    'smtpd_client_auth_rate_limit = 20\n',
    'none',
    [],
    'done',
    /limits AUTH/,
    /^$/,
  ],
  [
    'a limit that limits nothing',
    'smtpd_client_auth_rate_limit = 5000\n',
    'none',
    [],
    'missing',
    /without a limit/,
    /rate_limit/,
  ],
  ['fail2ban for one of two', '', imap, ['postfix-sasl'], 'missing', /opens imap \(Dov/, /^$/],
  ['fail2ban for both', '', imap, ['postfix-sasl', 'dovecot'], 'done', /fail2ban: postfix/, /^$/],
  ['fail2ban that is off', '', imap, 'stopped', 'missing', /installed, but does not run/, /^$/],
  ['fail2ban that cannot be read', '', imap, 'unread', 'unknown', /cannot be read/, /^$/],
  ['a policy server', '', { ...imap, asksPolicy: true }, undefined, 'done', /policy server/, /^$/],
  [
    'clients of our own networks alone',
    'smtpd_client_restrictions = permit_mynetworks, reject\n',
    'none',
    undefined,
    'not needed',
    /no service/,
    /^$/,
  ],
];
for (const [name, main, dovecot, jails, state, found, command] of limitRows) {
  test(`guessing: ${name}`, () => {
    const facts = { postfix: files(main, encrypted), dovecot, jails };
    const item = loginItems(facts, commands)[1];
    assert.equal(item?.state, state);
    assert.match(item.found, found);
    assert.match(item.command, command);
    if (state === 'done' || state === 'missing')
      assert.match(item.found, /from where logins are usual is not known/);
  });
}

test('what doveconf -n prints, in both languages of Dovecot', () => {
  assert.deepEqual(dovecotLogins('protocols = " imap pop3"\n'.replaceAll('"', '')), {
    doors: ['imap', 'pop3'],
    allowsCleartext: false,
    asksPolicy: false,
  });
  const open = 'disable_plaintext_auth = no\nprotocols = imap\n';
  assert.equal(dovecotLogins(open).allowsCleartext, true);
  assert.equal(dovecotLogins(`${open}ssl = required\n`).allowsCleartext, false);
  assert.deepEqual(dovecotLogins(`${open}listen = 127.0.0.1, ::1\n`).doors, []);
  const new24 =
    'dovecot_config_version = 2.4.0\nauth_allow_cleartext = yes\n' +
    'auth_policy_server_url = http://localhost:4001/\nprotocols {\n  imap = yes\n  lmtp = yes\n}\n';
  assert.deepEqual(dovecotLogins(new24), {
    doors: ['imap'],
    allowsCleartext: true,
    asksPolicy: true,
  });
});

test('jails: a later file decides, and DEFAULT where a jail says nothing', () => {
  const base = '[INCLUDES]\nbefore = x\n[DEFAULT]\nenabled = false\n[sshd]\n[dovecot]\nport = 1\n';
  assert.deepEqual(enabledJails([base]), []);
  assert.deepEqual(enabledJails([base, '[dovecot]\nenabled = true\n']), ['dovecot']);
  assert.deepEqual(enabledJails([base, '[DEFAULT]\nenabled = yes\n']), ['sshd', 'dovecot']);
});

const versions = [
  ['3.9.0', 'normalize'],
  ['4.0.1', 'normalize'],
  ['3.10.2', 'normalize'],
  ['3.8.4', 'yes'],
  ['3.8.5', 'normalize'],
  ['3.7.11', 'normalize'],
  ['3.7.9', 'yes'],
  ['3.7.8', 'none'],
  ['3.4.23', 'none'],
  ['2.11.0', 'none'],
  ['20240101', 'unknown'],
] as const;
for (const [version, support] of versions) {
  test(`Postfix ${version} and bare newlines: ${support}`, () => {
    assert.equal(smugglingSupport(version), support);
  });
}

const old = 'smtpd_data_restrictions = reject_unauth_pipelining\n';
const smuggling: readonly (readonly [string, string, string, string, string, ItemState, RegExp])[] =
  [
    ['on', '', smtp, '3.9.1', 'normalize', 'done', /^$/],
    ['only logged', '', smtp, '3.9.1', 'note', 'missing', /=normalize$/],
    ['off, before normalize', '', smtp, '3.8.4', 'no', 'missing', /=yes$/],
    [
      'off for one service',
      '',
      `${smtp}  -o smtpd_forbid_bare_newline=no\n`,
      '3.9.1',
      'normalize',
      'missing',
      /^$/,
    ],
    ['postconf is silent', '', smtp, '3.9.1', '', 'unknown', /^$/],
    ['an old version', old, smtp, '3.4.20', '', 'missing', /^$/],
    [
      'an old version with both settings',
      `${old}smtpd_discard_ehlo_keywords = chunking\n`,
      smtp,
      '3.4.20',
      '',
      'done',
      /^$/,
    ],
    ['only loopback', 'inet_interfaces = 127.0.0.1\n', smtp, '3.4.20', '', 'not needed', /^$/],
    ['a strange version', '', smtp, 'x', '', 'unknown', /^$/],
  ];
for (const [name, main, master, version, bareNewline, state, command] of smuggling) {
  test(`smuggling: ${name}`, () => {
    const item = smugglingItem({ ...files(main, master), version, bareNewline }, commands);
    assert.equal(item.state, state, item.found);
    assert.match(item.command, command);
  });
}

test('without Postfix smuggling is unknown', () => {
  assert.equal(smugglingItem(undefined, commands).state, 'unknown');
});
