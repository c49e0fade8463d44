/**
 * One milter connection: takes what the mail server says, and answers it.
 *
 *   O → then per SMTP session C (H), then per message M R… (T) L… (N) B… E, any of them cut short
 *   by A; K starts over with C, Q ends. Each event but D, A, K and Q is answered once, or never
 *   where that was agreed (NR_…).
 *
 * Pure but for its port: no sockets, no timers, and the clock comes from outside. One wrong answer
 * here costs a mail server's connection. So Postern accepts nothing before the end of a message
 * (Postfix would let the next one past us), and refuses nothing that did not come by SMTP (Postfix
 * would try it again without end).
 */
import { FrameReader } from '../../formats/milter/frame.ts';
import { command, protocol, stringEnd } from '../../formats/milter/packet.ts';
import type { PeerSessionState } from '../../lib/listener.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { AwaitedAnswer } from './awaited.ts';
import { Macros } from './macros.ts';
import { mayEdit, negotiate, negotiationPacket } from './negotiation.ts';
import { continuePacket, skipPacket } from './reply.ts';
import { RoomShare } from './session-room.ts';
import { connectedClient, noClient } from './submitter.ts';
import { type Connection, Transaction, type TransactionPort } from './transaction.ts';

export type SessionPort = TransactionPort & {
  end(): void;
  /** Some reader edits messages, and this mail server lets nobody change headers. */
  noEdits(): void;
};

/** Octets kept of HELO; a valid name is shorter. */
const heloBytesMax = 1_024;

export class MilterSession {
  readonly #port: SessionPort;
  readonly #frames: FrameReader;
  readonly #frameRoom: RoomShare;
  readonly #connection: Connection = {
    macros: new Macros(),
    client: noClient,
    helo: '',
    agreed: undefined,
  };
  #message: Transaction | undefined;
  #awaited: AwaitedAnswer | undefined;
  #requests = 0;
  #ended = false;

  constructor(port: SessionPort) {
    this.#port = port;
    this.#frameRoom = new RoomShare(port.rooms.content, port.trusted);
    this.#frames = new FrameReader((code, bytes, start, end) =>
      this.#event(code, bytes, start, end),
    );
  }

  /** Takes bytes from the mail server. Throws PeerError if they break the protocol. */
  take(chunk: Buffer): void {
    if (this.#ended) return;
    this.#frames.push(chunk);
    if (!this.#frameRoom.resize(this.#frames.heldBytes)) throw new PeerError('no room for packets');
  }

  requests(): number {
    return this.#requests;
  }

  state(): PeerSessionState {
    if (this.#connection.agreed === undefined) return 'fresh';
    if (this.#awaited !== undefined) return 'answering';
    if (this.#frames.partial) return 'partial';
    return this.#message === undefined ? 'idle' : 'busy';
  }

  /** Tells that `ms` have passed. */
  tick(ms: number): void {
    this.#awaited?.tick(ms);
  }

  /** The connection is gone: the message that was under way is forgotten. */
  gone(): void {
    this.#ended = true;
    this.#awaited?.drop();
    this.#awaited = undefined;
    this.#reset();
    this.#frameRoom.free();
  }

  #event(code: number, bytes: Buffer, start: number, end: number): boolean {
    this.#requests++;
    if (this.#connection.agreed === undefined && code !== command.negotiate) {
      throw new PeerError(`command ${code} before negotiation`);
    }
    switch (code) {
      case command.negotiate:
        this.#negotiate(bytes, start, end);
        return true;
      case command.macros:
        this.#connection.macros.take(bytes, start, end);
        return true;
      case command.connect:
        this.#connect(bytes, start, end);
        return true;
      case command.mail:
        this.#mail(bytes, start, end);
        return true;
      case command.rcpt:
        this.#rcpt(bytes, start, end);
        return true;
      case command.header:
        this.#header(bytes, start, end);
        return true;
      case command.body:
        this.#body(bytes, start, end);
        return true;
      case command.endOfMessage:
        return this.#endOfMessage(bytes, start, end);
      case command.helo:
        this.#connection.helo = peerText(
          bytes,
          start,
          Math.min(stringEnd(bytes, start, end), start + heloBytesMax),
        );
        return this.#continue(protocol.nrHelo);
      case command.data:
        return this.#continue(protocol.nrData);
      case command.unknown:
        return this.#continue(protocol.nrUnknown);
      case command.endOfHeaders:
        return this.#continue(protocol.nrEndOfHeaders);
      case command.abort:
        this.#reset();
        return true;
      case command.quitNewConnection:
        this.#newConnection();
        return true;
      case command.quit:
        this.#ended = true;
        this.#reset();
        this.#port.end();
        return false;
      default:
        throw new PeerError(`unknown command ${code}`);
    }
  }

  #negotiate(bytes: Buffer, start: number, end: number): void {
    const { path, handovers } = this.#port;
    const edits = path.edits || handovers !== undefined;
    const agreed = negotiate(bytes, { start, end }, edits ? 'edits' : 'no edits');
    if (edits && !mayEdit(agreed)) this.#port.noEdits();
    this.#connection.agreed = agreed;
    this.#newConnection();
    this.#port.write(negotiationPacket(agreed));
  }

  #connect(bytes: Buffer, start: number, end: number): void {
    const { macros } = this.#connection;
    macros.connect();
    this.#forget();
    this.#connection.client = connectedClient(bytes, { start, end }, macros, this.#port.options);
    this.#continue(protocol.nrConnect);
  }

  #mail(bytes: Buffer, start: number, end: number): void {
    this.#connection.macros.mail();
    // Sendmail sends no abort after an early refusal: a new MAIL always starts from nothing.
    this.#forget();
    const message = new Transaction(this.#port, this.#connection, bytes, { start, end });
    // If MAIL is not answered, the refusal comes with each recipient.
    const refusal = this.#has(protocol.nrMail) ? undefined : message.refusal;
    if (refusal !== undefined) {
      this.#reset();
      this.#port.write(refusal);
      return;
    }
    this.#message = message;
    this.#continue(protocol.nrMail);
  }

  #rcpt(bytes: Buffer, start: number, end: number): void {
    const refusal = this.#inHand('recipient').recipient(bytes, start, end);
    if (refusal === undefined) this.#continue(protocol.nrRcpt);
    else this.#port.write(refusal);
  }

  #header(bytes: Buffer, start: number, end: number): void {
    this.#inHand('header').header(bytes, start, end);
    this.#continue(protocol.nrHeader);
  }

  #body(bytes: Buffer, start: number, end: number): void {
    const message = this.#inHand('body');
    const more = message.body(bytes, start, end);
    if (!more && this.#has(protocol.skip)) {
      message.cutBody();
      this.#port.write(skipPacket);
    } else this.#continue(protocol.nrBody);
  }

  /** Answers whether to read on: not while the mail server waits for our answer. */
  #endOfMessage(bytes: Buffer, start: number, end: number): boolean {
    const message = this.#inHand('end');
    const awaited = message.end(bytes, { start, end }, (when) => this.#answered(when));
    if (awaited === undefined) {
      this.#reset();
      return this.#continue(0);
    }
    this.#awaited = awaited;
    return message.ask(awaited);
  }

  /** The whole answer to a message was sent. */
  #answered(when: 'at once' | 'later'): void {
    this.#awaited = undefined;
    this.#message?.answered();
    this.#reset();
    if (when === 'later') this.#frames.resume();
  }

  /** Goes on; writes an answer unless the mail server was told to expect none. Always true. */
  #continue(unanswered: number): true {
    if (!this.#has(unanswered)) this.#port.write(continuePacket);
    return true;
  }

  #has(flag: number): boolean {
    return ((this.#connection.agreed?.protocol ?? 0) & flag) !== 0;
  }

  #inHand(what: string): Transaction {
    if (this.#message === undefined) throw new PeerError(`${what} without a message`);
    return this.#message;
  }

  #newConnection(): void {
    this.#connection.macros.connection();
    this.#connection.client = noClient;
    this.#connection.helo = '';
    this.#reset();
  }

  #reset(): void {
    this.#forget();
    this.#connection.macros.message();
  }

  /** Forgets the message; the macros that came before it stay. */
  #forget(): void {
    this.#message?.drop();
    this.#message = undefined;
  }
}
