import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type SmtpMessage, SmtpSession } from './session.ts';

const host = 'mail.example';
function talk(lines: readonly string[]): { replies: string[]; messages: SmtpMessage[] } {
  const session = new SmtpSession({ host, messageBytesMax: 1_000 });
  const replies = [session.greeting()];
  const messages: SmtpMessage[] = [];
  for (const line of lines) {
    const step = session.take(Buffer.from(line));
    if (step.kind === 'message') {
      messages.push(step.message);
      replies.push(session.done({ taken: 'ABC' }));
    } else if (step.kind !== 'nothing') replies.push(step.text);
  }
  return { replies, messages };
}

test('a message, its dots undone', () => {
  const { messages, replies } = talk([
    ...['HELO x', 'MAIL FROM:<a@x.example> BODY=8BITMIME', 'RCPT TO:<b@y.example>'],
    ...['rcpt to: c@y.example', 'DATA', 'Subject: x', '', '..', '.a', '.', 'QUIT'],
  ]);
  const [{ message, ...envelope } = assert.fail()] = messages;
  assert.deepEqual(envelope, {
    sender: 'a@x.example',
    recipients: ['b@y.example', 'c@y.example'],
    eightBit: true,
  });
  assert.equal(String(message), 'Subject: x\n\n.\na\n');
  assert.deepEqual(
    replies.map((text) => text.slice(0, 3)),
    ['220', '250', '250', '250', '250', '354', '250', '221'],
  );
});

test('whatever is said, a message has a recipient and is no larger than it may be', () => {
  const line = fc.oneof(
    fc.constantFrom('HELO x', 'MAIL FROM:<>', 'MAIL FROM:<a@x>', 'RCPT TO:<b@y>', 'DATA', '.', ''),
    fc.constantFrom('RSET', 'x'.repeat(600), '..', 'RCPT TO:<>', 'rcpt to:"q r"@y'),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      for (const { recipients, message } of talk(lines).messages) {
        assert.ok(recipients.length > 0 && recipients.every((one) => one !== ''));
        assert.ok(message.length <= 1_000);
      }
    }),
  );
});
