/**
 * The other end of a milter connection: plays a mail server as Postfix 3.7 does it (its offer, its
 * order of events, its brackets, its macros, its silence where no answer was agreed). For `postern
 * try`, benchmarks and tests, against our own door as well as any other milter.
 *
 *   await using client = await openMilterClient({ host, port }, { client: { name, address, port: 40_000 } });
 *   const outcome = await client.send({ sender, recipients, login, queueId, headers, body });
 *
 * One client is one SMTP session: messages go one after the other. Mail as from sendmail(1)
 * (`local: true`) has a session each in Postfix, so take a new client for every message there.
 */
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../../formats/milter/frame.ts';
import { command, packet, protocol, reply, strings, words } from '../../formats/milter/packet.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { type ClientMacros, macroPacket, symbolLists } from './macros.ts';
import type { ClientMessage, ClientSession } from './message.ts';

export type RefusedRecipient = { readonly address: string; readonly reply: string };

/** What became of one message. */
export type MilterOutcome =
  | {
      readonly kind: 'taken';
      /** The reason, where it went to the hold queue. */
      readonly held: string | undefined;
      readonly refused: readonly RefusedRecipient[];
      /** Changes that the filter asked for, by their letter: headers, recipients, body. */
      readonly edits: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly stage: 'connect' | 'mail' | 'rcpt' | 'end';
      /** As the SMTP client gets it: `550 5.7.1 text`. */
      readonly reply: string;
      readonly refused: readonly RefusedRecipient[];
    };

export type MilterClient = {
  send(message: ClientMessage): Promise<MilterOutcome>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Postfix 3.7: version 6, all actions, all protocol steps. */
const postfixOffer = { version: 6, actions: 0x1ff, protocol: 0x1fffff };
const headerLeadingSpace = 0x100000;
const bodyChunkBytes = 65_535;
const patienceMsDefault = 300_000;

/** Where a milter listens. */
export type MilterAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/**
 * `inet:127.0.0.1:4321` or `unix:/path`, as doors print it and Postfix wants it; undefined for
 * anything else.
 */
export function parseMilterAddress(text: string): MilterAddress | undefined {
  if (/^(?:unix|local):/.test(text)) return { path: text.slice(text.indexOf(':') + 1) };
  const found = /^inet:(\[[\d:a-fA-F.]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const [, host, port] = found ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Connects and negotiates. Throws PeerError when the filter does not play by the rules. */
export async function openMilterClient(
  where: MilterAddress,
  session: ClientSession = {},
): Promise<MilterClient> {
  const socket = connect('path' in where ? where : { ...where, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.removeAllListeners('error');
  const client = new Client(socket, session);
  try {
    await client.negotiate();
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
  return client;
}

type Reply = { readonly code: number; readonly text: string };

class Client implements MilterClient {
  readonly #socket: Socket;
  readonly #session: ClientSession;
  #macros: ClientMacros;
  #protocol = 0;
  #connected = false;
  #output: Buffer[] = [];
  #replies: Reply[] = [];
  #waiting: { resolve(answer: Reply): void; reject(cause: unknown): void } | undefined;
  #lost: unknown;
  /** A chunk of the body was answered with "no more of these". */
  #skipping = false;

  constructor(socket: Socket, session: ClientSession) {
    this.#socket = socket;
    this.#session = session;
    this.#macros = { lists: symbolLists(Buffer.alloc(0)), session };
    const reader = new FrameReader((code, bytes, start, end) => {
      if (code !== reply.progress)
        this.#arrived({ code, text: bytes.toString('latin1', start, end) });
      return true;
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (cause) {
        this.#lose(cause);
      }
    });
    socket.setTimeout(session.patienceMs ?? patienceMsDefault, () => {
      if (this.#waiting !== undefined) this.#lose(new PeerError('the filter does not answer'));
    });
    socket.on('error', (cause) => this.#lose(cause));
    socket.on('close', () => this.#lose(new PeerError('the filter closed the connection')));
  }

  async negotiate(): Promise<void> {
    const { version, actions, protocol: steps } = this.#session.offer ?? postfixOffer;
    this.#queue(packet(command.negotiate, words(version, actions, steps)));
    const answer = await this.#reply();
    const bytes = Buffer.from(answer.text, 'latin1');
    if (answer.code !== command.negotiate || bytes.length < 12) {
      throw new PeerError(`negotiation answered with ${String.fromCharCode(answer.code)}`);
    }
    const asked = bytes.readUInt32BE(4);
    if (bytes.readUInt32BE(0) > version || (asked & ~actions) !== 0) {
      throw new PeerError('the filter asks for what was not offered');
    }
    this.#protocol = bytes.readUInt32BE(8);
    this.#macros = { lists: symbolLists(bytes.subarray(12)), session: this.#session };
  }

  async send(message: ClientMessage): Promise<MilterOutcome> {
    if (!this.#connected) {
      const refused = await this.#greet(message);
      if (refused !== undefined)
        return { kind: 'refused', stage: 'connect', reply: refused, refused: [] };
      this.#connected = true;
    }
    const outcome = await this.#transaction(message);
    // Postfix ends every message so, whatever became of it; it goes out with whatever is said next.
    this.#queue(packet(command.abort));
    return outcome;
  }

  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    // Postfix says goodbye and hangs up at once.
    this.#queue(packet(command.quit));
    this.#flush();
    this.#lost = new PeerError('the session is closed');
    this.#socket.end();
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #greet(message: ClientMessage): Promise<string | undefined> {
    const { local = false, client, helo } = this.#session;
    const seen = local
      ? { name: 'localhost', address: '127.0.0.1', port: 0 }
      : (client ?? { name: 'client.example', address: '192.0.2.1', port: 40_000 });
    const family = seen.address.includes(':') ? '6' : '4';
    const port = Buffer.from([seen.port >> 8, seen.port & 0xff]);
    const connection = Buffer.concat([
      strings(seen.name),
      Buffer.from(family),
      port,
      strings(seen.address),
    ]);
    const refused =
      (await this.#event(command.connect, connection, protocol.noConnect, protocol.nrConnect, {
        message,
      })) ??
      (await this.#event(
        command.helo,
        strings(helo ?? seen.name),
        protocol.noHelo,
        protocol.nrHelo,
        {
          message,
        },
      ));
    return refused;
  }

  async #transaction(message: ClientMessage): Promise<MilterOutcome> {
    const { local = false } = this.#session;
    const enveloped = (address: string): string => (local ? address : `<${address}>`);
    const mail = strings(enveloped(message.sender), ...(message.mailArguments ?? []));
    const refusal = await this.#event(command.mail, mail, protocol.noMail, protocol.nrMail, {
      message,
    });
    if (refusal !== undefined)
      return { kind: 'refused', stage: 'mail', reply: refusal, refused: [] };
    const refused: RefusedRecipient[] = [];
    let accepted = 0;
    for (const item of message.recipients) {
      const recipient = typeof item === 'string' ? { address: item, transport: 'smtp' } : item;
      const text = await this.#event(
        command.rcpt,
        strings(enveloped(recipient.address)),
        protocol.noRcpt,
        protocol.nrRcpt,
        { message, recipient, queued: accepted > 0 },
      );
      if (text === undefined) accepted++;
      else refused.push({ address: recipient.address, reply: text });
    }
    if (accepted === 0) {
      return { kind: 'refused', stage: 'rcpt', reply: refused.at(-1)?.reply ?? '', refused };
    }
    const early =
      (await this.#event(command.data, '', protocol.noData, protocol.nrData, {
        message,
        queued: true,
      })) ?? (await this.#content(message));
    if (early !== undefined) return { kind: 'refused', stage: 'end', reply: early, refused };
    return this.#end(message, refused);
  }

  /** Headers and body, up to the end. Answers with a refusal, or undefined. */
  async #content(message: ClientMessage): Promise<string | undefined> {
    const space = (this.#protocol & headerLeadingSpace) === 0 ? '' : ' ';
    for (const [name, value] of message.headers) {
      const data = strings(name, space + value);
      const text = await this.#event(command.header, data, protocol.noHeaders, protocol.nrHeader);
      if (text !== undefined) return text;
    }
    const noEnd = protocol.noEndOfHeaders;
    const queued = { message, queued: true };
    const text = await this.#event(
      command.endOfHeaders,
      '',
      noEnd,
      protocol.nrEndOfHeaders,
      queued,
    );
    if (text !== undefined) return text;
    this.#skipping = false;
    for (let at = 0; at < message.body.length && !this.#skipping; at += bodyChunkBytes) {
      const chunk = message.body.subarray(at, at + bodyChunkBytes);
      const refusal = await this.#event(command.body, chunk, protocol.noBody, protocol.nrBody);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async #end(message: ClientMessage, refused: readonly RefusedRecipient[]): Promise<MilterOutcome> {
    this.#queue(macroPacket(this.#macros, command.endOfMessage, { message, queued: true }));
    this.#queue(packet(command.endOfMessage));
    const edits: string[] = [];
    let held: string | undefined;
    for (;;) {
      const answer = await this.#reply();
      const letter = String.fromCharCode(answer.code);
      if (answer.code === reply.quarantine) held = withoutNul(answer.text);
      else if ('+2-himeb'.includes(letter)) edits.push(letter);
      else if (answer.code === reply.discard)
        return { kind: 'taken', held, refused, edits: [...edits, letter] };
      else {
        const text = refusalText(answer);
        if (text !== undefined) return { kind: 'refused', stage: 'end', reply: text, refused };
        return { kind: 'taken', held, refused, edits };
      }
    }
  }

  /**
   * One event with its macros. Waits for the answer unless none was agreed; answers with a refusal,
   * or undefined.
   */
  async #event(
    code: number,
    data: Buffer | string,
    unwanted: number,
    unanswered: number,
    about?: Parameters<typeof macroPacket>[2],
  ): Promise<string | undefined> {
    // Macros are sent for events that the filter declined, too.
    if (about !== undefined) this.#queue(macroPacket(this.#macros, code, about));
    if ((this.#protocol & unwanted) !== 0) return undefined;
    this.#queue(packet(code, data));
    if ((this.#protocol & unanswered) !== 0) return undefined;
    const answer = await this.#reply();
    if (answer.code === reply.skip && code === command.body) {
      this.#skipping = true;
      return undefined;
    }
    return refusalText(answer);
  }

  #queue(bytes: Buffer): void {
    this.#output.push(bytes);
  }

  #flush(): void {
    if (this.#output.length > 0 && this.#lost === undefined) {
      this.#socket.write(Buffer.concat(this.#output));
    }
    this.#output = [];
  }

  /** Sends what is queued and waits for the next answer. */
  #reply(): Promise<Reply> {
    if (this.#replies.length > 0 && this.#output.length > 0) {
      // It came before the question: whatever it answers, it is not this.
      return Promise.reject(new PeerError('the filter answered where it had agreed not to'));
    }
    this.#flush();
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #arrived(answer: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#replies.push(answer);
    else waiting.resolve(answer);
  }

  #lose(cause: unknown): void {
    this.#lost ??= cause;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(cause);
    this.#socket.destroy();
  }
}

/** The SMTP reply that the client of the mail server gets; undefined where the message goes on. */
function refusalText(answer: Reply): string | undefined {
  switch (answer.code) {
    case reply.continue:
    case reply.accept:
      return undefined;
    case reply.reject:
      return '550 5.7.1 Command rejected';
    case reply.tempfail:
      return '451 4.7.1 Service unavailable - try again later';
    case reply.replyCode:
      return withoutNul(answer.text).replaceAll('%%', '%');
    default:
      throw new PeerError(`answer ${String.fromCharCode(answer.code)} is not one`);
  }
}

function withoutNul(text: string): string {
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}
