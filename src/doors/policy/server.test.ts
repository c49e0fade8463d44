import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { Listener } from '../../lib/listener.ts';
import type { Answer, PolicyHandler, PolicyRequest } from '../../ports/message.ts';
import { openPolicy, type PolicyDeps } from './server.ts';

type Asked = { readonly connection: number; readonly request: PolicyRequest };

/** A handler that records requests and answers as the test wants. */
class ScriptedHandler implements PolicyHandler {
  readonly asked: Asked[] = [];
  readonly left: number[] = [];
  readonly #answers: (request: PolicyRequest, answer: (answer: Answer) => void) => void;
  #leaving: (connection: number) => void = () => {};

  constructor(answers: (request: PolicyRequest, answer: (answer: Answer) => void) => void) {
    this.#answers = answers;
  }

  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void {
    this.asked.push({ connection, request });
    this.#answers(request, answer);
  }

  gone(connection: number): void {
    this.left.push(connection);
    this.#leaving(connection);
  }

  nextLeft(): Promise<number> {
    return new Promise((resolve) => {
      this.#leaving = resolve;
    });
  }
}

const passing = (): ScriptedHandler =>
  new ScriptedHandler((_request, answer) => answer({ kind: 'pass' }));

function open(handler: PolicyHandler, more: Partial<PolicyDeps> = {}): Promise<Listener> {
  const deps = { handler, log: () => {}, count: () => {}, ...more };
  return openPolicy({ host: '127.0.0.1', port: 0 }, deps);
}

async function dial(door: Listener): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(door.address.split(':')[2]) });
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the connection has ended or was reset. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const admitted = { kind: 'admitted', peer: 'uid 103', trusted: true } as const;

const request = (state: string, more = ''): string =>
  `request=smtpd_access_policy\nprotocol_state=${state}\ninstance=1.2.3\n` +
  `sasl_username=joe\n${more}\n`;

/** Reads until `count` answers have arrived. */
async function answersOf(socket: Socket, count: number): Promise<readonly string[]> {
  let text = '';
  for await (const [chunk] of on(socket)) {
    text += chunk;
    if (text.split('\n\n').length > count) break;
  }
  return text.split('\n\n').slice(0, -1);
}

async function* on(socket: Socket): AsyncGenerator<[string]> {
  for (;;) yield (await once(socket, 'data')) as [string];
}

const actions = [
  ['pass', { kind: 'pass' }, 'action=DUNNO'],
  ['hold', { kind: 'hold', reason: 'many\nstrangers' }, 'action=HOLD many strangers'],
  [
    'delayed',
    { kind: 'reply', code: 451, enhanced: '4.7.1', text: 'later' },
    'action=451 4.7.1 later',
  ],
  [
    'refused',
    { kind: 'reply', code: 550, enhanced: '4.0.0', text: 'no\n\naction=OK' },
    'action=550 5.7.1 no action=OK',
  ],
] as const;
for (const [name, answer, want] of actions) {
  test(`policy: ${name}`, async () => {
    await using door = await open(new ScriptedHandler((_request, give) => give(answer)));
    using socket = await dialed(door);
    socket.it.write(request('RCPT', 'recipient=a@b\n'));
    assert.deepEqual(await answersOf(socket.it, 1), [want]);
    // The door has no opinion at the end of a message, and about requests without a message.
    socket.it.write(request('END-OF-MESSAGE') + request('VRFY') + request('ETRN'));
    assert.deepEqual(await answersOf(socket.it, 3), Array(3).fill('action=DUNNO'));
  });
}

/** A socket that closes at the end of its block. */
async function dialed(door: Listener): Promise<{ readonly it: Socket } & Disposable> {
  const it = await dial(door);
  return { it, [Symbol.dispose]: () => it.destroy() };
}

test('policy: VRFY is answered without the handler', async () => {
  const handler = passing();
  await using door = await open(handler);
  using socket = await dialed(door);
  socket.it.write(request('VRFY') + request('RCPT'));
  await answersOf(socket.it, 2);
  assert.deepEqual(
    handler.asked.map((asked) => asked.request.stage),
    ['RCPT'],
  );
});

test('policy: glued requests are answered in order, also by a slow handler', async () => {
  let turn = 0;
  const handler = new ScriptedHandler((_request, answer) => {
    const code = 450 + ++turn;
    setImmediate(() => answer({ kind: 'reply', code, enhanced: '4.7.1', text: 'x' }));
  });
  await using door = await open(handler);
  using socket = await dialed(door);
  socket.it.write(request('RCPT').repeat(20));
  const want = Array.from({ length: 20 }, (_, index) => `action=${451 + index} 4.7.1 x`);
  assert.deepEqual(await answersOf(socket.it, 20), want);
});

test('policy: byte by byte', async () => {
  await using door = await open(passing());
  using socket = await dialed(door);
  socket.it.setNoDelay(true);
  for (const byte of request('RCPT')) socket.it.write(byte);
  assert.deepEqual(await answersOf(socket.it, 1), ['action=DUNNO']);
});

test('policy: an idle peer that does not close its own end does not delay a close', async () => {
  const door = await open(passing(), { limits: { drainMs: 600_000 } });
  const port = Number(door.address.split(':')[2]);
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.setEncoding('latin1');
  socket.write(request('RCPT'));
  await answersOf(socket, 1);
  await door.close();
  socket.destroy();
});

test('policy: the handler learns once that a connection has ended', async () => {
  const handler = passing();
  await using door = await open(handler);
  const [first, second] = [await dial(door), await dial(door)];
  for (const socket of [first, second]) {
    socket.write(request('RCPT'));
    await answersOf(socket, 1);
  }
  const left = handler.nextLeft();
  first.destroy();
  assert.equal(await left, handler.asked[0]?.connection);
  assert.notEqual(handler.asked[0]?.connection, handler.asked[1]?.connection);
  const later = handler.nextLeft();
  second.destroy();
  await later;
  assert.equal(new Set(handler.left).size, handler.left.length);
});

test('policy: bytes that are not a request end the connection without an answer', async () => {
  const counted: string[] = [];
  await using door = await open(passing(), {
    count: (name, _by, label) => counted.push(`${name} ${label}`),
  });
  for (const text of ['hello\n\n', `a=${'x'.repeat(70_000)}`, 'request=junk\n\n', '\n\n']) {
    const socket = await dial(door);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.write(text);
    await closed(socket);
    assert.equal(heard, '');
  }
  assert.deepEqual(counted, Array(4).fill('postern_policy_faults_total protocol'));
});

test('policy: a handler that throws or never answers ends one connection only', async () => {
  let calls = 0;
  const handler = new ScriptedHandler((_request, answer) => {
    calls++;
    if (calls === 1) throw new Error('our mistake');
    if (calls > 2) answer({ kind: 'pass' });
  });
  await using door = await open(handler, { answerMs: 50, limits: { partialMs: 200 } });
  for (let index = 0; index < 2; index++) {
    const socket = await dial(door);
    socket.write(request('RCPT'));
    await closed(socket);
  }
  using socket = await dialed(door);
  socket.it.write(request('RCPT'));
  assert.deepEqual(await answersOf(socket.it, 1), ['action=DUNNO']);
});

test('who may not connect gets no answer; a full door is told', async () => {
  const said: (string | undefined)[] = [];
  let may = false;
  await using door = await open(passing(), {
    admit: () => (may ? admitted : { kind: 'refused', uid: 1_001, why: 'this is a test' }),
    troubles: { set: (_part, why) => said.push(why) },
    limits: { connectionsMax: 1 },
  });
  const refused = await dial(door);
  refused.write(request('RCPT'));
  await closed(refused);
  may = true;
  const socket = await dial(door);
  socket.write(request('RCPT'));
  assert.deepEqual(await answersOf(socket, 1), ['action=DUNNO']);
  const text = `the policy door (${door.address}) is full: 1 connections, 1 of them of uid 103`;
  assert.deepEqual(said, [text]);
  socket.destroy();
});
