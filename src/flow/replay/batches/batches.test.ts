/** Events come out of a batch as they went in, whatever they have, and whatever came before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEvent, type ReadEvent } from '../replay-event.ts';
import { EventReader } from './read-events.ts';
import { EventWriter } from './write-events.ts';

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b@x.example', 'Ännchen 𝒳', 'long '.repeat(60)),
  fc.string({ maxLength: 8 }),
);
const time = fc.integer({ min: 1, max: 10 ** 13 });
const login = fc.constantFrom('ann@here.example', 'bob@here.example', 'client:x');
const traits = {
  inReplyTo: text,
  helo: text,
  tls: text,
  auth: text,
  mailer: text,
  zone: text,
  links: fc.array(text, { maxLength: 4 }),
  attachments: fc.array(text, { maxLength: 4 }),
  list: fc.boolean(),
  via: fc.constant('webmail'),
};
const requiredOfSend = ['type', 'id', 'at', 'account', 'recipients'] as const;
const send = fc.record(
  {
    type: fc.constant('send'),
    id: text,
    at: time,
    account: login,
    recipients: fc.array(fc.oneof(text, fc.constantFrom('c@x.example', 'd@here.example')), {
      maxLength: 5,
    }),
    client: text,
    sender: text,
    from: text,
    subject: text,
    fingerprint: text,
    foreign: text,
    uid: fc.nat(),
    size: fc.nat(),
    spamScore: fc.double({ noNaN: true, noDefaultInfinity: true }),
    ...traits,
  },
  { requiredKeys: [...requiredOfSend] },
);
const seen = fc.record(
  {
    type: fc.constant('login'),
    at: time,
    account: login,
    client: text,
    ok: fc.boolean(),
    protocol: fc.constantFrom('imap', 'smtp', 'webmail'),
    auth: text,
    tls: text,
  },
  { requiredKeys: ['type', 'at', 'account', 'client', 'ok'] },
);
const delivery = fc.record({
  type: fc.constant('delivery'),
  id: text,
  at: time,
  recipient: text,
  outcome: fc.constantFrom('sent', 'deferred', 'bounced'),
  reply: text,
});
const receive = fc.record({
  type: fc.constant('receive'),
  at: time,
  account: login,
  sender: text,
  spf: fc.constantFrom('pass', 'none'),
  spamScore: fc.nat(9),
  messageId: text,
});
const clear = fc.record({ type: fc.constant('clear'), at: time, account: login });
const batches = fc.array(
  fc.array(fc.oneof(send, seen, delivery, receive, clear), { maxLength: 20 }),
);

test('events come out as they went in', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const writer = new EventWriter();
      const reader = new EventReader();
      for (const recorded of all) {
        const events = recorded.map(read);
        for (const [line, event] of events.entries()) writer.write(event, line);
        const batch = structuredClone(writer.take());
        const got: ReadEvent[] = [];
        reader.read(batch, (event, line) => {
          assert.equal(line, got.length);
          got.push(event);
        });
        assert.deepEqual(got, events);
      }
    }),
  );
});

function read({ at, ...event }: Readonly<Record<string, unknown>>): ReadEvent {
  const line = JSON.stringify({ ...event, at: String(at) });
  const parsed = parseEvent(line, Number);
  assert.ok(parsed.ok);
  return parsed.value;
}
