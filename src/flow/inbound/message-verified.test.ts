import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { scriptedStart } from '../../../test/doubles/start.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { InboundResults } from '../../core/inbound/results.ts';
import { openSigner } from '../../formats/dkim/sign.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import { type DnsRecord, txtStrings } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { parseAuthenticationResults } from '../../formats/message/authentication-results.ts';
import { parseNetwork } from '../../formats/postfix/network-list.ts';
import { openPrivateKey } from '../../lib/private-key.ts';
import type { HeaderEdit, MessageStart } from '../../ports/message.ts';
import type { Resolver } from '../../ports/world.ts';
import { openVerification, type Sealing } from './message-verified.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const opened = openPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
assert.ok(opened.ok);
const { publicKey, sign } = opened.value;
const key: SigningKey = { domain: 'example.org', selector: 'mail', algorithm: 'rsa-sha256', sign };

const txt = (name: string, text: string): DnsRecord => ({
  name,
  ttlSeconds: 60,
  type: 'TXT',
  strings: txtStrings(text),
});
const zone: readonly DnsRecord[] = [
  txt('example.org', 'v=spf1 ip4:192.0.2.1 -all'),
  txt('mail._domainkey.example.org', `v=DKIM1; k=rsa; p=${publicKey}`),
  txt('mail._domainkey.example.net', `v=DKIM1; k=rsa; p=${publicKey}`),
  txt('_dmarc.example.org', 'v=DMARC1; p=reject'),
  { name: '1.2.0.192.in-addr.arpa', ttlSeconds: 60, type: 'PTR', target: 'out.example.org' },
  { name: 'out.example.org', ttlSeconds: 60, type: 'A', address: '192.0.2.1' },
];
const answers: Resolver = (question) => Promise.resolve(zoneAnswers(zone)(question));

const honest: readonly (readonly [string, string])[] = [
  ['From', ' Joe <joe@example.org>'],
  ['To', ' ann@example.net'],
  ['Subject', ' a test'],
];
const text = 'Hello,\r\nthis is a test.\r\n';

function signed(): Promise<readonly (readonly [string, string])[]> {
  const signer = openSigner({ lineLengthLimit: 998 });
  for (const [name, value] of honest) signer.header(name, value);
  signer.body(Buffer.from(text), 0, text.length);
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [key], now: 1_795_000_000_000 }, (fault, fields) => {
      if (fault !== undefined) reject(fault);
      else resolve([...fields.map(({ name, value }) => [name, value] as const), ...honest]);
    });
  });
}

type Rig = {
  readonly resolve?: Resolver;
  readonly start?: Partial<MessageStart>;
  readonly sealing?: Sealing;
  readonly body?: string;
  readonly time?: ManualTime;
};

type Outcome = {
  readonly edits: readonly HeaderEdit[];
  readonly refused: string | undefined;
  readonly heard: readonly InboundResults[];
  readonly counted: readonly string[];
  readonly logged: readonly string[];
};

async function verified(
  fields: readonly (readonly [string, string])[],
  rig: Rig = {},
): Promise<Outcome> {
  const heard: InboundResults[] = [];
  const counted: string[] = [];
  const logged: string[] = [];
  const time = rig.time ?? new ManualTime(1_795_000_000_000);
  const reading = openVerification({
    resolve: rig.resolve ?? answers,
    isPublicSuffix: () => false,
    options: {
      authservId: 'mx.example.net',
      deadlineMs: 8_000,
      trusted: ['127.0.0.0/8'].flatMap((one) => parseNetwork(one) ?? []),
    },
    world: quietWorld({
      timers: time,
      clock: time,
      count: (name, by = 1, label = '') => void counted.push(`${name} ${label} ${by}`),
      log: (_level, event) => void logged.push(event),
    }),
    sealing: rig.sealing,
    observe: () => undefined,
    heard: (results) => void heard.push(results),
  });
  const reader = reading.open(scriptedStart(rig.start));
  const body = rig.body ?? text;
  for (const [name, value] of fields) reader?.header(name, value);
  for (let at = 0; at < body.length; at += 7) {
    reader?.body(Buffer.from(body), at, Math.min(at + 7, body.length));
  }
  let refused: string | undefined;
  const edits = await new Promise<readonly HeaderEdit[]>((resolve) => {
    if (reader === undefined) resolve([]);
    else {
      reader.finish((found, why) => {
        refused = why;
        resolve(found);
      });
    }
    if (rig.time !== undefined) void rig.time.pass(8_000);
  });
  return { edits, refused, heard, counted, logged };
}

const resultsOf = ({ edits }: Outcome): string => {
  const found = edits.filter(
    (edit) => edit.kind === 'insert' && edit.name === 'Authentication-Results',
  );
  assert.equal(found.length, 1);
  return found[0]?.kind === 'insert' ? found[0].value : '';
};
const methods = (outcome: Outcome): string => {
  const read = parseAuthenticationResults(resultsOf(outcome));
  assert.ok(read.ok);
  return read.value.results.map(({ method, result }) => `${method}=${result}`).join(' ');
};

test('good mail: one field on top says so', async () => {
  const outcome = await verified(await signed());
  assert.equal(
    resultsOf(outcome).replace(/header\.b=\S+/, 'header.b=B'),
    ` mx.example.net;
	spf=pass (ip4:192.0.2.1 of example.org: 192.0.2.1 is in it)
	smtp.mailfrom=joe@example.org;
	dkim=pass (1024-bit key) header.d=example.org header.s=mail
	header.a=rsa-sha256 header.b=B
	dmarc=pass (SPF passed for example.org) header.from=example.org;
	iprev=pass (192.0.2.1 is out.example.org) policy.iprev=192.0.2.1`,
  );
  assert.deepEqual(
    outcome.edits.map((edit) => (edit.kind === 'insert' ? edit.index : edit.kind)),
    [0],
  );
  assert.deepEqual(
    outcome.heard.map(({ dmarc, late }) => [dmarc.result, late]),
    [['pass', false]],
  );
  assert.ok(outcome.counted.includes('postern_inbound_dmarc_total pass 1'));
});

const rows: readonly (readonly [string, string, Rig])[] = [
  ['another body', 'spf=pass dkim=fail dmarc=pass iprev=pass', { body: 'Bye\r\n' }],
  [
    'another client',
    'spf=fail dkim=pass dmarc=pass iprev=permerror',
    { start: { client: '192.0.2.9' } },
  ],
  [
    'another client and body',
    'spf=fail dkim=fail dmarc=fail iprev=permerror',
    { start: { client: '192.0.2.9' }, body: 'Bye\r\n' },
  ],
  [
    'a bounce',
    'spf=none dkim=pass dmarc=pass iprev=pass',
    { start: { sender: '', helo: 'out.example.org' } },
  ],
];
for (const [name, wanted, rig] of rows) {
  test(`inbound: ${name}`, async () =>
    assert.equal(methods(await verified(await signed(), rig)), wanted));
}

test('what claims our name is taken out, of all but trusted clients', async () => {
  const forged = [
    ['Authentication-Results', ' mx.example.net; dmarc=pass'],
    ['Authentication-Results', ' other.example; dmarc=pass'],
    ['authentication-results', ' (x)\n\tMX.EXAMPLE.NET 1; spf=pass'],
  ] as const;
  const removals = (outcome: Outcome): readonly number[] =>
    outcome.edits.flatMap((edit) => (edit.kind === 'remove' ? [edit.occurrence] : []));
  const mail = [...forged, ...honest];
  const outcome = await verified(mail);
  assert.deepEqual(removals(outcome), [1, 3]);
  assert.ok(outcome.logged.includes('inbound.forged'));
  assert.deepEqual(removals(await verified(mail, { start: { by: 'login' } })), [1, 3]);
  assert.deepEqual(removals(await verified(mail, { start: { by: 'local', client: '' } })), [1, 3]);
  const webmail = { by: 'login', client: '127.0.0.1' } as const;
  assert.deepEqual(removals(await verified(mail, { start: webmail })), [1, 3]);
  assert.deepEqual((await verified(mail, { start: { client: '127.0.0.1' } })).edits, []);
  const ours = await verified(mail, { start: { by: 'login' } });
  assert.ok(ours.edits.every(({ kind }) => kind === 'remove'));
});

test('more forged fields than can be removed: refused, and the DNS is not asked', async () => {
  const forged = ['Authentication-Results', ' mx.example.net; dmarc=pass'] as const;
  const mail = (count: number) => [...Array.from({ length: count }, () => forged), ...honest];
  const most = await verified(mail(1_000));
  assert.deepEqual([most.refused, most.heard.length], [undefined, 1]);
  const resolve: Resolver = () => assert.fail('asked');
  const outcome = await verified(mail(1_001), { resolve });
  assert.match(outcome.refused ?? '', /^Too many Authentication-Results fields/);
  assert.ok(outcome.counted.includes('postern_inbound_forged_total  1001'));
  const ours = await verified(mail(1_001), { resolve, start: { by: 'login' } });
  assert.equal(ours.refused, outcome.refused);
});

test('a silent DNS: the message goes on at the deadline, with what is known', async () => {
  const outcome = await verified(await signed(), {
    time: new ManualTime(0),
    resolve: (question) =>
      question.name === 'example.org' ? answers(question) : new Promise(() => undefined),
  });
  assert.equal(methods(outcome), 'spf=pass dkim=temperror dmarc=temperror iprev=temperror');
  assert.ok(outcome.logged.includes('inbound.late'));
  assert.ok(outcome.counted.includes('postern_inbound_late_total  1'));
});

test('a resolver that lies, throws or breaks: a result all the same', async () => {
  for (const resolve of [
    () => Promise.reject(new Error('broken')),
    ({ name }: DnsQuestion) =>
      Promise.resolve(zoneAnswers([txt(name, 'v=spf1 redirect=x')])({ name, type: 'TXT' })),
    () => Promise.resolve({ kind: 'records', records: [], secure: true } as const),
  ] satisfies Resolver[]) {
    const outcome = await verified(await signed(), { resolve });
    assert.match(methods(outcome), /^spf=\w+ dkim=\w+ dmarc=\w+ iprev=\w+$/);
  }
});

test('a hostile header: megabytes, with hundreds of signatures, seals and authors', async () => {
  let asked = 0;
  const resolve: Resolver = (question) => {
    asked++;
    return answers(question);
  };
  const many = (name: string, value: (n: number) => string): (readonly [string, string])[] =>
    Array.from({ length: 500 }, (_, n) => [name, value(n)] as const);
  const bodyHash = Buffer.alloc(32).toString('base64');
  const mail = [
    ...many(
      'DKIM-Signature',
      (n) => ` v=1; a=rsa-sha256; d=d${n}.example; s=s; h=from; bh=${bodyHash}; b=aaaa`,
    ),
    ...many(
      'ARC-Seal',
      (n) => ` i=${(n % 50) + 1}; a=rsa-sha256; cv=pass; d=d${n}.example; s=s; b=aaaa`,
    ),
    ...many('From', (n) => ` x@f${n}.example`),
    ...many('Authentication-Results', () => ` mx.example.net; ${'x'.repeat(5_000)}`),
    ...honest,
  ];
  const outcome = await verified(mail, { resolve });
  assert.match(
    methods(outcome),
    /^spf=pass (?:dkim=policy ){9}dmarc=permerror arc=fail iprev=pass$/,
  );
  assert.ok(asked < 20, `${asked} questions`);
  assert.ok(resultsOf(outcome).length < 10_000);
});

test('sealed mail has a seal, a signature and results, on top of all', async () => {
  const sealing = {
    key: () => ({ ...key, domain: 'example.net' }),
    form: { lineLengthLimit: 998 },
    domain: 'example.net',
  };
  const outcome = await verified(await signed(), { sealing });
  assert.deepEqual(
    outcome.edits.map((edit) => `${edit.kind} ${edit.name}`),
    [
      'insert Authentication-Results',
      'insert ARC-Authentication-Results',
      'insert ARC-Message-Signature',
      'insert ARC-Seal',
    ],
  );
  const onTop = outcome.edits.flatMap((edit) =>
    edit.kind === 'insert' ? [[edit.name, edit.value] as const] : [],
  );
  const next = await verified([...onTop.toReversed(), ...(await signed())]);
  assert.match(methods(next), /arc=pass/);
  assert.match(
    methods(await verified([...onTop.toReversed(), ...(await signed())], { body: 'x' })),
    /arc=fail/,
  );
  const failing = { ...sealing, key: () => ({ ...key, sign: failingSign }) };
  const unsealed = await verified(await signed(), { sealing: failing });
  assert.deepEqual(
    [unsealed.edits.length, unsealed.logged.includes('inbound.unsealed')],
    [1, true],
  );
  const without = await verified(await signed(), { sealing: { ...sealing, key: () => undefined } });
  assert.equal(without.edits.length, 1);
});

const failingSign: SigningKey['sign'] = (_data, done) =>
  void setImmediate(() => done(new Error('no key'), Buffer.alloc(0)));
