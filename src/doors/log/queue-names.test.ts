/** Names of messages in lines of Postfix, and lines with which a client could forge one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameFact } from './queue-names.ts';

const renamed = { kind: 'renamed', before: 'ABCDE1', queueId: 'ABCDE2' };
const lines = [
  [
    'postfix/smtpd',
    'client=localhost[127.0.0.1], orig_queue_id=ABCDE1, orig_client=pc[192.0.2.7]',
    renamed,
  ],
  ['postfix-in/smtpd', 'client=x[::1]:4711, orig_queue_id=ABCDE1', renamed],
  [
    'postfix/smtpd',
    'client=x[127.0.0.1], sasl_method=PLAIN, sasl_username=a, orig_queue_id=ABCDE1',
    undefined,
  ],
  ['postfix/smtpd', 'client=x[127.0.0.1], orig_client=y, orig_queue_id=ABCDE1', undefined],
  ['postfix/smtpd', 'client=x[127.0.0.1], orig_queue_id=ABCDE2', undefined],
  ['postfix/pickup', 'uid=104 from=<ann@example.test> orig_id=ABCDE1', renamed],
  [
    'postfix/pickup',
    'uid=33 from=<a> orig_id=ABCDE1>',
    { kind: 'picked-up', queueId: 'ABCDE2', sender: '"a> orig_id=abcde1"' },
  ],
  [
    'postfix/pickup',
    'uid=33 from=<Ann@Example.test>',
    { kind: 'picked-up', queueId: 'ABCDE2', sender: 'ann@example.test' },
  ],
  ['postfix/pickup', 'uid=33 from=<>', { kind: 'picked-up', queueId: 'ABCDE2', sender: '' }],
  [
    'postfix/cleanup',
    'message-id=<one@pc.test>',
    { kind: 'entered', queueId: 'ABCDE2', messageId: '<one@pc.test>' },
  ],
  ['postfix/cleanup', 'resent-message-id=<one@pc.test>', undefined],
  ['postfix/cleanup', `message-id=${'x'.repeat(300)}`, undefined],
  ['postfix/qmgr', 'message-id=<one@pc.test>', undefined],
] as const;

for (const [tag, rest, want] of lines) {
  test(`${tag}: ${rest.slice(0, 90)}`, () =>
    assert.deepEqual(nameFact(tag, `ABCDE2: ${rest}`), want));
}
