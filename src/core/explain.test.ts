/**
 * Verdicts in words: safe to send, short enough, and telling a stranger no more than he must know.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { holdReason, replyText, sentence, suspendedReply } from './explain.ts';
import type { Reason } from './verdict.ts';

const reason = (signal: string, text: string): Reason => ({
  signal,
  text,
  saw: 3,
  usual: 1,
  weight: 2,
});
const strangers = reason('strangers', '41 people whom nobody here ever wrote to in half an hour');
const ceiling = reason(
  'ceiling',
  '120 recipients in one message; the limit for one account is 100',
);

test('all reasons are one line, strongest first', () => {
  assert.equal(sentence([ceiling, strangers]), `${ceiling.text}; ${strangers.text}`);
  assert.equal(sentence([]), '');
});

test('a hold reason names Postern and what was seen', () => {
  assert.equal(holdReason([strangers, ceiling]), `postern: ${strangers.text}`);
  assert.equal(holdReason([]), 'postern: held');
});

test('a hold reason is printable ASCII of at most a hundred characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      assert.match(holdReason([reason('x', text)]), /^postern: [\x20-\x7e]{0,91}$/);
    }),
  );
});

const replies = [
  ['a ceiling that will pass', 'delay', ceiling, 451, /120 recipients .* please try again later/],
  ['a delay for any other reason', 'delay', strangers, 451, /^too much mail at once; please try/],
  ['a message too large', 'refuse', ceiling, 550, /limit for one account is 100; ask help@here/],
  ['a suspended account', 'refuse', strangers, 550, /stopped .* contact help@here/],
] as const;
for (const [what, verdict, why, code, text] of replies) {
  test(`the client is told of ${what}`, () => {
    const reply = replyText(verdict, [why], 'help@here');
    assert.equal(reply.code, code);
    assert.match(reply.text, text);
    assert.equal(reply.enhanced[0], String(code)[0]);
  });
}

test('how the guard counts is nobody’s business', () => {
  for (const verdict of ['delay', 'refuse'] as const) {
    assert.doesNotMatch(replyText(verdict, [strangers], 'help@here').text, /41|wrote/);
  }
  assert.deepEqual(replyText('refuse', [], 'x'), suspendedReply('x'));
});
