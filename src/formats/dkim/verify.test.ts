import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../lib/hash.ts';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../lib/private-key.ts';
import { answeredBy, type DnsAnswer, type DnsQuestion } from '../dns/question.ts';
import { txtStrings } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { canonicalHeader } from './header-canonical.ts';
import { keyRecordFor, printKeyRecord } from './key-record.ts';
import { openMessageFeed } from './message-from-file.ts';
import { openSigner } from './sign.ts';
import { algorithmOf } from './signing-key.ts';
import { type DkimResult, openVerifier, signaturesMax } from './verify.ts';

const nowMs = 1_764_000_000_000;
type Zone = Readonly<Record<string, string | readonly string[] | DnsAnswer>>;

function answerFrom(zone: Zone): (question: DnsQuestion) => DnsAnswer {
  return ({ name }) => {
    const found = zone[name];
    if (found === undefined) return { kind: 'none', exists: false, secure: false };
    if (typeof found === 'object' && 'kind' in found) return found;
    const records = (typeof found === 'string' ? [found] : found).map(
      (text) => ({ name, ttlSeconds: 60, type: 'TXT', strings: txtStrings(text) }) as const,
    );
    return { kind: 'records', records, secure: false };
  };
}

/** Verifies a message, read in pieces of `size` octets. */
function results(message: string, zone: Zone, size = 7, now = nowMs): readonly DkimResult[] {
  const verifier = openVerifier();
  const feed = openMessageFeed(verifier);
  const bytes = Buffer.from(message, 'latin1');
  for (let at = 0; at < bytes.length; at += size) feed.write(bytes.subarray(at, at + size));
  feed.end();
  assert.equal(feed.fault, undefined);
  return answeredBy(verifier.finish(now), answerFrom(zone));
}

const said = (message: string, zone: Zone): string =>
  results(message, zone)
    .map(({ result, text }) => `${result}: ${text}`)
    .join('\n');

const example = [
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
];
const exampleBody = ['', 'Hi.', '', 'We lost the game.  Are you hungry yet?', '', 'Joe.', ''];

test('the example of RFC 8463: Ed25519 and RSA side by side', () => {
  const zone = {
    'brisbane._domainkey.football.example.com':
      'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
    'test._domainkey.football.example.com':
      'v=DKIM1; k=rsa; ' +
      'p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOK' +
      'b2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5Qj' +
      'vHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
  };
  const message = [
    'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
    ' d=football.example.com; i=@football.example.com;',
    ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
    ' subject : date : message-id : from : subject : date;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
    ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
    ' d=football.example.com; i=@football.example.com;',
    ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
    ' date : message-id : from : subject : date;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
    ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
    ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
    ...example,
    ...exampleBody,
  ];
  for (const end of ['\r\n', '\n']) {
    const found = results(message.join(end), zone);
    assert.deepEqual(
      found.map(({ result, domain, selector, algorithm, bits, b }) => [
        result,
        domain,
        selector,
        algorithm,
        bits,
        b,
      ]),
      [
        ['pass', 'football.example.com', 'brisbane', 'ed25519-sha256', 256, '/gCrinpc'],
        ['pass', 'football.example.com', 'test', 'rsa-sha256', 1024, 'F45dVWDf'],
      ],
    );
  }
});

test('the example of RFC 6376, with its errata 3192 and 4926: simple/simple', () => {
  const key =
    'v=DKIM1; ' +
    'p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIx' +
    'N2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH' +
    '4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB';
  const message = [
    'DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;',
    '      c=simple/simple; q=dns/txt; i=joe@football.example.com;',
    '      h=Received : From : To : Subject : Date : Message-ID;',
    '      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    '      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB',
    '      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut',
    '      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV',
    '      4bmp/YzhwvcubU4=;',
    'Received: from client1.football.example.com  [192.0.2.1]',
    '      by submitserver.example.com with SUBMISSION;',
    '      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)',
    ...example,
    ...exampleBody.map((line) => line.replace('game.  Are', 'game. Are')),
  ].join('\r\n');
  const [found] = results(message, { 'brisbane._domainkey.example.com': key });
  assert.equal(found?.result, 'pass', found?.text);
  assert.equal(found?.identity, 'joe@football.example.com');
});

async function opened(type: 'rsa' | 'ed25519', bits?: number): Promise<PrivateKey> {
  const key = openPrivateKey(await makeKeyPair(type, bits));
  assert.ok(key.ok);
  return key.value;
}
const rsa = await opened('rsa');
const ed = await opened('ed25519');
const record = (key: PrivateKey): string => printKeyRecord(keyRecordFor(key));
const zone = { 'r._domainkey.a.example': record(rsa), 'e._domainkey.a.example': record(ed) };
const keys = [rsa, ed].map((key, i) => ({
  domain: 'a.example',
  selector: i === 0 ? 'r' : 'e',
  algorithm: algorithmOf(key.type),
  sign: key.sign,
}));

/** The message with both signatures. */
function signed(header: string, body: string): Promise<string> {
  const signer = openSigner({ lineLengthLimit: 0 });
  const feed = openMessageFeed(signer);
  feed.write(Buffer.from(`${header}\r\n${body}`, 'latin1'));
  feed.end();
  return new Promise((resolve, reject) => {
    signer.sign({ keys, now: nowMs }, (fault, fields) => {
      if (fault !== undefined) return reject(fault);
      const lines = fields.map(
        ({ name, value }) => `${name}:${value.replaceAll('\n', '\r\n')}\r\n`,
      );
      resolve(`${lines.join('')}${header}\r\n${body}`);
    });
  });
}

/** A signature by Ed25519 over what `tags` say, with whatever is wrong in them. */
function handMade(tags: string, header: string, body: string): Promise<string> {
  const names = /h=([^;]*)/.exec(tags)?.[1]?.split(':') ?? [];
  const bodyHash = sha256(Buffer.from(body, 'latin1')).toString('base64');
  const value = ` ${tags.replace('BODY', bodyHash)}; b=`;
  const fields = names.flatMap((name) => {
    const found = new RegExp(`^${name}:(.*)$`, 'im').exec(header);
    return found === null
      ? []
      : [`${canonicalHeader('relaxed', { name, value: found[1] ?? '' })}\r\n`];
  });
  const own = canonicalHeader('relaxed', { name: 'DKIM-Signature', value });
  return new Promise((resolve, reject) => {
    ed.sign(Buffer.from(fields.join('') + own, 'latin1'), (fault, signature) =>
      fault === undefined
        ? resolve(`DKIM-Signature:${value}${signature.toString('base64')}\r\n${header}\r\n${body}`)
        : reject(fault),
    );
  });
}

const header = 'From: <j@a.example>\r\nSubject: hi\r\n';
const good = 'v=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.example; s=e; h=from:subject; bh=BODY';
const edRecord = record(ed);

/** What is signed, how, with which key record, and the result. */
const rows = [
  ['as it should be', good, edRecord, /^pass: header and body are as they were signed$/],
  ['a tag in the future is passed over', `${good}; zz=1`, edRecord, /^pass/],
  ['no d=', good.replace('d=a.example; ', ''), edRecord, /^permerror: the tag d= is missing/],
  ['a tag twice', `${good}; d=b.example`, edRecord, /^neutral: the tag d= occurs twice/],
  ['version 2', good.replace('v=1', 'v=2'), edRecord, /^permerror: v=2/],
  ['SHA-1', good.replace('ed25519-sha256', 'rsa-sha1'), edRecord, /^permerror: rsa-sha1 .*8301/],
  ['no From', good.replace('from:', ''), edRecord, /^permerror: From is not signed/],
  ['i= elsewhere', `${good}; i=@b.example`, edRecord, /^permerror: i= is not in the domain/],
  ['i= below', `${good}; i=j=40b@c.a.example`, edRecord, /^pass/],
  ['i= below, t=s', `${good}; i=@c.a.example`, `t=s; ${edRecord.slice(9)}`, /^permerror: .*t=s/],
  ['i= equal, t=s', `${good}; i=@A.example`, `t=s; ${edRecord.slice(9)}`, /^pass/],
  ['expired', `${good}; t=1; x=1763999000`, edRecord, /^policy: it holds, but has expired/],
  ['just expired', `${good}; x=1763999900`, edRecord, /^pass/],
  ['expires before it begins', `${good}; t=5; x=4`, edRecord, /^permerror: it expires/],
  ['l= too long', `${good}; l=500`, edRecord, /^fail: the body has 5 octets where 500/],
  ['l= no number', `${good}; l=-1`, edRecord, /^permerror: l=-1 is not a number/],
  ['other query', `${good}; q=http`, edRecord, /^permerror: q=http/],
  ['other form', good.replace('c=relaxed/relaxed', 'c=loose'), edRecord, /^permerror: c=loose/],
  ['bh= of another length', good.replace('bh=BODY', 'bh=AAAA'), edRecord, /^permerror: bh=/],
  ['testing', good, `t=y; ${edRecord.slice(9)}`, /^pass: .*marked as a test/],
  ['no record', good, undefined, /^permerror: there is no key at e\._domainkey\.a\.example/],
  ['revoked', good, 'v=DKIM1; k=ed25519; p=', /^permerror: the key was revoked/],
  ['key of another type', good, record(rsa), /^permerror: the key is for rsa/],
  [
    'key of another owner',
    good,
    'k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
    /^fail: a signed header field was changed, or another key/,
  ],
  ['two keys', good, [edRecord, record(rsa)], /^permerror: there are 2 key records/],
  ['a key and a stray text', good, ['v=spf1 -all', edRecord], /^pass/],
  ['only a stray text', good, 'v=spf1 -all', /^permerror: the record at .* is not a key/],
  [
    '64 KB',
    good,
    `v=DKIM1; k=ed25519; n=${'x'.repeat(65_000)}; p=`,
    /^permerror: .*more than any key/,
  ],
  [
    'no answer',
    good,
    { kind: 'failure', reason: 'timeout', text: 'nobody answers' },
    /^temperror: .*nobody answers/,
  ],
  [
    'no name',
    good.replace('s=e', `s=${'e'.repeat(64)}`),
    edRecord,
    /^permerror: s=e+ is not a selector/,
  ],
] as const;
for (const [name, tags, published, want] of rows) {
  test(`verify: ${name}`, async () => {
    const message = await handMade(tags, header, 'abc\r\n');
    assert.match(
      said(message, published === undefined ? {} : { 'e._domainkey.a.example': published }),
      want,
    );
  });
}

test('a key behind an alias, in strings of any length', async () => {
  const message = await handMade(good, header, 'abc\r\n');
  const verifier = openVerifier();
  const feed = openMessageFeed(verifier);
  feed.write(Buffer.from(message, 'latin1'));
  feed.end();
  const answer = zoneAnswers([
    { name: 'e._domainkey.a.example', ttlSeconds: 9, type: 'CNAME', target: 'k.b.example' },
    { name: 'k.b.example', ttlSeconds: 9, type: 'TXT', strings: edRecord.match(/.{1,9}/g) ?? [] },
  ]);
  assert.equal(answeredBy(verifier.finish(nowMs), answer)[0]?.result, 'pass');
});

test('nothing signed: none', () => {
  assert.deepEqual(said(`${header}\r\nbody\r\n`, {}), 'none: there is no signature');
});

test('RSA with 512 bits is not accepted', () => {
  const weak =
    'k=rsa; ' +
    'p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMSlNRvA5fRRPXQh8Pd9pjyLcTL0DMtBYh5SlsQeFSY6WBgCVK' +
    'O6pBZHIyYnaUsyuZ8UqMVBiCLpUy5WEw5Br5ECAwEAAQ==';
  const message =
    `DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=e; h=from; bh=${'A'.repeat(43)}=; ` +
    `b=AAAA\r\n${header}\r\n`;
  assert.match(said(message, { 'e._domainkey.a.example': weak }), /^policy: the key has 512 bits/);
});

test('octets after l= are counted', async () => {
  const message = await handMade(`${good}; l=5`, header, 'abc\r\n');
  const [found] = results(`${message}and more\r\n`, { 'e._domainkey.a.example': edRecord });
  assert.equal(found?.result, 'pass');
  assert.equal(found?.unsignedOctets, 10);
});

test('what was changed is said', async () => {
  const message = await signed(header, 'one\r\ntwo\r\n');
  assert.match(said(message, zone), /^pass.*\npass/);
  assert.match(
    said(message.replace('\r\ntwo', '\r\nthree'), zone),
    /^fail: the body was changed.*\nfail: the body/,
  );
  // Not just `hi`: that may stand in a signature, too.
  assert.match(
    said(message.replace('Subject: hi', 'Subject: ho'), zone),
    /^fail: a signed header field was changed/,
  );
  assert.match(
    said(message.replace(header, `${header}Subject: more\r\n`), zone),
    /^fail: a signed header/,
  );
  assert.match(said(message.replace(header, `X-Own: more\r\n${header}`), zone), /^pass.*\npass/);
});

test('a limited number of signatures is checked', async () => {
  const one = (await handMade(good, header, 'abc\r\n')).split('\r\n')[0] ?? '';
  const crowd = `${one}\r\n`.repeat(signaturesMax + 3);
  const found = results(`${crowd}${header}\r\nabc\r\n`, { 'e._domainkey.a.example': edRecord });
  assert.equal(found.length, signaturesMax + 1);
  assert.deepEqual(new Set(found.slice(0, -1).map(({ result }) => result)), new Set(['pass']));
  assert.match(`${found.at(-1)?.result}: ${found.at(-1)?.text}`, /^policy: 3 more signatures/);
});

test('a header without end is not verified', async () => {
  const message = await signed(`${header}X-Long: ${'x'.repeat(600_000)}\r\n`, 'a\r\n');
  const found = results(message, zone, 65_536);
  assert.deepEqual(
    found.map(({ result }) => result),
    ['policy', 'policy'],
  );
});

const octets = fc.array(
  fc.constantFrom('a', 'b c', ' ', '\t', '\r\n', '\r\n\r\n', '\xe9', '.', 'é'),
  { maxLength: 30 },
);

test('any message that is signed passes; with any octet changed it does not', async () => {
  await fc.assert(
    fc.asyncProperty(
      octets,
      octets,
      fc.nat(),
      fc.integer({ min: 1, max: 50 }),
      async (words, lines, where, size) => {
        const subject = words.join('').replace(/[\r\n\t ]+/g, ' ');
        const body = `${lines.join('')}x\r\n`;
        const message = await signed(`From: j@a.example\r\nSubject: s${subject}\r\n`, body);
        for (const { result, text } of results(message, zone, size))
          assert.equal(result, 'pass', text);
        // Canonical octets only: white space may change without harm.
        const at = message.length - body.length + (where % body.length);
        const octet = message[at] ?? '';
        if (/[\s]/.test(octet)) return;
        const changed = message.slice(0, at) + (octet === 'z' ? 'y' : 'z') + message.slice(at + 1);
        for (const { result } of results(changed, zone, size)) assert.equal(result, 'fail');
      },
    ),
    { numRuns: 60 },
  );
});

test('no signature of a stranger makes it throw', () => {
  const tags = fc.array(
    fc.tuple(
      fc.constantFrom('v', 'a', 'b', 'bh', 'c', 'd', 'h', 'i', 'l', 's', 't', 'x', 'q', 'z', ''),
      fc.oneof(
        fc.constantFrom(
          '1',
          'rsa-sha256',
          'AAAA',
          'relaxed',
          'a.example',
          'from',
          '@',
          '=',
          '=4',
          '0',
          'x@\xff',
          'r',
        ),
        fc.string({ maxLength: 9 }).map((text) => text.replace(/[\r\n]/g, '')),
      ),
    ),
  );
  fc.assert(
    fc.property(tags, (list) => {
      const value = list.map(([name, text]) => `${name}=${text}`).join(';');
      const found = results(`DKIM-Signature: ${value}\r\n${header}\r\nabc\r\n`, zone, 99);
      assert.equal(found.length, 1);
      assert.notEqual(found[0]?.result, 'pass');
    }),
    { numRuns: 1_000 },
  );
});
