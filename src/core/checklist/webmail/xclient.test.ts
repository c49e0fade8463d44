/** Who may use XCLIENT and XFORWARD, judged from main.cf and master.cf as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import { checkXclient, isXclientOpen } from './xclient.ts';

const smtp = 'smtp inet n - y - - smtpd\n';
const back =
  '127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8\n';
const loopback = '  -o smtpd_authorized_xclient_hosts=127.0.0.1\n';
const key =
  '127.0.0.1:10587 inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n' +
  `  -o smtpd_tls_CAfile=/etc/postfix/own.pem\n${loopback}`;
const asks = '  -o smtpd_tls_req_ccert=yes\n';

function facts(main: string, master: string) {
  return { main: parseMainCf(main), master: parseMasterCf(master), own: ['198.51.100.5', '::1'] };
}

type Row = readonly [string, string, string, kind: string, found: RegExp, fix: RegExp];
const rows: readonly Row[] = [
  ['off', '', smtp, 'ok', /^off, as by default/, /^$/],
  [
    'loopback by mynetworks',
    'mynetworks = 127.0.0.0/8\nsmtpd_authorized_xclient_hosts = $mynetworks\n',
    smtp,
    'fail',
    /127\.0\.0\.0\/8 at smtp/,
    /^postconf -e smtpd_authorized_xclient_hosts=\npostfix reload\n/,
  ],
  [
    'localhost by name',
    '',
    `${smtp}  -o smtpd_authorized_xclient_hosts=localhost\n`,
    'fail',
    /./,
    /-o/,
  ],
  ['loopback of IPv6', 'smtpd_authorized_xclient_hosts = [::1]\n', smtp, 'fail', /::1/, /./],
  [
    'an address of this machine',
    'smtpd_authorized_xclient_hosts = 198.51.100.5\n',
    smtp,
    'fail',
    /198\.51\.100\.5/,
    /./,
  ],
  [
    'the name of this machine',
    'myhostname = mail.example\nsmtpd_authorized_xclient_hosts = Mail.Example\n',
    smtp,
    'fail',
    /Mail\.Example/,
    /./,
  ],
  [
    'a network, in master.cf',
    '',
    `${smtp}  -o smtpd_authorized_xclient_hosts=10.0.0.0/24\n`,
    'fail',
    /10\.0\.0\.0\/24/,
    /^remove -o smtpd_authorized_xclient_hosts=… from smtp in master\.cf\npostfix reload/,
  ],
  ['everybody', 'smtpd_authorized_xclient_hosts = static:all\n', smtp, 'fail', /static:all/, /./],
  [
    'one other host',
    'smtpd_authorized_xclient_hosts = 192.0.2.7\n',
    smtp,
    'ok',
    /192\.0\.2\.7/,
    /^$/,
  ],
  ['a table', 'smtpd_authorized_xclient_hosts = cidr:/x\n', smtp, 'unknown', /not read/, /table/],
  ['loopback with a client certificate', '', key + asks, 'ok', /only 127\.0\.0\.1 at 127/, /^$/],
  ['a certificate that is only asked for', '', key, 'fail', /10587/, /./],
  [
    'a certificate of any public authority',
    'smtpd_tls_CApath = /etc/ssl/certs\n',
    key + asks,
    'fail',
    /10587/,
    /./,
  ],
  [
    'a certificate, and STARTTLS only',
    '',
    (key + asks).replace('wrappermode=yes', 'wrappermode=no'),
    'fail',
    /10587/,
    /./,
  ],
  [
    'a socket in a folder of Postfix',
    '',
    `web unix y - n - - smtpd\n${loopback}`,
    'ok',
    /web/,
    /^$/,
  ],
];
for (const [name, main, master, kind, found, fix] of rows) {
  test(`XCLIENT: ${name}`, () => {
    const [finding] = checkXclient(facts(main, master));
    assert.equal(finding?.id, 'postfix.xclient');
    assert.equal(finding.kind, kind, finding.found);
    assert.match(finding.found, found);
    assert.match(finding.fix, fix);
    assert.equal(isXclientOpen(facts(main, master)), kind === 'fail');
    const helps = kind === 'fail' && !master.includes('xclient');
    const command = { postconf: 'smtpd_authorized_xclient_hosts=' };
    assert.deepEqual(finding.command, helps ? command : undefined);
  });
}

const forwards: readonly Row[] = [
  ['off', '', smtp, 'ok', /^off/, /^$/],
  [
    'where a filter returns mail',
    '',
    `${back}  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n`,
    'ok',
    /filter/,
    /^$/,
  ],
  [
    'elsewhere',
    'smtpd_authorized_xforward_hosts = 127.0.0.0/8\n',
    smtp,
    'warn',
    /127\.0\.0\.0\/8 at smtp/,
    /^postconf -e smtpd_authorized_xforward_hosts=\npostfix reload$/,
  ],
];
for (const [name, main, master, kind, found, fix] of forwards) {
  test(`XFORWARD: ${name}`, () => {
    const [, finding] = checkXclient(facts(main, master));
    assert.equal(finding?.id, 'postfix.xforward');
    assert.equal(finding.kind, kind, finding.found);
    assert.match(finding.found, found);
    assert.match(finding.fix, fix);
  });
}
