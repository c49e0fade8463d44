/**
 * Who wrote to people here: mail comes in at port 25 of a real Postfix and is checked against a
 * name server that answers from a script. People who prove their domain become known to the mailbox
 * that they wrote to; forged, bounced and repeated mail makes nobody known. It stays so over
 * kill -9, and a person who is forgotten is gone.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../src/lib/private-key.ts';
import type { AccountView } from '../../src/ports/admin.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { friend, friendZone, stranger } from './inbound-mail.ts';
import { eventually } from './leash.ts';
import { connectSmtp, type TestMessage } from './smtp-client.ts';

const ann = 'ann@mail.test';
const bob = 'bob@mail.test';
const friends = ['x1@known.example', 'x2@known.example', 'x3@known.example'];

const scope = new AsyncDisposableStack();
let server: GuardedServer;
let key: PrivateKey;

before(async () => {
  const opened = openPrivateKey(await makeKeyPair('rsa'));
  assert.ok(opened.ok);
  key = opened.value;
  const record: DnsRecord = {
    name: 'k._domainkey.signed.example',
    ttlSeconds: 0,
    type: 'TXT',
    strings: txtStrings(`v=DKIM1; k=rsa; p=${key.publicKey}`),
  };
  const dns = scope.use(await openScriptedDns([...friendZone, record]));
  server = scope.use(
    await startGuardedServer({
      people: [ann, bob].map((account) => ({ account, friends })),
      config: `
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
deadline = "20s"
trusted_networks = ["127.0.0.9"]
`,
    }),
  );
});
after(() => scope.disposeAsync());

let messages = 0;

/** A message comes in. Answers once it was delivered. */
async function comesIn(
  client: string,
  more: Pick<TestMessage, 'from' | 'to'> & Partial<TestMessage>,
): Promise<void> {
  const id = `in${++messages}`;
  await using smtp = await connectSmtp(server.postfix.ports.smtp, { localAddress: client });
  const sent = await smtp.send({ body: 'Hello.\r\n', id, ...more });
  assert.equal(sent.stage, 'done', sent.reply.text);
  const told = more.id ?? id;
  await server.sink.until(() => server.sink.recipients(told).length >= more.to.length, told);
}

/** A signature of signed.example over From, To, Subject. */
async function signature(message: TestMessage): Promise<string> {
  const signer = openSigner({ lineLengthLimit: 998 });
  const { body = '', from, id, to } = message;
  signer.header('From', ` <${from}>`);
  signer.header('To', ` <${to[0] ?? ''}>`);
  signer.header('Subject', ' a test');
  signer.header('Message-Id', ` <${id}@client.test>`);
  signer.body(Buffer.from(body), 0, body.length);
  const by = { domain: 'signed.example', selector: 'k', algorithm: 'rsa-sha256' } as const;
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [{ ...by, sign: key.sign }], now: Date.now() }, (fault, [field]) => {
      if (fault !== undefined || field === undefined) reject(fault);
      else resolve(`${field.name}:${field.value.replaceAll('\n', '\r\n')}`);
    });
  });
}

async function wroteTo(account: string): Promise<number | undefined> {
  const said = await server.guard.cli('accounts', 'show', account, '--json');
  return (JSON.parse(said) as { account: AccountView }).account.wroteFirst;
}

function until(account: string, wanted: number): Promise<true> {
  return eventually(
    `${wanted} have written to ${account}`,
    async () => (await wroteTo(account)) === wanted || undefined,
    { detail: async () => String(await wroteTo(account)) },
  );
}

test('people who prove their domain are known to the mailbox that they wrote to', async () => {
  assert.equal(await wroteTo(ann), 0);
  await comesIn(friend, { from: 'carol@friend.example', to: [ann] });
  await comesIn(friend, { from: 'carol@friend.example', to: [ann], subject: 'again' });
  const signed = { from: 'eve@signed.example', to: [ann], id: 'signed', body: 'Hello.\r\n' };
  await comesIn(stranger, { ...signed, headers: [await signature(signed)] });
  await until(ann, 2);
  assert.equal(await wroteTo(bob), 0);
});

test('forged, returned, automatic and repeated mail makes nobody known', async () => {
  // The same signed message, sent once more, to somebody else.
  const again = { from: 'eve@signed.example', to: [ann], id: 'signed', body: 'Hello.\r\n' };
  const headers = [await signature(again)];
  await using smtp = await connectSmtp(server.postfix.ports.smtp, { localAddress: stranger });
  const text = [
    ...headers,
    'From: <eve@signed.example>',
    `To: <${ann}>`,
    'Subject: a test',
    'Message-Id: <signed@client.test>',
    '',
    'Hello.',
    '',
  ].join('\r\n');
  const said = await smtp.sendOctets({ from: 'thief@evil.example', to: bob, text });
  assert.equal(said.code, 250, said.text);
  await comesIn(stranger, { from: 'mallory@friend.example', to: [bob] });
  await comesIn(friend, { from: '', to: [bob], headers: ['From: daemon@friend.example'] });
  const vacation = ['Auto-Submitted: auto-replied'];
  await comesIn(friend, { from: 'away@friend.example', to: [bob], headers: vacation });
  // What comes later has been noted later.
  await comesIn(friend, { from: 'last@friend.example', to: [bob] });
  await until(bob, 1);
});

/** What the account's mail counts for after it has answered these people, one by one. */
async function evidenceAfter(account: string, answered: readonly string[]): Promise<number> {
  await using client = await server.login(account);
  for (const [nth, to] of answered.entries()) {
    const sent = await client.send({ from: account, to: [to], id: `re-${account}-${nth}` });
    assert.equal(sent.stage, 'done', sent.reply.text);
  }
  const said = await server.guard.cli('accounts', 'show', account, '--json');
  return (JSON.parse(said) as { account: AccountView }).account.evidence;
}

test('who wrote is answered as no stranger; a forged sender is a stranger', async () => {
  const answers = await evidenceAfter(ann, ['carol@friend.example', 'eve@signed.example']);
  const strangers = await evidenceAfter(bob, ['mallory@friend.example', 'away@friend.example']);
  assert.ok(answers < strangers / 2, `${answers} against ${strangers}`);
});

test('what is known outlives kill -9; who is forgotten is gone', async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  server.guard = await server.startGuard();
  assert.deepEqual([await wroteTo(ann), await wroteTo(bob)], [2, 1]);
  const said = await server.guard.cli('forget', 'carol@friend.example');
  assert.match(said, /removed/);
  assert.deepEqual([await wroteTo(ann), await wroteTo(bob)], [1, 1]);
});
