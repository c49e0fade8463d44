/**
 * The guard signs what leaves through a real Postfix: by submission, sendmail(1), cron(8), from the
 * null sender, held and released, bounced by Postfix itself; each with the keys of its author. What
 * comes in, it does not sign.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { noNameServer, writeSigningKeys } from '../../bench/signing-keys.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import type { SendingDomainRow } from '../../src/ports/ledger.ts';
import { runCron } from './cron-once.ts';
import { messageFolder } from './dkim-verifiers.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { openDkimVerify } from './opendkim-verify.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';
import type { Delivery } from './smtp-sink.ts';

const [person = { account: '', friends: [] }] = people(1);
const [friend = ''] = person.friends;

let server: GuardedServer;
let records: Readonly<Record<string, string>>;

before(async () => {
  server = await startGuardedServer({
    people: [person],
    keepMessages: true,
    refuse: (recipient) =>
      recipient === 'nobody@world.test' ? '550 5.1.1 no such user' : undefined,
    config: `${noNameServer}[ceilings]\nmessage_recipients = 4\n
[signing]\nidentity = "mail.test"\n[signing.domains]\n"quiet.test" = "off"\n`,
    async prepare(state) {
      const domains = ['example.test', 'second.test', 'mail.test'];
      const keys = domains.flatMap((domain) => [
        { domain, selector: 'r1', type: 'rsa' } as const,
        { domain, selector: 'e1', type: 'ed25519' } as const,
      ]);
      const made = keys.map(async (key) => ({ ...key, privateKey: await makeKeyPair(key.type) }));
      records = writeSigningKeys(state, await Promise.all(made));
    },
  });
  await server.guard.cli('accounts', 'may-write-as', '--observe', 'off');
  for (const [account, domain] of [
    [person.account, '@second.test'],
    ['local:*', '@second.test'],
    ['client:127.0.0.1', '@example.test'],
  ] as const) {
    await server.guard.cli('accounts', 'may-write-as', account, domain);
  }
});
after(() => server?.[Symbol.asyncDispose]());

async function delivered(id: string): Promise<Delivery> {
  await server.sink.until(() => server.sink.recipients(id).length > 0, id);
  const found = server.sink.deliveries.find((one) => one.id === id);
  assert.ok(found !== undefined);
  return found;
}

/** Names of its header fields, in order. */
const fields = ({ headers }: Delivery): readonly string[] =>
  [...headers.matchAll(/^([!-9;-~]+):/gm)].map(([, name = '']) => name.toLowerCase());

/**
 * Signed by both keys of this domain alone, as three programs of others say; and where it belongs.
 */
async function signedBy(delivery: Delivery, domain: string): Promise<void> {
  const message = Buffer.from(delivery.message, 'latin1');
  await using folder = await messageFolder();
  await folder.put('it', message);
  const perl = (await folder.verify('Mail::DKIM', records)).get('it') ?? [];
  const python = (await folder.verify('dkimpy', records)).get('it') ?? [];
  const opendkim = (await openDkimVerify(new Map([['it', message]]), records)).get('it');
  const text = (one: { domain: string; selector: string; result: string }): string =>
    `${one.selector} of ${one.domain}: ${one.result}`;
  const both = [`e1 of ${domain}: pass`, `r1 of ${domain}: pass`];
  assert.deepEqual(python.map(text).sort(), both);
  // Mail::DKIM knows no Ed25519.
  assert.deepEqual(perl.filter(({ selector }) => selector === 'r1').map(text), both.slice(1));
  assert.equal(opendkim?.result, 'pass');
  // Right below what the mail server itself puts on top.
  assert.deepEqual(fields(delivery).slice(0, 3), ['received', 'dkim-signature', 'dkim-signature']);
}

function notSigned(delivery: Delivery): void {
  assert.ok(!fields(delivery).includes('dkim-signature'), delivery.headers);
}

/** By sendmail(1), recipients and all from the message. */
async function sendmail(text: string, ...args: readonly string[]): Promise<void> {
  const words = ['-C', server.postfix.configDirectory, '-i', ...args];
  const child = spawn('/usr/sbin/sendmail', words, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
}

const froms = [
  ['his own domain', person.account, 'example.test'],
  ['another domain of ours', 'joe@second.test', 'second.test'],
  ['a domain below', 'joe@deep.down.example.test', 'example.test'],
  ['a domain that has no key', 'joe@elsewhere.test', 'mail.test'],
] as const;
for (const [index, [name, from, domain]] of froms.entries()) {
  test(`by submission, From ${name}: signed by ${domain}`, async () => {
    await using client = await server.login(person.account);
    const id = `submission-${index}`;
    const testMessage = { from: person.account, to: friend, mailArguments: '' };
    const text = `From: Somebody <${from}>\r\nX-Test-Id: ${id}\r\n\r\nHello,  there.\r\n\r\n`;
    assert.equal((await client.sendOctets({ ...testMessage, text })).code, 250);
    await signedBy(await delivered(id), domain);
  });
}

test('by submission, From a domain that is not to be signed', async () => {
  await using client = await server.login(person.account);
  const text = 'From: a@quiet.test\r\nX-Test-Id: quiet\r\n\r\nHello.\r\n';
  await client.sendOctets({ from: person.account, to: friend, text });
  notSigned(await delivered('quiet'));
});

test('From another’s address that it may not use: not signed, and explained', async () => {
  const before = server.sink.deliveries.length;
  const text = 'From: boss@example.test\nTo: a@world.test\nX-Test-Id: foreign\n\nPay this.\n';
  await sendmail(text, '-t', '-f', 'web@second.test');
  const delivery = await delivered('foreign');
  notSigned(delivery);
  assert.equal(server.sink.deliveries.length, before + 1);
  const [, id = ''] =
    /by mail\.test \(Postfix[^)]*\)[^\n]*\n?\s*id (\w+)/.exec(delivery.headers) ?? [];
  const said = await server.guard.cli('explain', id);
  assert.match(said, /no DKIM signature of this server: nothing on this server allows local:web@/);
  assert.match(
    said,
    /To allow it: {2}(?:\.\/)?postern accounts may-write-as local:web@second\.test boss@/,
  );
});

/**
 * Header lines of a login of example.test. Programs show an author of mail.test in each, or Postfix
 * adds that domain.
 */
const tricks: readonly (readonly [name: string, header: string])[] = [
  ['another author', 'From: boss@mail.test'],
  ['a blank before the colon', 'From : boss@mail.test'],
  [
    'a tab before the colon, besides an own one',
    `From: ${person.account}\r\nFrom\t: boss@mail.test`,
  ],
  ['two fields', `From: ${person.account}\r\nFrom: boss@mail.test`],
  ['several authors', `From: ${person.account}, boss@mail.test`],
  ['a group', `From: Staff: ${person.account}, boss@mail.test;`],
  ['a zero octet', 'From: boss@mail.test\0 <joe@example.test>'],
  ['octets that are no UTF-8', 'From: \xff\xfe <boss@mail.test>'],
  ['folded', 'From: Boss\r\n <boss@mail.test>'],
  ['an encoded word', 'From: =?utf-8?q?boss=40mail=2Etest?='],
  ['no domain', 'From: boss'],
];
for (const [nth, [name, header]] of tricks.entries()) {
  test(`by submission, From with ${name}: no signature of the other domain`, async () => {
    await using client = await server.login(person.account);
    const id = `trick-${nth}`;
    const text = `X-Test-Id: ${id}\r\n${header}\r\nSubject: pay\r\n\r\nNow.\r\n`;
    assert.equal((await client.sendOctets({ from: person.account, to: friend, text })).code, 250);
    notSigned(await delivered(id));
  });
}

test('by sendmail -t, without From, Date and Message-ID of its own', async () => {
  await sendmail('To: a@world.test\nSubject: script\nX-Test-Id: script\n\nHello\n', '-t');
  await signedBy(await delivered('script'), 'mail.test');
});

test('by sendmail -t, From another domain, Bcc, and no line end at the end', async () => {
  const text =
    'From: web@second.test\nTo: a@world.test\nBcc: b@world.test\nX-Test-Id: bcc\n\nHello ';
  await sendmail(text, '-t', '-f', 'web@second.test');
  const delivery = await delivered('bcc');
  assert.ok(!fields(delivery).includes('bcc'));
  await signedBy(delivery, 'second.test');
});

test('by cron(8)', async () => {
  await using cron = await runCron(server.postfix.configDirectory, {
    mailTo: 'admin@world.test',
    command: 'echo done',
  });
  const isCrons = (one: Delivery): boolean => /^Subject: Cron .*echo done/m.test(one.headers);
  await server.sink
    .until(() => server.sink.deliveries.some(isCrons), 'mail of cron')
    .catch((error: unknown) => assert.fail(`${error}: ${cron.output()}`));
  const delivery = server.sink.deliveries.find(isCrons);
  assert.ok(delivery !== undefined);
  assert.deepEqual(delivery.to, ['admin@world.test']);
  await signedBy(delivery, 'mail.test');
});

test('from the null sender', async () => {
  await using client = await connectSmtp(server.postfix.ports.smtp);
  const text =
    `From: ${person.account}\r\nAuto-Submitted: auto-replied\r\nX-Test-Id: ` +
    'null\r\n\r\nAway.\r\n';
  assert.equal((await client.sendOctets({ from: '', to: 'a@world.test', text })).code, 250);
  const delivery = await delivered('null');
  assert.equal(delivery.from, '');
  await signedBy(delivery, 'example.test');
});

test('mail that comes in is not signed, least of all with our name forged', async () => {
  await using client = await connectSmtp(server.postfix.ports.smtp, { localAddress: '127.66.1.1' });
  for (const [id, from] of [
    ['inbound', 'stranger@world.test'],
    ['forged', person.account],
  ] as const) {
    const sent = await client.send({ from, to: ['joe@mail.test'], id });
    assert.equal(sent.stage, 'done');
    notSigned(await delivered(id));
  }
});

test('held mail is signed before it is held: a release does not come past us again', async () => {
  const to = [1, 2, 3, 4, 5].map((nth) => `list${nth}@world.test`);
  const header = `From: news@second.test\nTo: ${to.join(', ')}\nX-Test-Id: held\n\n`;
  await sendmail(`${header}News.\n`, '-t');
  const [id = ''] = await eventually('it is on hold', async () => {
    const held = (await server.postfix.queue()).filter((one) => one.queue_name === 'hold');
    return held.length > 0 ? held.map(({ queue_id }) => queue_id) : undefined;
  });
  await server.postfix.tool('postsuper', '-H', id);
  await server.postfix.flush();
  await signedBy(await delivered('held'), 'second.test');
});

test('bounces made by Postfix are signed, if Postfix shows them to filters', async () => {
  await server.postfix.set({ internal_mail_filter_classes: 'bounce' });
  await reloaded(server.postfix);
  await using client = await connectSmtp(server.postfix.ports.smtp);
  const sent = await client.send({ from: 'far@world.test', to: ['nobody@world.test'], id: 'lost' });
  assert.equal(sent.stage, 'done');
  const isBounce = (one: Delivery): boolean =>
    one.from === '' && /^Subject: Undelivered Mail/m.test(one.headers);
  await server.sink.until(() => server.sink.deliveries.some(isBounce), 'a bounce');
  const bounce = server.sink.deliveries.find(isBounce);
  assert.ok(bounce !== undefined);
  assert.deepEqual(bounce.to, ['far@world.test']);
  await signedBy(bounce, 'mail.test');
});

test('Postfix saw no malformed answer, and the figures add up', async () => {
  const log = await server.postfix.log();
  assert.doesNotMatch(log, /warning: milter|malformed|unexpected/);
  const count = (result: string): Promise<number> =>
    server.guard.metric(`postern_signing_total{result="${result}"}`);
  assert.equal(await count('off'), 1);
  assert.equal(await count('failed'), 0);
  assert.equal(await count('no-key'), 0);
  assert.ok((await count('signed')) >= 11);
});

test('the ledger remembers which From domains are sent, and who signs them', async () => {
  const ledger = openLedger(join(server.state, 'ledger.db'), { readOnly: true });
  const written = (name: string): Promise<SendingDomainRow> =>
    eventually(`${name} is written`, async () =>
      ledger.sendingDomains(99).find(({ domain }) => domain === name),
    );
  const row = await written('deep.down.example.test');
  assert.deepEqual([row.messages, row.signed, row.signedBy], [1, 1, 'example.test']);
  const quiet = await written('quiet.test');
  assert.deepEqual([quiet.messages, quiet.signed, quiet.signedBy], [1, 0, '']);
  ledger.close();
});
