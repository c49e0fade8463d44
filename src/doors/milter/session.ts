/**
 * One milter connection: what the mail server says, and what it is answered.
 *
 *   O → then per SMTP session C (H), then per message M R… (T) L… (N) B… E, any of them cut short by A; K starts
 *   over with C, Q ends. Each event but D, A, K and Q is answered once, or never where that was agreed (NR_…).
 *
 * Pure but for its port: no sockets, no timers, and the clock comes from outside. One wrong answer
 * here costs a mail server's connection, so: nothing is accepted before the end of a message
 * (Postfix would let the next one past us), nothing is refused that did not come by SMTP (Postfix
 * would try it again for ever), and a message that was given up in the middle leaves nothing
 * behind.
 */
import type { Submission } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import { FrameReader } from '../../formats/milter/frame.ts';
import { action, command, protocol, stringEnd } from '../../formats/milter/packet.ts';
import type { PeerSessionState } from '../../lib/listener.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { HandoverLookup } from '../../ports/handover.ts';
import type { Answer, Gate, MessageReading, Submitter } from '../../ports/message.ts';
import type { MessageScanning } from '../../ports/scan.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { AwaitedAnswer } from './awaited.ts';
import { isElsewhere } from './destination.ts';
import { claimed, type HandedIn, handedInTo } from './handed-in.ts';
import { Macros } from './macros.ts';
import { announcedBytes, Message, recipientsMax } from './message.ts';
import { mayEdit, type Negotiated, negotiate, negotiationPacket } from './negotiation.ts';
import type { MilterOptions } from './options.ts';
import { Readers } from './readers.ts';
import { continuePacket, replyPacket, skipPacket, tooManyRecipients } from './reply.ts';
import {
  type ConnectedClient,
  connectedClient,
  messageStartOf,
  noClient,
  readAs,
  relayingClient,
  submitterOf,
} from './submitter.ts';

export type SessionPort = {
  readonly gate: Gate;
  /** Who wants to read whole messages, and change their headers. */
  readonly reading: MessageReading | undefined;
  /** Who scans mail that leaves, before it is judged. */
  readonly scanning: MessageScanning | undefined;
  /** Who knows mail again that the sendmail door handed to the mail server. */
  readonly handovers: HandoverLookup | undefined;
  readonly options: MilterOptions;
  readonly clock: Clock;
  readonly count: Count;
  readonly log: Log;
  write(bytes: Buffer): void;
  end(): void;
  /** Messages are to be read, and this mail server lets nobody change headers. */
  noEdits(): void;
  /**
   * Runs a step that no bytes of the peer set off: what it throws ends this session and nothing
   * else.
   */
  run(step: () => void): void;
};

const space = 0x20;
const passes: Answer = { kind: 'pass' };
export class MilterSession {
  readonly #port: SessionPort;
  readonly #frames: FrameReader;
  readonly #macros = new Macros();
  #agreed: Negotiated | undefined;
  #client: ConnectedClient = noClient;
  #message: Message | undefined;
  #submitter: Submitter | undefined;
  /** Of mail of this machine. */
  #handedIn: HandedIn | undefined;
  #helo = '';
  /** Asked once a message; undefined before that. */
  #readers: Readers | undefined;
  #awaited: AwaitedAnswer | undefined;
  #requests = 0;
  #ended = false;

  constructor(port: SessionPort) {
    this.#port = port;
    this.#frames = new FrameReader((code, bytes, start, end) =>
      this.#event(code, bytes, start, end),
    );
  }

  /** Bytes from the mail server. Throws PeerError when it breaks the protocol. */
  take(chunk: Buffer): void {
    if (!this.#ended) this.#frames.push(chunk);
  }

  requests(): number {
    return this.#requests;
  }

  state(): PeerSessionState {
    if (this.#agreed === undefined) return 'fresh';
    if (this.#awaited !== undefined) return 'answering';
    if (this.#frames.partial) return 'partial';
    return this.#message === undefined ? 'idle' : 'busy';
  }

  /** Time goes by. */
  tick(ms: number): void {
    this.#awaited?.tick(ms);
  }

  /** The connection is gone: what was under way never happened. */
  gone(): void {
    this.#ended = true;
    this.#awaited?.drop();
    this.#awaited = undefined;
    this.#reset();
  }

  #event(code: number, bytes: Buffer, start: number, end: number): boolean {
    this.#requests++;
    if (this.#agreed === undefined && code !== command.negotiate) {
      throw new PeerError(`command ${code} before negotiation`);
    }
    switch (code) {
      case command.negotiate:
        this.#negotiate(bytes, start, end);
        return true;
      case command.macros:
        this.#macros.take(bytes, start, end);
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
        this.#helo = peerText(bytes, start, stringEnd(bytes, start, end));
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
    const wanted = this.#port.reading !== undefined || this.#port.handovers !== undefined;
    this.#agreed = negotiate(bytes, { start, end }, wanted ? 'reading' : 'not reading');
    if (wanted && !mayEdit(this.#agreed)) {
      this.#port.noEdits();
    }
    this.#newConnection();
    this.#port.write(negotiationPacket(this.#agreed));
  }

  #connect(bytes: Buffer, start: number, end: number): void {
    this.#macros.connect();
    this.#forget();
    this.#client = connectedClient(bytes, { start, end }, this.#macros, this.#port.options);
    this.#continue(protocol.nrConnect);
  }

  #mail(bytes: Buffer, start: number, end: number): void {
    this.#macros.mail();
    // Sendmail sends no abort after an early refusal: a new MAIL always starts from nothing.
    this.#forget();
    const senderEnd = stringEnd(bytes, start, end);
    const typed = peerText(bytes, start, senderEnd);
    this.#message = new Message(typed, announcedBytes(bytes, senderEnd + 1, end));
    if (this.#client.how === 'local') this.#handedIn = handedInTo(this.#port.handovers);
    this.#identify(this.#message);
    const answer = this.#begin();
    if (answer !== undefined) {
      this.#reset();
      this.#port.write(answer);
    } else this.#continue(protocol.nrMail);
  }

  #rcpt(bytes: Buffer, start: number, end: number): void {
    const message = this.#inHand('recipient');
    const typed = peerText(bytes, start, stringEnd(bytes, start, end));
    const { rcptMailer, rcptAddress } = this.#macros;
    // What the mail server makes of the address is where it goes: `joe` is joe@here, `a%b@here` may
    // be a@b.
    const key = addressKey(rcptAddress === '' || rcptMailer === 'error' ? typed : rcptAddress);
    this.#macros.recipient();
    const elsewhere = isElsewhere(key, rcptMailer, this.#port.options);
    this.#identify(message);
    if (this.#submitter === undefined && elsewhere === 'yes') {
      this.#submitter = relayingClient(this.#client);
    }
    const full = message.recipients >= recipientsMax;
    const refusal = full ? this.#refusal(tooManyRecipients) : this.#begin();
    if (refusal !== undefined) {
      // A recipient that was refused is none: what is left may be mail that comes in.
      if (this.#submitter?.by === 'client' && !message.leaves) this.#submitter = undefined;
      this.#port.write(refusal);
      return;
    }
    if (!full) message.addRecipient(key, elsewhere === 'no' ? 'local' : 'outside');
    this.#continue(protocol.nrRcpt);
  }

  #header(bytes: Buffer, start: number, end: number): void {
    const message = this.#inHand('header');
    const nameEnd = stringEnd(bytes, start, end);
    const valueEnd = stringEnd(bytes, nameEnd + 1, end);
    if (nameEnd >= end) throw new PeerError('header without a value');
    if (this.#handedIn?.takes(bytes, { start, nameEnd, end: valueEnd }) === true) {
      this.#continue(protocol.nrHeader);
      return;
    }
    const spaceSent = this.#has(protocol.headerLeadingSpace);
    const valueStart = nameEnd + (spaceSent && bytes[nameEnd + 1] === space ? 2 : 1);
    message.addHeader(bytes, start, nameEnd, { valueStart, end: valueEnd });
    const readers = this.#looking(message);
    if (readers.any) {
      const value = bytes.toString('latin1', nameEnd + 1, valueEnd);
      // One space was taken off, or there was none: relaxed canonicalisation cannot tell, nor can
      // anybody here.
      readers.header(bytes.toString('latin1', start, nameEnd), spaceSent ? value : ` ${value}`);
    }
    this.#continue(protocol.nrHeader);
  }

  #body(bytes: Buffer, start: number, end: number): void {
    const more = this.#taste(this.#inHand('body'), bytes, start, end);
    if (!more && this.#has(protocol.skip)) {
      this.#message?.cutBody();
      this.#port.write(skipPacket);
    } else this.#continue(protocol.nrBody);
  }

  /** Looks at a piece of a body; answers whether more is of use. */
  #taste(message: Message, bytes: Buffer, start: number, end: number): boolean {
    const more = this.#looking(message).body(bytes, start, end);
    // Nobody judges mail that comes in.
    const wanted = this.#submitter !== undefined && message.addBody(bytes, start, end);
    return wanted || more;
  }

  /**
   * Who looks at this message: asked when its content begins, which is when its sender is known.
   */
  #looking(message: Message): Readers {
    this.#readers ??= this.#open(message);
    return this.#readers;
  }

  #open(message: Message): Readers {
    const { reading, scanning } = this.#port;
    this.#identify(message);
    const start = messageStartOf(this.#submitter, {
      client: this.#client,
      helo: this.#helo,
      queueId: this.#queueId(),
      sender: message.typed,
    });
    const edits = this.#agreed !== undefined && mayEdit(this.#agreed);
    const shown = readAs(start, this.#port.options);
    if (shown !== start) {
      this.#port.count('postern_milter_faults_total', 1, 'unlisted-client');
      this.#port.log('debug', 'milter.unlisted-client', {
        id: start.queueId,
        client: start.client,
      });
    }
    return new Readers(start, { readAs: shown, reading: edits ? reading : undefined, scanning });
  }

  #queueId(): string {
    const { queueId, queueIdAtConnect } = this.#macros;
    return queueId === '' ? queueIdAtConnect : queueId;
  }

  /** Answers whether the reader may go on: not while the mail server waits for our answer. */
  #endOfMessage(bytes: Buffer, start: number, end: number): boolean {
    const message = this.#inHand('end');
    this.#identify(message);
    // Old mail servers send the last piece of the body with the end.
    if (end > start) this.#taste(message, bytes, start, end);
    const readers = this.#looking(message);
    const who = message.recipients > 0 ? this.#submitter : undefined;
    if (who === undefined && (!readers.reads || message.recipients === 0)) {
      // Mail that comes in, or that goes to nobody.
      this.#reset();
      return this.#continue(0);
    }
    const awaited = new AwaitedAnswer(this.#port, {
      by: who?.by,
      id: this.#queueId(),
      reader: readers.readerOf(who?.by),
      mayHold: ((this.#agreed?.actions ?? 0) & action.quarantine) !== 0,
      spaceSent: this.#has(protocol.headerLeadingSpace),
      edits:
        this.#agreed !== undefined && mayEdit(this.#agreed) ? this.#handedIn?.edits : undefined,
      over: (when) => this.#answered(when),
    });
    this.#awaited = awaited;
    return awaited.ask((answer) => {
      if (who === undefined) answer(passes);
      else {
        claimed(this.#handedIn, this.#submission(who, message), answer, (submission) => {
          readers.scanned(submission, (scanned) => {
            awaited.step(() => this.#port.gate.submit(scanned, who.by, answer));
          });
        });
      }
    });
  }

  #submission(who: Submitter, message: Message): Submission {
    const { account, client = '' } = who;
    const at = this.#port.clock.now();
    const clientPort = who.by === 'client' ? this.#client.port : 0;
    return message.submission({ account, client, clientPort, queueId: this.#queueId(), at });
  }

  /** The whole answer to a message was sent. */
  #answered(when: 'at once' | 'later'): void {
    this.#awaited = undefined;
    this.#handedIn?.answered();
    this.#reset();
    if (when === 'later') this.#frames.resume();
  }

  /** Finds out who hands this message over, as soon as it can be told. */
  #identify({ sender }: Message): void {
    const { options } = this.#port;
    const about = { macros: this.#macros, client: this.#client, sender, options };
    this.#submitter = this.#handedIn?.submitter ?? submitterOf(this.#submitter, about);
  }

  /** Asks whether this submitter may go on; answers with the refusal, or undefined. */
  #begin(): Buffer | undefined {
    const who = this.#submitter;
    // Local mail is judged at its end, where it can be held.
    if (who === undefined || who.by === 'local') return undefined;
    return this.#refusal(this.#port.gate.mayBegin(who));
  }

  #refusal(answer: Answer): Buffer | undefined {
    const ours = this.#submitter !== undefined && this.#submitter.by !== 'local';
    return ours && answer.kind === 'reply' ? replyPacket(answer) : undefined;
  }

  /** Goes on, with an answer unless the mail server was told to expect none. Always true. */
  #continue(unanswered: number): true {
    if (!this.#has(unanswered)) this.#port.write(continuePacket);
    return true;
  }

  #has(flag: number): boolean {
    return ((this.#agreed?.protocol ?? 0) & flag) !== 0;
  }

  #inHand(what: string): Message {
    if (this.#message === undefined) throw new PeerError(`${what} without a message`);
    return this.#message;
  }

  #newConnection(): void {
    this.#macros.connection();
    this.#client = noClient;
    this.#helo = '';
    this.#reset();
  }

  #reset(): void {
    this.#forget();
    this.#macros.message();
  }

  /** What is known of a message and was not said before it. */
  #forget(): void {
    this.#message = undefined;
    this.#submitter = undefined;
    this.#handedIn = undefined;
    this.#readers?.drop();
    this.#readers = undefined;
  }
}
