/**
 * Mail that comes in through a real Postfix, checked against a name server that answers from a
 * script: what is delivered has one Authentication-Results field that says what was found, and none
 * that was forged; whatever the DNS does, the mail arrives.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../src/lib/private-key.ts';
import { openScriptedDns, type ScriptedDns } from '../doubles/dns-server.ts';
import { type GuardInstance, inet, startGuard } from './guard-instance.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp, type TestMessage } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const run = promisify(execFile);
/** Longer than a busy machine needs. */
const generousMs = 20_000;
/** The client that example.org sends through, and one that it does not. */
const good = '127.0.0.5';
const stranger = '127.0.0.6';

type World = {
  readonly key: PrivateKey;
  readonly dns: ScriptedDns;
  readonly sink: Sink;
  readonly postfix: PostfixInstance;
  readonly guard: GuardInstance;
};
let world: World;
const scope = new AsyncDisposableStack();

before(async () => {
  const opened = openPrivateKey(await makeKeyPair('rsa'));
  assert.ok(opened.ok);
  const dns = scope.use(await openScriptedDns(zone(opened.value.publicKey)));
  const sink = scope.use(await startSink({ keepBodies: true }));
  const postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      smtp: { smtpd_relay_restrictions: 'permit_auth_destination,reject' },
    }),
  );
  const guard = scope.use(await verifyingGuard(dns, generousMs));
  await askedBy(postfix, guard);
  world = { key: opened.value, dns, sink, postfix, guard };
});
after(() => scope.disposeAsync());

function verifyingGuard(dns: ScriptedDns, deadlineMs: number): Promise<GuardInstance> {
  return startGuard({
    config: `
host = "mx.test"
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
deadline = "${deadlineMs / 1_000}s"
trusted_networks = ["127.0.0.9"]
[mail_log]
source = "off"
[log]
level = "debug"
`,
  });
}

async function askedBy(postfix: PostfixInstance, guard: GuardInstance): Promise<void> {
  const { port } = inet(guard.doors.milter);
  await postfix.set({
    smtpd_milters: `inet:127.0.0.1:${port}`,
    non_smtpd_milters: `inet:127.0.0.1:${port}`,
    milter_default_action: 'tempfail',
  });
  await reloaded(postfix);
}

function zone(publicKey: string): readonly DnsRecord[] {
  const txt = (name: string, text: string): DnsRecord => ({
    name,
    ttlSeconds: 0,
    type: 'TXT',
    strings: txtStrings(text),
  });
  return [
    txt('example.org', `v=spf1 ip4:${good} -all`),
    txt('mail._domainkey.example.org', `v=DKIM1; k=rsa; p=${publicKey}`),
    txt('_dmarc.example.org', 'v=DMARC1; p=reject; sp=quarantine'),
    { name: '5.0.0.127.in-addr.arpa', ttlSeconds: 0, type: 'PTR', target: 'out.example.org' },
    { name: 'out.example.org', ttlSeconds: 0, type: 'A', address: good },
  ];
}

const body = 'Hello,\r\nthis is a test.\r\n';

/** A DKIM-Signature over the fields that the client writes. */
async function signature(message: TestMessage): Promise<string> {
  const signer = openSigner({ lineLengthLimit: 998 });
  signer.header('From', ` <${message.from}>`);
  signer.header('To', ` <${message.to[0] ?? ''}>`);
  signer.header('Subject', ' a test');
  signer.header('Message-Id', ` <${message.id}@client.test>`);
  signer.body(Buffer.from(body), 0, body.length);
  const key = { domain: 'example.org', selector: 'mail', algorithm: 'rsa-sha256' } as const;
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [{ ...key, sign: world.key.sign }], now: Date.now() }, (fault, [field]) => {
      if (fault !== undefined || field === undefined) reject(fault);
      else resolve(`${field.name}:${field.value.replaceAll('\n', '\r\n')}`);
    });
  });
}

type Arrived = {
  /** Every Authentication-Results field, unfolded, from the top down. */
  readonly results: readonly string[];
  readonly names: readonly string[];
};

let messages = 0;
const message = (more: Partial<TestMessage> = {}): TestMessage => ({
  from: 'joe@example.org',
  to: ['ann@mail.test'],
  id: `in${messages++}`,
  body,
  ...more,
});

async function arrived(id: string): Promise<Arrived> {
  const { sink } = world;
  await sink.until(() => sink.recipients(id).length > 0, id);
  const headers = sink.deliveries.find((one) => one.id === id)?.headers ?? '';
  const fields = headers.replace(/\r\n(?=[ \t])/g, '').split('\r\n');
  return {
    names: fields.map((field) => field.slice(0, field.indexOf(':'))),
    results: fields
      .filter((field) => /^authentication-results\s*:/i.test(field))
      .map((field) => field.replace(/^.*?:/, '').replace(/\s+/g, ' ').trim()),
  };
}

/** Sends a message from a client; answers with what arrived. */
async function through(client: string, one: TestMessage): Promise<Arrived> {
  await using smtp = await connectSmtp(world.postfix.ports.smtp, { localAddress: client });
  const sent = await smtp.send(one);
  assert.equal(sent.stage, 'done', sent.reply.text);
  return arrived(one.id);
}

/** `spf=pass dkim=fail …` of the one field that there must be. */
function methods({ results }: Arrived): string {
  const ours = results.filter((field) => field.startsWith('mx.test;'));
  assert.equal(ours.length, 1, results.join('\n'));
  return [...(ours[0] ?? '').replace(/\([^()]*\)/g, '').matchAll(/; ([a-z]+=[a-z]+)/g)]
    .map(([, found]) => found)
    .join(' ');
}

test('a good signature from the right client', async () => {
  const one = message();
  const found = await through(good, { ...one, headers: [await signature(one)] });
  assert.equal(methods(found), 'spf=pass dkim=pass dmarc=pass iprev=pass');
  assert.deepEqual(found.names.slice(0, 2), ['Authentication-Results', 'Received']);
  assert.match(
    found.results[0] ?? '',
    new RegExp(
      'smtp\\.mailfrom=joe@example\\.org; dkim=pass \\(2048-bit key\\) ' +
        'header\\.d=example\\.org header\\.s=mail',
    ),
  );
});

const rows: readonly (readonly [
  string,
  string,
  string,
  (one: TestMessage) => Promise<TestMessage>,
])[] = [
  [
    'a changed body',
    good,
    'spf=pass dkim=fail dmarc=pass iprev=pass',
    async (one) => ({ ...one, headers: [await signature(one)], body: `${body}And more.\r\n` }),
  ],
  [
    'a changed subject',
    good,
    'spf=pass dkim=fail dmarc=pass iprev=pass',
    async (one) => ({ ...one, headers: [await signature(one)], subject: 'another' }),
  ],
  [
    'a forwarded message',
    stranger,
    'spf=fail dkim=pass dmarc=pass iprev=permerror',
    async (one) => ({ ...one, headers: [await signature(one)] }),
  ],
  ['no signature', good, 'spf=pass dkim=none dmarc=pass iprev=pass', async (one) => one],
  ['a stranger', stranger, 'spf=fail dkim=none dmarc=fail iprev=permerror', async (one) => one],
  [
    'a domain without records',
    stranger,
    'spf=none dkim=none dmarc=none iprev=permerror',
    async (one) => ({ ...one, from: 'a@nobody.example' }),
  ],
  [
    'a bounce',
    stranger,
    'spf=none dkim=none dmarc=permerror iprev=permerror',
    async (one) => ({ ...one, from: '' }),
  ],
];
for (const [name, client, wanted, change] of rows) {
  test(`inbound: ${name}`, async () => {
    assert.equal(methods(await through(client, await change(message()))), wanted);
  });
}

test('what DMARC asks for is told, and the mail is there all the same', async () => {
  const found = await through(stranger, message({ from: 'joe@sub.example.org' }));
  assert.match(
    found.results[0] ?? '',
    /dmarc=fail .*header\.from=sub\.example\.org policy\.dmarc=quarantine/,
  );
});

test('a From field that breaks the grammar hides no author', async () => {
  for (const from of [
    'joe@sub.example.org>',
    "'joe@sub.example.org'",
    '<joe@(c)sub.example.org>',
  ]) {
    const found = await through(stranger, message({ from: '', headers: [`From: ${from}`] }));
    assert.match(found.results[0] ?? '', /dmarc=fail .*policy\.dmarc=quarantine/, from);
  }
});

const forged = [
  'Authentication-Results: mx.test; spf=pass smtp.mailfrom=a@bank.example',
  'Authentication-Results: other.example; spf=fail smtp.mailfrom=a@b.example',
  'AUTHENTICATION-RESULTS:\r\n\tMX.Test;\r\n\tdmarc=pass',
  'authentication-results : (really) "mx.test" 1; dkim=pass',
  'Authentication-Results: mx.test',
  'X-Authentication-Results: mx.test; stays',
  'Authentication-Results: third.example; none',
];

test('forged fields are gone, those of others stay', async () => {
  const found = await through(stranger, message({ headers: forged }));
  assert.equal(methods(found), 'spf=fail dkim=none dmarc=fail iprev=permerror');
  assert.deepEqual(found.results.slice(1), [
    'other.example; spf=fail smtp.mailfrom=a@b.example',
    'third.example; none',
  ]);
  assert.ok(found.names.includes('X-Authentication-Results'));
});

test('from a client that is trusted, all stays as it is', async () => {
  const found = await through('127.0.0.9', message({ headers: forged }));
  assert.equal(found.results.length, forged.length - 1);
});

test('mail of this machine is not checked, and loses what it claims in our name', async () => {
  const one = message({ headers: forged.map((field) => field.replaceAll('\r', '')) });
  await world.postfix.sendmail(one);
  const found = await arrived(one.id);
  assert.deepEqual(found.results, [
    'other.example; spf=fail smtp.mailfrom=a@b.example',
    'third.example; none',
  ]);
});

const manyForged = (count: number): readonly string[] =>
  Array.from({ length: count }, () => 'Authentication-Results: mx.test; dmarc=pass');

test('a thousand forged fields are removed; with more the message is refused', async () => {
  const { postfix, sink } = world;
  const found = await through(stranger, message({ headers: manyForged(1_000) }));
  assert.equal(methods(found), 'spf=fail dkim=none dmarc=fail iprev=permerror');
  assert.equal(found.results.length, 1);
  const one = message({ headers: manyForged(1_001) });
  await using smtp = await connectSmtp(postfix.ports.smtp, { localAddress: stranger });
  const sent = await smtp.send(one);
  assert.equal(sent.reply.code, 550);
  assert.match(sent.reply.text, /^5\.7\.1 Too many Authentication-Results fields/);
  assert.deepEqual([(await postfix.queue()).length, sink.recipients(one.id)], [0, []]);
});

test('by sendmail, where nobody would be told, it is held and says why', async () => {
  const { guard, postfix, sink } = world;
  const one = message({ headers: manyForged(1_001) });
  await postfix.sendmail(one);
  // Postfix 3.7 does not log the reason itself.
  const [, id] = await postfix.logged(/: (\w+): milter-hold: END-OF-MESSAGE from localhost/);
  const told = (await guard.log()).find((line) => line['id'] === id && line['refused'] === true);
  assert.equal(told?.event, 'inbound.forged');
  const queue = await postfix.queue();
  assert.deepEqual(
    queue.map(({ queue_name }) => queue_name),
    ['hold'],
  );
  assert.deepEqual(sink.recipients(one.id), []);
  await postfix.tool('postsuper', '-d', queue[0]?.queue_id ?? '');
});

test('hundreds of signatures, results and megabytes of header: the mail arrives', async () => {
  const many = Array.from({ length: 300 }, (_, n) => [
    `DKIM-Signature: v=1; a=rsa-sha256; d=d${n}.example; s=s; h=from; bh=${'A'.repeat(43)}` +
      '=; b=aaaa',
    `ARC-Seal: i=${(n % 50) + 1}; a=rsa-sha256; cv=pass; d=d${n}.example; s=s; b=aaaa`,
    `Authentication-Results: mx.test; x=${'y'.repeat(900)}`,
    ...Array.from({ length: 5 }, () => `X-Long: ${'z'.repeat(900)}`),
  ]).flat();
  world.dns.asked.length = 0;
  const found = await through(good, message({ headers: many }));
  assert.match(methods(found), /^spf=pass (?:dkim=policy ){9}dmarc=pass arc=fail iprev=pass$/);
  assert.equal(found.results.length, 1);
  assert.ok(world.dns.asked.length < 20, `${world.dns.asked.length} questions`);
});

test('the DNS is silent, lies or talks rubbish: the mail arrives in time', async () => {
  // Less than all questions together take.
  const deadlineMs = 3_000;
  await using guard = await verifyingGuard(world.dns, deadlineMs);
  try {
    await askedBy(world.postfix, guard);
    for (const fault of ['silent', 'servfail', 'garbage', 'compression-loop'] as const) {
      const { found, tookMs } = await whileDns(fault);
      assert.ok(tookMs < deadlineMs + 20_000, `${fault}: ${tookMs} ms`);
      const wanted = 'spf=temperror dkim=temperror dmarc=temperror iprev=temperror';
      assert.equal(found, wanted, fault);
    }
    assert.ok((await guard.metric('postern_inbound_late_total')) >= 1);
  } finally {
    await askedBy(world.postfix, world.guard);
  }
});

test('the DNS knows no name', async () => {
  const { found } = await whileDns('nxdomain');
  assert.equal(found, 'spf=none dkim=permerror dmarc=none iprev=permerror');
});

/** What is found of a good message, and how long it took. */
async function whileDns(
  fault: Exclude<ScriptedDns['fault'], undefined>,
): Promise<{ readonly found: string; readonly tookMs: number }> {
  const one = message();
  const headers = [await signature(one)];
  world.dns.fault = fault;
  try {
    const began = performance.now();
    await using smtp = await connectSmtp(world.postfix.ports.smtp, { localAddress: good });
    const sent = await smtp.send({ ...one, headers });
    const tookMs = performance.now() - began;
    assert.equal(sent.stage, 'done', `${fault}: ${sent.reply.text}`);
    return { found: methods(await arrived(one.id)), tookMs };
  } finally {
    world.dns.fault = undefined;
  }
}

test('Python reads the fields as they are meant', async () => {
  const { sink } = world;
  // The topmost field of what was checked; trusted clients and this machine bring their own.
  const fields = sink.deliveries.flatMap(({ headers }) =>
    headers.startsWith('Authentication-Results: mx.test;')
      ? [/^.*(?:\r\n[ \t].*)*/.exec(headers)?.[0] ?? '']
      : [],
  );
  assert.ok(fields.length > 10);
  const program = `
import json, sys, authres
for field in json.load(sys.stdin):
    read = authres.AuthenticationResultsHeader.parse(field)
    print(read.authserv_id, *[one.method + '=' + one.result for one in read.results])
`;
  const child = run('/usr/bin/python3', ['-c', program]);
  child.child.stdin?.end(JSON.stringify(fields));
  const lines = (await child).stdout.trim().split('\n');
  assert.equal(lines.length, fields.length);
  for (const line of lines) assert.match(line, /^mx\.test spf=\w+ dkim=\w+ .*dmarc=\w+ /);
});

test('it is counted', async () => {
  const { guard } = world;
  assert.ok((await guard.metric('postern_inbound_messages_total')) > 10);
  assert.ok((await guard.metric('postern_inbound_dmarc_total{result="pass"}')) >= 4);
  assert.ok((await guard.metric('postern_inbound_forged_total')) >= 308);
  assert.equal(await guard.metric('postern_unlisted_total'), 0);
});
