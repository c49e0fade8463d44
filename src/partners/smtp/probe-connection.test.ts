/** A probe against servers that misbehave: it ends, keeps little, and says why. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { probeChecks } from '../../core/probe/checks.ts';
import { Dialogue } from '../../core/probe/dialogue.ts';
import { type ProbeTarget, probeOne } from '../../core/probe/target.ts';
import type { Millis } from '../../lib/time.ts';
import { cutReply, type ProbeConnectionOptions, runProbe } from './probe-connection.ts';

const waits = { greetingMs: 300, replyMs: 300, handshakeMs: 300 };

type Hostile = AsyncDisposable & { readonly port: number; readonly connections: () => number };

async function hostile(talk: (socket: Socket) => void): Promise<Hostile> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    connections: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const targetAt = (port: number): ProbeTarget => ({
  address: '127.0.0.1',
  source: '127.0.0.1',
  trusted: false,
  host: 'mail.test',
  domains: ['mail.test'],
  recipient: 'postmaster@mail.test',
  outside: 'nobody@elsewhere.invalid',
  ports: { smtp: port, submission: undefined, submissions: undefined },
  mark: 'abc',
  now: 0 as Millis,
});
const options = (deadlineMs = 60_000): ProbeConnectionOptions => ({
  address: '127.0.0.1',
  source: undefined,
  host: 'mail.test',
  authorities: [],
  deadline: AbortSignal.timeout(deadlineMs),
  waits,
});

/** Writes without end, as fast as the peer reads. */
function flood(socket: Socket, chunk: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {
      // The loop ends when the peer reads no more.
    }
    socket.once('drain', more);
  };
  more();
}

const servers: Readonly<Record<string, (socket: Socket) => void>> = {
  'a greeting without end': (socket) => flood(socket, '220-mail.test is busy\r\n'),
  'a line of megabytes': (socket) => flood(socket, 'x'.repeat(100_000)),
  silence: () => undefined,
  'the end at once': (socket) => socket.destroy(),
  'no mail server': (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'a refusal': (socket) => socket.end('554 5.7.1 go away\r\n'),
  'noise as TLS': (socket) => {
    socket.write('220 mail.test ESMTP\r\n');
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (/^EHLO/.test(text)) socket.write('250-mail.test\r\n250 STARTTLS\r\n');
      else if (/^STARTTLS/.test(text)) socket.write('220 go on\r\n');
      else socket.write('\x16\x03\x03\xff\xff\x02garbage'.repeat(1_000));
    });
  },
  'yes to everything': (socket) => {
    socket.write('220 mail.test\r\n');
    socket.on('data', (bytes) => {
      for (const _ of bytes.toString('latin1').matchAll(/\n/g)) socket.write('250 ok\r\n');
    });
  },
};

/** Servers of which nothing can be found out. */
const unheard = Object.keys(servers).filter((name) => !/yes|TLS/.test(name));

for (const [name, talk] of Object.entries(servers)) {
  test(`every check ends: ${name} (slow)`, async () => {
    await using server = await hostile(talk);
    for (const check of probeChecks) {
      const target = targetAt(server.port);
      const found = await runProbe(probeOne(check, target), options(1_500));
      assert.ok(found.length > 0, check.name);
      for (const { kind, transcript, found: text } of found) {
        assert.ok(transcript.length <= 41 && transcript.every((line) => line.length <= 162));
        if (unheard.includes(name) && check.name !== 'early') {
          assert.equal(kind, 'unknown', `${check.name}: ${text}`);
        }
      }
    }
  });
}

test('when the time is up, nothing more is opened', async () => {
  await using server = await hostile(() => undefined);
  const ended = AbortSignal.abort();
  const dialogue = new Dialogue('probe.test');
  const heard = await runProbe(dialogue.open(server.port), { ...options(), deadline: ended });
  assert.equal(heard.end, 'no-time');
  assert.equal(server.connections(), 0);
});

test('replies are cut as they are written, in whatever pieces they come', () => {
  const line = fc.stringMatching(/^[ -~]{0,30}$/);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), line, (lines, rest) => {
      const text = lines
        .map((one, nth) => `250${nth === lines.length - 1 ? ' ' : '-'}${one}\r\n`)
        .join('');
      assert.deepEqual(cutReply(text + rest), { reply: { code: 250, lines }, rest });
      for (let end = 0; end < text.length; end++) {
        assert.equal(cutReply(text.slice(0, end)), undefined);
      }
    }),
  );
});
