/**
 * A milter client that behaves like Postfix 3.7: its offer, its order of events, its brackets, its
 * macros, and no wait where no answer was agreed. It serves `postern try`, benchmarks and tests,
 * against Postern's door and any other milter.
 *
 *   await using client = await openMilterClient({ host, port }, { helo: 'client.example' });
 *   const outcome = await client.send({ sender, recipients, login, queueId, headers, body });
 *
 * One client is one SMTP session: messages go one after the other. Postfix opens a session for each
 * message from sendmail(1) (`local: true`), so use a new client for each message there.
 */
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../../formats/milter/frame.ts';
import { command, packet, protocol, reply, strings, words } from '../../formats/milter/packet.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { type ClientMacros, macroPacket, symbolLists } from './macros.ts';
import type { ClientMessage, ClientSession } from './message.ts';

export type RefusedRecipient = { readonly address: string; readonly reply: string };

/** The result for one message. */
export type MilterOutcome =
  | {
      readonly kind: 'taken';
      /** The reason, if the message went to the hold queue. */
      readonly held: string | undefined;
      readonly refused: readonly RefusedRecipient[];
      /**
       * Changes that the filter asked for (headers, recipients, body), by their command character.
       */
      readonly edits: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly stage: 'connect' | 'mail' | 'rcpt' | 'end';
      /** The reply that the SMTP client gets: `550 5.7.1 text`. */
      readonly reply: string;
      readonly refused: readonly RefusedRecipient[];
    };

export type MilterClient = {
  send(message: ClientMessage): Promise<MilterOutcome>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** What Postfix 3.7 offers: version 6, all actions, all protocol steps. */
const postfixOffer = { version: 6, actions: 0x1ff, protocol: 0x1fffff };
const headerLeadingSpace = 0x100000;
const bodyChunkBytes = 65_535;
const patienceMsDefault = 300_000;

/** The address of a milter. */
export type MilterAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/**
 * Parses `inet:127.0.0.1:4321` or `unix:/path`, the form that doors print and Postfix reads.
 * Undefined for anything else.
 */
export function parseMilterAddress(text: string): MilterAddress | undefined {
  if (/^(?:unix|local):/.test(text)) return { path: text.slice(text.indexOf(':') + 1) };
  const found = /^inet:(\[[\d:a-fA-F.]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const [, host, port] = found ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Connects and negotiates. Throws PeerError if the filter breaks the protocol. */
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
  /** The filter answered a chunk of the body with "skip". */
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
      throw new PeerError('the filter asks for actions that were not offered');
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
    // Postfix ends every message with an abort, whatever the result. The abort is sent together
    // with the next command.
    this.#queue(packet(command.abort));
    return outcome;
  }

  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    // Postfix sends quit and closes the connection at once.
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

  /** Sends headers and body, without the end of the message. Returns a refusal, or undefined. */
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
      const action = String.fromCharCode(answer.code);
      if (answer.code === reply.quarantine) held = withoutNul(answer.text);
      else if ('+2-himeb'.includes(action)) edits.push(action);
      else if (answer.code === reply.discard)
        return { kind: 'taken', held, refused, edits: [...edits, action] };
      else {
        const text = refusalText(answer);
        if (text !== undefined) return { kind: 'refused', stage: 'end', reply: text, refused };
        return { kind: 'taken', held, refused, edits };
      }
    }
  }

  /**
   * Sends one event with its macros. Waits for the answer unless none was agreed. Returns a
   * refusal, or undefined.
   */
  async #event(
    code: number,
    data: Buffer | string,
    unwanted: number,
    unanswered: number,
    about?: Parameters<typeof macroPacket>[2],
  ): Promise<string | undefined> {
    // Macros are also sent for events that the filter declined.
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

  /** Sends the queued packets and waits for the next answer. */
  #reply(): Promise<Reply> {
    if (this.#replies.length > 0 && this.#output.length > 0) {
      // The answer came before the question, so it answers something else.
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

/** The SMTP reply that the client of the mail server gets; undefined if the message continues. */
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
      throw new PeerError(`${String.fromCharCode(answer.code)} is not a known answer`);
  }
}

function withoutNul(text: string): string {
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}
