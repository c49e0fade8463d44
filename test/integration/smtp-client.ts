/**
 * A small SMTP client for tests: one connection, AUTH PLAIN, replies as values. Many of them at
 * once are cheap.
 *
 *     await using client = await connectSmtp(port, { user, password });
 *     const sent = await client.send({ from: 'joe@example.test', to: ['a@world.test'], id: 'x1' });
 *     sent.reply.code; sent.queueId; sent.stage;  // stage: mail, rcpt, data or done
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as encrypt } from 'node:tls';

export type Reply = { readonly code: number; readonly text: string };
export type TestMessage = {
  readonly from: string;
  readonly to: readonly string[];
  /** Goes into X-Test-Id and Message-Id. */
  readonly id: string;
  readonly subject?: string;
  readonly body?: string;
  /** Whole header lines, each without its line end. */
  readonly headers?: readonly string[];
};
export type Sent = {
  /** Where it ended. `done`: accepted. */
  readonly stage: 'mail' | 'rcpt' | 'data' | 'done';
  /** The reply that decided it. */
  readonly reply: Reply;
  /** Recipients that were taken. */
  readonly accepted: readonly string[];
  /** Replies for those that were not. */
  readonly refused: readonly { readonly to: string; readonly reply: Reply }[];
  readonly queueId: string;
};
export type Octets = {
  readonly from: string;
  readonly to: string;
  /** `SMTPUTF8` and the like. */
  readonly mailArguments?: string;
  readonly text: string;
  readonly chunked?: boolean;
};
export type SmtpClient = AsyncDisposable & {
  /** The reply to AUTH, where a user was given. */
  readonly login: Reply | undefined;
  send(message: TestMessage): Promise<Sent>;
  command(line: string): Promise<Reply>;
  /**
   * A whole message, an octet a character, its line ends and dots as they are; `chunked`: with
   * BDAT.
   */
  sendOctets(octets: Octets): Promise<Reply>;
  quit(): Promise<void>;
};
export type SmtpOptions = {
  readonly user?: string;
  readonly password?: string;
  /** Ask for STARTTLS; any certificate will do. */
  readonly tls?: boolean;
  readonly host?: string;
  /** Any 127.x.y.z: where the client seems to come from. */
  readonly localAddress?: string;
  readonly timeoutMs?: number;
};

/**
 * Connects, says EHLO, and logs in where a user is given; a refused login is in `login`, not an
 * exception.
 */
export async function connectSmtp(port: number, options: SmtpOptions = {}): Promise<SmtpClient> {
  let socket: Socket = connect({
    port,
    host: options.host ?? '127.0.0.1',
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  });
  let replies = readReplies(socket, options.timeoutMs ?? 60_000);
  const command = (line: string): Promise<Reply> => {
    socket.write(`${line}\r\n`);
    return replies.next();
  };
  const greeting = await replies.next();
  if (greeting.code !== 220) throw new Error(`greeted with ${greeting.code} ${greeting.text}`);
  await command('EHLO client.test');
  if (options.tls === true) {
    const ready = await command('STARTTLS');
    if (ready.code !== 220) throw new Error(`STARTTLS: ${ready.code} ${ready.text}`);
    socket.removeAllListeners();
    socket = encrypt({ socket, rejectUnauthorized: false });
    replies = readReplies(socket, options.timeoutMs ?? 60_000);
    await command('EHLO client.test');
  }
  let login: Reply | undefined;
  if (options.user !== undefined) {
    const plain = Buffer.from(`\0${options.user}\0${options.password ?? ''}`).toString('base64');
    login = await command(`AUTH PLAIN ${plain}`);
  }
  const quit = async (): Promise<void> => {
    if (socket.destroyed) return;
    socket.end('QUIT\r\n');
    await Promise.race([once(socket, 'close'), replies.next().catch(() => undefined)]);
    socket.destroy();
  };
  return {
    login,
    command,
    quit,
    send: (message) => send(message, command),
    sendOctets: (octets) =>
      sendOctets(octets, command, (bytes) => {
        socket.write(bytes);
        return replies.next();
      }),
    [Symbol.asyncDispose]: quit,
  };
}

async function send(
  message: TestMessage,
  command: (line: string) => Promise<Reply>,
): Promise<Sent> {
  const accepted: string[] = [];
  const refused: { to: string; reply: Reply }[] = [];
  const end = async (stage: Sent['stage'], reply: Reply): Promise<Sent> => {
    if (stage !== 'done' && stage !== 'data' && reply.code !== 421) await command('RSET');
    const queueId = /queued as (\S+)/.exec(reply.text)?.[1] ?? '';
    return { stage, reply, accepted, refused, queueId };
  };
  const mail = await command(`MAIL FROM:<${message.from}>`);
  if (mail.code !== 250) return end('mail', mail);
  let last: Reply = mail;
  for (const to of message.to) {
    last = await command(`RCPT TO:<${to}>`);
    if (last.code === 250) accepted.push(to);
    else refused.push({ to, reply: last });
  }
  if (accepted.length === 0) return end('rcpt', last);
  const ready = await command('DATA');
  if (ready.code !== 354) return end('rcpt', ready);
  const done = await command(`${text(message)}\r\n.`);
  return end(done.code === 250 ? 'done' : 'data', done);
}

/** Answers with the reply that decided it. */
async function sendOctets(
  { from, to, mailArguments = '', text: octets, chunked = false }: Octets,
  command: (line: string) => Promise<Reply>,
  write: (bytes: Buffer) => Promise<Reply>,
): Promise<Reply> {
  const mail = await command(`MAIL FROM:<${from}> ${mailArguments}`.trimEnd());
  if (mail.code !== 250) return mail;
  const rcpt = await command(`RCPT TO:<${to}>`);
  if (rcpt.code !== 250) return rcpt;
  if (chunked) {
    const bytes = Buffer.from(octets, 'latin1');
    return write(Buffer.concat([Buffer.from(`BDAT ${bytes.length} LAST\r\n`), bytes]));
  }
  const ready = await command('DATA');
  if (ready.code !== 354) return ready;
  const ended = octets.endsWith('\r\n') ? octets : `${octets}\r\n`;
  return write(Buffer.from(`${ended.replace(/(^|\n)\./g, '$1..')}.\r\n`, 'latin1'));
}

/** The message on the wire, dots stuffed, without the final dot. */
function text(message: TestMessage): string {
  const body = (message.body ?? 'Hello,\nthis is a test.\n').replace(/\r?\n/g, '\r\n');
  const lines = [
    `From: <${message.from}>`,
    `To: <${message.to[0] ?? ''}>`,
    `Subject: ${message.subject ?? 'a test'}`,
    `Message-Id: <${message.id}@client.test>`,
    `X-Test-Id: ${message.id}`,
    ...(message.headers ?? []),
    '',
    body.replace(/\r\n$/, ''),
  ];
  return lines.join('\r\n').replace(/^\./gm, '..');
}

/** Replies in order; a dead or silent connection rejects. */
function readReplies(socket: Socket, timeoutMs: number): { next(): Promise<Reply> } {
  const ready: Reply[] = [];
  let waiting: { give: (reply: Reply) => void; fail: (error: Error) => void } | undefined;
  let dead: Error | undefined;
  let pending = '';
  let parts: string[] = [];
  const die = (error: Error): void => {
    dead ??= error;
    waiting?.fail(dead);
    waiting = undefined;
  };
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  socket.on('error', die);
  socket.on('close', () => die(new Error('the server closed the connection')));
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    const lines = pending.split('\r\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      parts.push(line.slice(4));
      if (line[3] === '-') continue;
      const reply = { code: Number(line.slice(0, 3)), text: parts.join('\n') };
      parts = [];
      if (waiting === undefined) ready.push(reply);
      else waiting.give(reply);
      waiting = undefined;
    }
  });
  return {
    next() {
      const reply = ready.shift();
      if (reply !== undefined) return Promise.resolve(reply);
      if (dead !== undefined) return Promise.reject(dead);
      return new Promise((give, fail) => {
        waiting = { give, fail };
      });
    },
  };
}
