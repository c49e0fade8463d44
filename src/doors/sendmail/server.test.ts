/** The door alone, with a handler that writes down what it is handed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  encodeHandoverRequest,
  type HandoverRequest,
} from '../../core/scripts/handover-request.ts';
import type { Listener } from '../../lib/listener.ts';
import type { HandoverHandler, Peer, SendmailExit } from '../../ports/handover.ts';
import { openSendmail, type SendmailDoorDeps } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'psd-'));
after(() => rmSync(folder, { recursive: true }));

const me: Peer = { pid: 7, uid: 1_000, startedAt: 1 };
const request: HandoverRequest = {
  id: `1700000000000-${'0'.repeat(32)}`,
  sender: 'a@x.example',
  fullName: undefined,
  recipients: ['b@y.example'],
  headerRecipients: false,
  through: [],
  crlf: false,
  phpScript: '',
  claim: undefined,
};

type Taken = {
  readonly peer: Peer;
  readonly request: HandoverRequest;
  message: string;
  end: string;
};

class Admin implements HandoverHandler {
  readonly taken: Taken[] = [];
  readonly #answer: SendmailExit | undefined;
  readonly #refusal: SendmailExit | undefined;

  constructor(answer: SendmailExit | 'none' = { exit: 0, text: '' }, refusal?: SendmailExit) {
    this.#answer = answer === 'none' ? undefined : answer;
    this.#refusal = refusal;
  }

  open(peer: Peer, wanted: HandoverRequest): ReturnType<HandoverHandler['open']> {
    if (this.#refusal !== undefined) return { kind: 'refused', answer: this.#refusal };
    const one: Taken = { peer, request: wanted, message: '', end: '' };
    this.taken.push(one);
    return {
      kind: 'taken',
      write: (bytes) => {
        one.message += bytes.toString('latin1');
      },
      finish: (answer) => {
        one.end = 'finished';
        setImmediate(() => answer(this.#answer));
      },
      drop: () => {
        one.end = 'dropped';
      },
    };
  }
}

let doors = 0;
function open(handler: HandoverHandler, more: Partial<SendmailDoorDeps> = {}): Promise<Listener> {
  const deps = {
    handler,
    peerOf: () => me,
    messageBytesMax: 1_000,
    log: () => {},
    count: () => {},
  };
  return openSendmail({ path: join(folder, `door-${++doors}`) }, { ...deps, ...more });
}

/** Says it in pieces, and answers with all that is said until the end. */
async function say(door: Listener, pieces: readonly (Buffer | string)[]): Promise<string> {
  const socket = connect(door.address.replace('unix:', ''));
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(2);
  }
  await closed;
  return said;
}

const head = (length: number, wanted: HandoverRequest = request): Buffer =>
  encodeHandoverRequest(wanted, length) ?? assert.fail('too long');

test('a message, in whatever pieces it comes', async () => {
  const handler = new Admin();
  await using door = await open(handler);
  const whole = Buffer.concat([head(6), Buffer.from('hello\n')]);
  assert.equal(await say(door, [whole]), '0 \n');
  const bytes = [...whole].map((byte) => Buffer.from([byte]));
  assert.equal(await say(door, bytes), '0 \n');
  assert.equal(await say(door, [head(0)]), '0 \n');
  assert.deepEqual(
    handler.taken.map((one) => [one.peer, one.message, one.end, one.request.sender]),
    ['hello\n', 'hello\n', ''].map((message) => [me, message, 'finished', 'a@x.example']),
  );
});

test('what the handler says is what the program hears', async () => {
  const unwritten = new Admin({ exit: 75, text: 'cannot queue the message' });
  await using door = await open(unwritten);
  assert.equal(await say(door, [head(1), 'x']), '75 cannot queue the message\n');
  await using away = await open(new Admin('none'));
  assert.equal(await say(away, [head(1), 'x']), '', 'it goes to the spool');
  await using full = await open(new Admin(undefined, { exit: 75, text: 'too many wait' }));
  assert.equal(await say(full, [head(1), 'x']), '75 too many wait\n');
});

test('half a message is not taken', async () => {
  const handler = new Admin();
  await using door = await open(handler);
  const socket = connect(door.address.replace('unix:', ''));
  await once(socket, 'connect');
  socket.end(Buffer.concat([head(6), Buffer.from('hel')]));
  socket.resume();
  await once(socket, 'close');
  while (handler.taken[0]?.end === '') await sleep(2);
  assert.equal(handler.taken[0]?.end, 'dropped');
});

test('what is no message ends its connection, and no other', async () => {
  const handler = new Admin();
  await using door = await open(handler);
  const bad = [
    'GET / HTTP/1.0\r\n\r\n',
    'x'.repeat(100),
    'postern-sendmail 1 9999999 5\n',
    'postern-sendmail 2 5 5\nhelloworld',
    'postern-sendmail 1 5 5\nhello',
    'postern-sendmail 1 2 5\n{}world',
    Buffer.concat([head(2), Buffer.from('more than two')]),
    head(1, { ...request, id: '../../etc/passwd' }),
    head(1, { ...request, recipients: [] }),
    head(1, { ...request, through: ['-C/tmp/mine'] }),
    head(1, { ...request, sender: 'a\0b' }),
  ];
  for (const one of bad) assert.equal(await say(door, [one]), '');
  assert.equal(handler.taken.filter(({ end }) => end !== 'dropped' && end !== '').length, 0);
  assert.equal(await say(door, [head(1), 'x']), '0 \n');
});

test('too large, from nobody, too many at once', async () => {
  const handler = new Admin();
  await using door = await open(handler, { limits: { connectionsMax: 8 } });
  assert.equal(await say(door, [head(1_001)]), '75 message file too big\n');
  const path = door.address.replace('unix:', '');
  const idle = [connect(path), connect(path)];
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  assert.equal(await say(door, [head(1), 'x']), '', 'it goes to the spool');
  for (const socket of idle) socket.destroy();
  while (door.connections > 0) await sleep(2);
  assert.equal(await say(door, [head(1), 'x']), '0 \n');
  await using blind = await open(handler, { peerOf: () => undefined });
  assert.equal(await say(blind, [head(1), 'x']), '75 cannot tell who you are\n');
});

test('a program that dribbles its message is not waited for', async () => {
  const handler = new Admin();
  const limits = { firstMs: 2_000, partialMs: 2_000, idleMs: 2_000 };
  await using door = await open(handler, { limits, wholeMs: 300 });
  // All of them would take 18 seconds.
  const pieces = [head(900), ...Array.from({ length: 899 }, () => 'x')];
  const socket = connect(door.address.replace('unix:', ''));
  let gone = false;
  socket.on('close', () => {
    gone = true;
  });
  socket.on('error', () => {});
  for (const piece of pieces) {
    if (gone) break;
    socket.write(piece);
    await sleep(20);
  }
  assert.ok(gone);
  assert.equal(handler.taken[0]?.end, 'dropped');
});

test('a user who keeps what Postern ended takes no places of others', async () => {
  const handler = new Admin();
  let uid = 1_000;
  let ended = 0;
  const troubles: (string | undefined)[] = [];
  await using door = await open(handler, {
    limits: { connectionsMax: 8 },
    peerOf: () => ({ ...me, uid }),
    count: (_metric, by = 1, fault = '') => {
      if (fault === 'many') ended += by;
    },
    troubles: { set: (_part, why) => void troubles.push(why) },
  });
  const path = door.address.replace('unix:', '');
  const held = Array.from({ length: 20 }, () => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('error', () => undefined);
    return socket;
  });
  // The kernel connects them before the door looks at them; the door asks for the user then.
  while (ended < held.length - 2) await sleep(2);
  assert.match(
    troubles[0] ?? '',
    /^the sendmail door .* is full for uid 1000: 2 of 2 connections$/,
  );
  uid = 1_001;
  assert.equal(await say(door, [head(1), 'x']), '0 \n');
  for (const socket of held) socket.destroy();
  while (door.connections > 0) await sleep(2);
  assert.equal(troubles.at(-1), undefined);
});
