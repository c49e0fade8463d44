import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePolicyRequest, RequestReader, requestBytesMax } from './request.ts';

const sample = [
  'request=smtpd_access_policy',
  'protocol_state=RCPT',
  'protocol_name=ESMTP',
  'helo_name=laptop',
  'queue_id=',
  'sender=<Joe@D.example>',
  'recipient=ann@There.example',
  'recipient_count=0',
  'client_address=2001:DB8::1',
  'client_name=laptop.example',
  'instance=123.456.7',
  'sasl_method=plain',
  'sasl_username=Joe',
  'size=12345',
  'encryption_protocol=TLSv1.3',
  'encryption_cipher=TLS_AES_256_GCM_SHA384',
  'ccert_subject=CN=a=b',
  '',
].join('\n');

test('an RCPT request', () => {
  assert.deepEqual(parsePolicyRequest(Buffer.from(sample), 'd.example'), {
    stage: 'RCPT',
    instance: '123.456.7',
    queueId: '',
    account: 'joe@d.example',
    client: '2001:db8::1',
    clientName: 'laptop.example',
    reverseName: '',
    helo: 'laptop',
    sender: 'joe@d.example',
    recipient: 'ann@there.example',
    recipientCount: 0,
    sizeBytes: 12_345,
    auth: 'PLAIN',
    tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
  });
});

test('without a login there is no account, and other states are other', () => {
  const text = sample.replace('sasl_username=Joe', 'sasl_username=').replace('=RCPT', '=VRFY');
  const request = parsePolicyRequest(Buffer.from(text), 'd.example');
  assert.equal(request.account, undefined);
  assert.equal(request.stage, 'other');
});

test('a login that the client only claims counts where the server says so', () => {
  const text = sample.replace('sasl_method=plain', 'sasl_method=XCLIENT');
  const asked = (believes: boolean) =>
    parsePolicyRequest(Buffer.from(text), 'd.example', () => believes).account;
  assert.deepEqual([asked(true), asked(false)], ['joe@d.example', undefined]);
  const real = parsePolicyRequest(Buffer.from(sample), 'd.example', () => false);
  assert.equal(real.account, 'joe@d.example');
});

test('bytes that are not UTF-8 are read as Latin-1; two such senders stay different', () => {
  const senders = ['j\u00fcrgen', 'j\u00e4rgen'].map((name) => {
    const bytes = Buffer.from(sample.replace('Joe@D', `${name}@D`), 'latin1');
    return parsePolicyRequest(bytes, '').sender;
  });
  assert.deepEqual(senders, ['jürgen@d.example', 'järgen@d.example']);
});

test('bytes that are not a policy request end the connection', () => {
  for (const text of [
    '',
    '\n',
    'request=other\n',
    'protocol_state=RCPT\n',
    'request=smtpd_access_policy\nnonsense\n',
  ]) {
    assert.throws(() => parsePolicyRequest(Buffer.from(text), ''), { name: 'PeerError' });
  }
});

function read(chunks: readonly Buffer[]): readonly string[] {
  const requests: string[] = [];
  const reader = new RequestReader((bytes) => requests.push(bytes.toString('latin1')) > 0);
  for (const chunk of chunks) reader.push(chunk);
  return requests;
}

test('requests are read, however the bytes are cut', () => {
  const line = fc.stringMatching(/^[a-z_]{1,9}=[ -~]{0,20}$/);
  const request = fc
    .array(line, { minLength: 1, maxLength: 5 })
    .map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      (all, size) => {
        const bytes = Buffer.from(all.map((text) => `${text}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        assert.deepEqual(read(chunks), all);
      },
    ),
  );
});

test('a line of 10 MB ends the connection early', () => {
  const chunk = Buffer.alloc(65_536, 0x61);
  let taken = 0;
  assert.throws(() => {
    const reader = new RequestReader(() => true);
    for (; taken < 160; taken++) reader.push(chunk);
  }, /policy request of \d+ bytes/);
  assert.ok(taken * chunk.length <= 2 * requestBytesMax);
});

test('while paused, requests wait, up to a limit', () => {
  const requests: string[] = [];
  const reader = new RequestReader((bytes) => {
    requests.push(bytes.toString());
    return false;
  });
  reader.push(Buffer.from('a=1\n\nb=2\n\nc=3\n'));
  assert.deepEqual(requests, ['a=1\n']);
  reader.resume();
  assert.deepEqual(requests, ['a=1\n', 'b=2\n']);
  assert.throws(() => {
    for (let index = 0; index < 20; index++) reader.push(Buffer.from('d=4\n\n'.repeat(20_000)));
  }, /instead of waiting/);
});

test('random bytes are read, or end the connection', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .string({
        unit: fc.constantFrom('=', '\n', 'a', 'request=smtpd_access_policy\n', '\u0000'),
        maxLength: 60,
      })
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(bytes), (chunks) => {
      try {
        for (const request of read(chunks.map((chunk) => Buffer.from(chunk)))) {
          const parsed = parsePolicyRequest(Buffer.from(request, 'latin1'), 'd.example');
          assert.ok(parsed.instance.length <= 100);
        }
      } catch (error) {
        assert.equal((error as Error).name, 'PeerError');
      }
    }),
    { numRuns: 500 },
  );
});
