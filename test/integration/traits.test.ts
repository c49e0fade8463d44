/**
 * What Postfix tells of a client's program reaches the doors and the log reader: TLS, mechanism,
 * HELO, and what stands in the text. A real Postfix and Dovecot, whose main.cf sends milters no
 * macros of its own accord.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LogFact, Submission, Traits } from '../../src/core/event.ts';
import { LogFacts } from '../../src/core/logs/log-facts.ts';
import { openMilter } from '../../src/doors/milter/server.ts';
import { openPolicy } from '../../src/doors/policy/server.ts';
import { frameOf } from '../../src/formats/logs/frame.ts';
import type { Millis } from '../../src/lib/time.ts';
import { siteOf } from '../../src/partners/dns/public-suffix.ts';
import type { PolicyRequest } from '../../src/ports/message.ts';
import { acceptAll, plainPath } from '../doubles/path.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const user = 'joe@mail.test';
const password = 'secret';
const cipher = /^TLSv1\.[23] [A-Z\d_-]{10,60}$/;
const scope = new AsyncDisposableStack();
const judged: Submission[] = [];
const asked: PolicyRequest[] = [];
let dovecot: DovecotInstance;
let sink: Sink;
let postfix: PostfixInstance;

before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ptr-'));
  scope.defer(() => rm(dir, { recursive: true, force: true }));
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=mail.test'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const common = {
    clock: { now: () => Date.now() as Millis },
    count: () => undefined,
    log: () => undefined,
  };
  const gate: typeof acceptAll = {
    mayBegin: acceptAll.mayBegin,
    submit: (message, by, answer) => {
      judged.push(message);
      acceptAll.submit(message, by, answer);
    },
  };
  const loopback = { host: '127.0.0.1', port: 0 };
  const milter = await openMilter(loopback, {
    ...common,
    path: plainPath(gate),
    options: { siteOf },
  });
  scope.defer(() => milter.close());
  const handler = {
    ask: (_connection: number, one: PolicyRequest, answer: (answer: { kind: 'pass' }) => void) => {
      asked.push(one);
      answer({ kind: 'pass' });
    },
    gone: () => undefined,
  };
  const policy = await openPolicy(loopback, { ...common, handler });
  scope.defer(() => policy.close());
  dovecot = scope.use(await startDovecot({ users: { [user]: password } }));
  sink = scope.use(await startSink());
  postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      settings: {
        smtpd_milters: milter.address,
        non_smtpd_milters: milter.address,
        // An administrator, or another milter's manual, may have taken them away.
        milter_helo_macros: '',
        milter_mail_macros: 'i',
        milter_protocol: '2',
        smtpd_recipient_restrictions: `check_policy_service ${policy.address}`,
      },
      submission: {
        smtpd_tls_security_level: 'may',
        smtpd_tls_cert_file: certificate,
        smtpd_tls_key_file: key,
        smtpd_tls_loglevel: '1',
      },
    }),
  );
});
after(() => scope.disposeAsync());

const headers = [
  'Date: Sun, 29 Nov 2026 18:42:43 +0100',
  'In-Reply-To: <7@there.test>',
  'User-Agent: Mozilla Thunderbird',
  'List-Unsubscribe: <https://mail.test/u>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="b"',
];
const body = [
  ...['--b', 'Content-Type: text/html', 'Content-Transfer-Encoding: quoted-printable', ''],
  ...['<a href=3D"https://www.shop.co.uk/">=', '</a>', '--b'],
  ...['Content-Type: application/pdf; name="Bill.pdf"', '', 'x', '--b--', ''],
].join('\n');
const text = {
  inReplyTo: '7@there.test',
  mailer: 'Mozilla Thunderbird',
  zone: '+0100',
  links: ['shop.co.uk'],
  attachments: ['pdf'],
  list: true,
};

/** Hands a message in, and answers with its traits. */
async function handedIn(id: string, tls: boolean): Promise<Traits> {
  await using client = await connectSmtp(postfix.ports.submission, { user, password, tls });
  assert.equal(client.login?.code, 235);
  const sent = await client.send({ from: user, to: ['ann@world.test'], id, headers, body });
  assert.equal(sent.stage, 'done', sent.reply.text);
  return judged.at(-1)?.traits ?? assert.fail('not judged');
}

test('a login with TLS, and one without: all traits, whatever main.cf sends', async () => {
  const { tls, messageIdForm, ...others } = await handedIn('1', true);
  assert.match(tls ?? '', cipher);
  assert.equal(messageIdForm, '9@host');
  assert.deepEqual(others, { ...text, helo: 'client.test', auth: 'PLAIN' });
  const request = asked.at(-1);
  assert.deepEqual([request?.auth, request?.helo, request?.tls], ['PLAIN', 'client.test', tls]);
  const plain = await handedIn('2', false);
  assert.deepEqual([plain.tls, plain.auth, plain.helo], ['', 'PLAIN', 'client.test']);
  assert.equal(asked.at(-1)?.tls, '');
});

test('a client of the network without a login; mail of this machine', async () => {
  await using client = await connectSmtp(postfix.ports.smtp);
  const sent = await client.send({ from: user, to: ['ann@world.test'], id: '3', headers, body });
  assert.equal(sent.stage, 'done', sent.reply.text);
  const { auth, helo, tls } = judged.at(-1)?.traits ?? {};
  assert.deepEqual([auth, helo, tls], ['', 'client.test', '']);
  await postfix.sendmail({ from: user, to: ['ann@world.test'], id: '4', headers, body });
  const local = await eventually('local mail', () =>
    judged.find(({ account }) => account.startsWith('local:')),
  );
  const { messageIdForm, ...others } = local.traits ?? {};
  assert.deepEqual(others, text);
  assert.equal(messageIdForm, '9@client.test');
});

test('the logs tell of the same logins', async () => {
  const facts = new LogFacts();
  const logins = (lines: string): readonly LogFact[] =>
    lines
      .split('\n')
      .flatMap((line) => facts.read(frameOf(line), ''))
      .filter(({ kind }) => kind === 'login');
  const tls = judged[0]?.traits?.tls ?? '';
  const of = { kind: 'login', account: user, client: '127.0.0.1', ok: true, times: 1 };
  const smtp = { ...of, protocol: 'smtp', auth: 'PLAIN' };
  assert.deepEqual(logins(await postfix.log()), [{ ...smtp, tls }, smtp]);
  const socket = connect(dovecot.imapPort, '127.0.0.1');
  socket.write(`a LOGIN ${user} ${password}\r\nb LOGOUT\r\n`);
  const inDovecot = await eventually('a login of Dovecot', async () => {
    const found = logins(await dovecot.log());
    return found.length > 0 ? found : undefined;
  });
  socket.destroy();
  assert.deepEqual(inDovecot, [{ ...of, protocol: 'imap', auth: 'PLAIN' }]);
});
