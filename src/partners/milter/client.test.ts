/** The milter client against our own door, and against filters that do not play by the rules. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { acceptAll, plainPath } from '../../../test/doubles/path.ts';
import { mta, oldOffer, pass, RecordingGate, refuse } from '../../../test/mta/script.ts';
import { openMilter } from '../../doors/milter/server.ts';
import { packet, strings, words } from '../../formats/milter/packet.ts';
import type { Listener } from '../../lib/listener.ts';
import type { Millis } from '../../lib/time.ts';
import type { Gate } from '../../ports/message.ts';
import { type MilterAddress, openMilterClient, parseMilterAddress } from './client.ts';
import type { ClientMessage } from './message.ts';

const message: ClientMessage = {
  sender: 'joe@here.example',
  recipients: ['ann@there.example', { address: 'bob@here.example', transport: 'virtual' }],
  login: 'joe',
  queueId: '4ZQUEUE',
  headers: [
    ['From', 'Joe <joe@here.example>'],
    ['Subject', 'Lunch'],
  ],
  body: Buffer.from('Shall we?\r\n'),
};

function open(gate: Gate): Promise<Listener> {
  const deps = {
    path: plainPath(gate),
    clock: { now: () => 0 as Millis },
    log: () => {},
    count: () => {},
  };
  return openMilter({ host: '127.0.0.1', port: 0 }, deps);
}

function addressOf(door: Listener): MilterAddress {
  const address = parseMilterAddress(door.address);
  assert.ok(address !== undefined);
  return address;
}

const offerOfOld = { version: 2, actions: oldOffer[1] ?? 0, protocol: oldOffer[2] ?? 0 };

test('messages of one session, taken, with everything the gate is to know', async () => {
  const gate = new RecordingGate();
  await using door = await open(gate);
  for (const offer of [undefined, offerOfOld]) {
    await using client = await openMilterClient(
      addressOf(door),
      offer === undefined ? {} : { offer },
    );
    for (let index = 0; index < 3; index++) {
      assert.deepEqual(await client.send(message), {
        kind: 'taken',
        held: undefined,
        refused: [],
        edits: [],
      });
    }
  }
  assert.equal(gate.submitted.length, 6);
  const { outside, local, id } = gate.submitted[0]?.message ?? {};
  assert.deepEqual([outside, local, id], [['ann@there.example'], ['bob@here.example'], '4ZQUEUE']);
});

test('a held message tells its reason, a refused one its reply and stage', async () => {
  let stage = 'hold';
  let recipients = 0;
  const gate: Gate = {
    mayBegin: () => {
      recipients++;
      return stage === 'rcpt' || (stage === 'one' && recipients === 2) ? refuse : pass;
    },
    submit: (_message, _by, answer) =>
      answer(stage === 'hold' ? { kind: 'hold', reason: '50% new' } : refuse),
  };
  await using door = await open(gate);
  await using client = await openMilterClient(addressOf(door));
  const reply = '550 5.7.1 Account suspended';
  const ann = { address: 'ann@there.example', reply };
  const bob = { address: 'bob@here.example', reply };
  const wants = [
    ['hold', { kind: 'taken', held: '50% new', refused: [], edits: [] }],
    ['rcpt', { kind: 'refused', stage: 'rcpt', reply, refused: [ann, bob] }],
    ['one', { kind: 'refused', stage: 'end', reply, refused: [bob] }],
  ] as const;
  for (const [next, want] of wants) {
    stage = next;
    recipients = 0;
    assert.deepEqual(await client.send(message), want);
  }
  // A mail server that waits for an answer to MAIL.
  await using old = await openMilterClient(addressOf(door), { offer: offerOfOld });
  stage = 'rcpt';
  const want = { kind: 'refused', stage: 'mail', reply, refused: [] };
  assert.deepEqual(await old.send(message), want);
});

test('mail as by sendmail(1)', async () => {
  const gate = new RecordingGate();
  await using door = await open(gate);
  await using client = await openMilterClient(addressOf(door), { local: true });
  assert.equal((await client.send(message)).kind, 'taken');
  assert.equal(gate.submitted[0]?.message.account, 'local:joe@here.example');
});

test('many sessions at once, a body of many chunks', async () => {
  await using door = await open(acceptAll);
  const body = Buffer.alloc(1_000_000, 'a line of text\r\n');
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async () => {
      await using client = await openMilterClient(addressOf(door));
      return await client.send({ ...message, body });
    }),
  );
  assert.ok(outcomes.every(({ kind }) => kind === 'taken'));
});

/**
 * A filter that answers the first bytes with `hello` and the next ones with the rest, one by one.
 */
async function filter(
  ...answers: readonly Buffer[]
): Promise<{ address: MilterAddress } & AsyncDisposable> {
  const server = createServer((socket) => {
    let turn = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      const answer = answers[turn++];
      if (answer === undefined) socket.end();
      else socket.write(answer);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    address: { host: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const go = packet('c'.charCodeAt(0));
const negotiated = (protocol: number): Buffer =>
  packet('O'.charCodeAt(0), words(6, 0x1ff, protocol));

test('edits and discards are seen; a refusal of the whole session as well', async () => {
  const header = packet('h'.charCodeAt(0), strings('X-Spam', 'yes'));
  const edits = Buffer.concat([header, packet('p'.charCodeAt(0)), packet('d'.charCodeAt(0))]);
  // Nothing is wanted but the end.
  await using editing = await filter(negotiated(0x37f), edits);
  const client = await openMilterClient(editing.address);
  assert.deepEqual(await client.send(message), {
    kind: 'taken',
    held: undefined,
    refused: [],
    edits: ['h', 'd'],
  });
  await client.close();
  await using refusing = await filter(negotiated(0), packet('r'.charCodeAt(0)));
  const refused = await openMilterClient(refusing.address);
  assert.deepEqual(await refused.send(message), {
    kind: 'refused',
    stage: 'connect',
    reply: '550 5.7.1 Command rejected',
    refused: [],
  });
  await refused.close();
});

const broken = [
  ['asks for what was not offered', [packet('O'.charCodeAt(0), words(6, 0x200, 0))]],
  ['speaks a later version', [packet('O'.charCodeAt(0), words(7, 0, 0))]],
  ['does not negotiate', [go]],
  ['closes in the middle', [negotiated(0), go]],
  ['answers twice', [negotiated(0), Buffer.concat([go, go])]],
  ['answers nonsense', [negotiated(0), packet('X'.charCodeAt(0))]],
  ['sends a packet without length', [Buffer.alloc(8)]],
] as const;
for (const [name, answers] of broken) {
  test(`a filter that ${name} is an error, not a verdict`, async () => {
    await using bad = await filter(...answers);
    const attempt = async (): Promise<void> => {
      const client = await openMilterClient(bad.address);
      try {
        await client.send(message);
      } finally {
        await client.close();
      }
    };
    await assert.rejects(attempt(), { name: 'PeerError' });
  });
}

test('a filter that says nothing is not waited for without end', async () => {
  await using silent = await filter(negotiated(0), Buffer.alloc(0));
  const client = await openMilterClient(silent.address, { patienceMs: 1_000 });
  await assert.rejects(client.send(message), /does not answer/);
});

test('addresses of filters', () => {
  assert.deepEqual(parseMilterAddress('inet:127.0.0.1:99'), { host: '127.0.0.1', port: 99 });
  assert.deepEqual(parseMilterAddress('inet:[::1]:99'), { host: '::1', port: 99 });
  assert.deepEqual(parseMilterAddress('unix:/run/m'), { path: '/run/m' });
  for (const text of ['', 'inet:x', 'inet::1:99', 'inet:a:99999', '127.0.0.1:99']) {
    assert.equal(parseMilterAddress(text), undefined);
  }
  // What the scripted mail server says is what the client says.
  assert.deepEqual(mta.quit(), packet('Q'.charCodeAt(0)));
});
