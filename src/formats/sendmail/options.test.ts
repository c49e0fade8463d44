import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sendmailCall } from './options.ts';

test('what PHP calls: sender, dots, recipients in the headers', () => {
  assert.deepEqual(sendmailCall(['-t', '-i', '-fweb@shop.example']), {
    kind: 'message',
    sender: 'web@shop.example',
    fullName: undefined,
    recipients: [],
    headerRecipients: true,
    dotEnds: false,
    through: [],
  });
});

test('beside -t an empty word is no recipient', () => {
  const call = sendmailCall(['-t', '', 'a@x.example']);
  assert.deepEqual(call.kind === 'message' && call.recipients, ['a@x.example']);
  assert.equal(sendmailCall(['', 'a@x.example']).kind, 'other');
});

test('delivery status options go to the mail server as they are', () => {
  const call = sendmailCall(['-N', 'never', '-Rhdrs', '-B8BITMIME', '--', '-odd@x.example']);
  assert.ok(call.kind === 'message');
  assert.deepEqual(call.through, ['-Nnever', '-Rhdrs', '-B8BITMIME']);
  assert.deepEqual(call.recipients, ['-odd@x.example']);
});

const others = [
  [],
  ['-bp'],
  ['-q'],
  ['-I'],
  ['-bi'],
  ['-Z', 'a@x.example'],
  ['-bz', 'a@x.example'],
  ['-C', '/tmp/mine', 'a@x.example'],
  ['-n', 'a@x.example'],
  ['-bs', '-t'],
  ['-f'],
];
for (const args of others) {
  test(`the mail server's own to answer: ${args.join(' ')}`, () =>
    assert.equal(sendmailCall(args).kind, 'other'));
}

test('VERP goes to the mail server, a log file does not; what Postfix refuses is its own', () => {
  const call = sendmailCall(['-XV', '-X', '/tmp/log', '-f', 'list@x.example', 'a@x.example']);
  assert.ok(call.kind === 'message');
  assert.deepEqual(call.through, ['-XV']);
  assert.equal(sendmailCall(['-XV', '-f', '', 'a@x.example']).kind, 'other');
  assert.equal(sendmailCall(['-XV##', 'a@x.example']).kind, 'other');
});

test('a value that is not there takes no other word with it', () => {
  const call = sendmailCall(['-N', '', '-R', '', '-G', '-v', '--', 'a@x.example']);
  assert.ok(call.kind === 'message');
  assert.deepEqual(call.through, ['-G', '-v']);
  assert.equal(sendmailCall(['-B', '', 'a@x.example']).kind, 'other');
  assert.equal(sendmailCall(['-B', '9BIT', 'a@x.example']).kind, 'other');
});

test('any arguments: no other configuration, and never a message to nobody', () => {
  const word = fc.oneof(
    fc.constantFrom('-t', '-i', '-oi', '-C', '-f', '-bs', '-bp', '--', '-ti', '-q', 'a@x.example'),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      const call = sendmailCall(args);
      if (call.kind !== 'message') return;
      assert.ok(call.headerRecipients || call.recipients.length > 0);
      assert.ok(call.through.every((option) => /^-(?:[Gv]$|XV|[BNR].)/s.test(option)));
    }),
  );
});
