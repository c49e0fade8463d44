/**
 * Stands in for the world: an SMTP server on loopback that takes every message and remembers what
 * came. Messages are told apart by their header `X-Test-Id`; Postfix may bring one message in
 * several pieces (per destination, per 50 recipients), so recipients are what is counted.
 *
 *     await using sink = await startSink();
 *     sink.port; sink.recipients('id-7');
 *     await sink.until(() => sink.deliveries.length === 3, 'three deliveries');
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export type Delivery = {
  /** X-Test-Id of the message, or empty. */
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  /** The headers, unfolded as they came. */
  readonly headers: string;
  /** The body, when `keepBodies` was asked for. */
  readonly body: string;
  /**
   * The whole message as it came, dots unstuffed, one octet a character; if `keepMessages` is set.
   */
  readonly message: string;
  readonly bytes: number;
};

export type Sink = AsyncDisposable & {
  readonly port: number;
  readonly deliveries: readonly Delivery[];
  /** Every recipient that got this message, with repetitions. */
  recipients(id: string): readonly string[];
  /** All recipients of all messages, with repetitions. */
  recipientCount(): number;
  /** Resolves when `done` answers true; looked at after each delivery. */
  until(done: () => boolean, what: string, timeoutMs?: number): Promise<void>;
};

export type SinkOptions = {
  readonly port?: number;
  readonly keepBodies?: boolean;
  readonly keepMessages?: boolean;
  /** A reply line such as `550 5.1.1 no such user` refuses this recipient. */
  readonly refuse?: (recipient: string) => string | undefined;
};

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const deliveries: Delivery[] = [];
  const byId = new Map<string, string[]>();
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  const take = (delivery: Delivery): void => {
    deliveries.push(delivery);
    const list = byId.get(delivery.id) ?? [];
    list.push(...delivery.to);
    byId.set(delivery.id, list);
    for (const look of waiting) look();
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    converse(socket, options, take);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sink has no port');
  return {
    port: address.port,
    deliveries,
    recipients: (id) => byId.get(id) ?? [],
    recipientCount: () => deliveries.reduce((sum, one) => sum + one.to.length, 0),
    until: (done, what, timeoutMs = 60_000) => waitFor(waiting, done, what, timeoutMs),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function waitFor(
  waiting: Set<() => void>,
  done: () => boolean,
  what: string,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      waiting.delete(look);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = (): void => {
      if (done()) finish();
    };
    const timer = setTimeout(
      () => finish(new Error(`the sink never saw ${what} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    waiting.add(look);
    look();
  });
}

/** One SMTP conversation. Commands may come glued together (PIPELINING). */
function converse(socket: Socket, options: SinkOptions, take: (delivery: Delivery) => void): void {
  let pending = '';
  let data: string[] | undefined;
  let from = '';
  let to: string[] = [];
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  const dataLine = (lines: string[], line: string): void => {
    if (line !== '.') {
      lines.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    data = undefined;
    take(delivery(from, to, lines, options));
    to = [];
    say('250 2.0.0 taken');
  };
  const command = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') say('250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8');
    else if (verb === 'MAIL') {
      from = path(line);
      to = [];
      say('250 2.1.0 ok');
    } else if (verb === 'RCPT') {
      const refusal = options.refuse?.(path(line));
      if (refusal === undefined) to.push(path(line));
      say(refusal ?? '250 2.1.5 ok');
    } else if (verb === 'DATA' && to.length === 0) say('554 5.5.1 no valid recipients');
    else if (verb === 'DATA') {
      data = [];
      say('354 go ahead');
    } else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n');
    else say('250 2.0.0 ok');
  };
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    const lines = pending.split('\r\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (data === undefined) command(line);
      else dataLine(data, line);
    }
  });
  say('220 sink.test ESMTP');
}

function path(line: string): string {
  return /<(.*?)>/.exec(line)?.[1] ?? '';
}

function delivery(
  from: string,
  to: readonly string[],
  lines: readonly string[],
  { keepBodies = false, keepMessages = false }: SinkOptions,
): Delivery {
  const blank = lines.indexOf('');
  const headers = lines.slice(0, blank < 0 ? lines.length : blank).join('\r\n');
  return {
    id: /^x-test-id:[ \t]*(\S+)/im.exec(headers)?.[1] ?? '',
    from,
    to,
    headers,
    body: keepBodies && blank >= 0 ? lines.slice(blank + 1).join('\r\n') : '',
    message: keepMessages ? `${lines.join('\r\n')}\r\n` : '',
    bytes: lines.reduce((sum, line) => sum + line.length + 2, 0),
  };
}
