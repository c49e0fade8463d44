/**
 * One message of a milter connection, from MAIL to its end: who hands it over, its envelope, and
 * its content on the way past the readers (flow/message-path.ts). A message that is given up in
 * the middle leaves nothing behind.
 */
import { addressKey } from '../../formats/message/address.ts';
import { action, protocol, stringEnd } from '../../formats/milter/packet.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { HandoverLookup } from '../../ports/handover.ts';
import type { Answer, MessagePath, PassingMessage, Submitter } from '../../ports/message.ts';
import type { Clock } from '../../ports/world.ts';
import { AwaitedAnswer, type AwaitedPort } from './awaited.ts';
import { isElsewhere } from './destination.ts';
import { claimed, type HandedIn, handedInTo } from './handed-in.ts';
import type { Macros } from './macros.ts';
import { announcedBytes, Message, recipientsMax } from './message.ts';
import type { ClientManners } from './message-traits.ts';
import { mayEdit, type Negotiated } from './negotiation.ts';
import { noRoomPacket, replyPacket, tooManyRecipients } from './reply.ts';
import { RoomShare, type SessionRooms } from './session-room.ts';
import {
  type ConnectedClient,
  isClaimed,
  messageStartOf,
  noClient,
  readAs,
  relayingClient,
  submitterOf,
} from './submitter.ts';

export type TransactionPort = AwaitedPort & {
  readonly path: MessagePath;
  /** Recognises mail that the sendmail door handed to the mail server. */
  readonly handovers: HandoverLookup | undefined;
  readonly clock: Clock;
  readonly rooms: SessionRooms;
  /** The peer may use all of the rooms. */
  readonly trusted: boolean;
};

/** What is known of the connection; it changes while the connection lasts. */
export type Connection = {
  readonly macros: Macros;
  client: ConnectedClient;
  helo: string;
  agreed: Negotiated | undefined;
};

const space = 0x20;
/** Octets kept of MAIL FROM; a valid address is far shorter. */
const senderBytesMax = 4_096;
/** What a header field needs besides its text, in the lists of the readers. */
const fieldOverheadBytes = 128;
const passes: Answer = { kind: 'pass' };
/**
 * Octets of fields in front of Postern's that wait for it: signatures and results of other milters.
 * Beyond that, readers see the fields before it is known which script sends.
 */
const fieldsInFrontBytesMax = 256 * 1024;

/** What Postfix tells of a refused recipient in place of its address (RFC 3463 section 3.2). */
const noSuchRecipient = /^5\.1\.\d /;

/** The text of a refusal, which stands in place of the address, begins with a code. */
function isRefused({ rcptMailer, rcptAddress }: Macros): boolean {
  return rcptMailer === 'error' && /^[45]\.\d{1,3}\.\d{1,3} /.test(rcptAddress);
}

export class Transaction {
  readonly #port: TransactionPort;
  readonly #connection: Connection;
  readonly #message: Message;
  readonly #recipientRoom: RoomShare;
  readonly #headerRoom: RoomShare;
  readonly #bodyRoom: RoomShare;
  /** Only for mail of this machine. */
  readonly #handedIn: HandedIn | undefined;
  #submitter: Submitter | undefined;
  /** The answer to whoever was refused here: it counts once, however many recipients there are. */
  #refused: Buffer | undefined;
  /** Recipients that the mail server refused, because they do not exist. */
  #badRecipients = 0;
  /** Fields of mail of this machine, until Postern's field shows who sends. */
  #inFront: { readonly bytes: Buffer; readonly nameEnd: number }[] | undefined;
  #inFrontBytes = 0;
  /** Opened once a message; undefined before its content begins. */
  #passing: PassingMessage | undefined;

  /** `bytes`: the arguments of MAIL. */
  constructor(
    port: TransactionPort,
    connection: Connection,
    bytes: Buffer,
    { start, end }: { readonly start: number; readonly end: number },
  ) {
    this.#port = port;
    this.#connection = connection;
    const senderEnd = stringEnd(bytes, start, end);
    const typed = peerText(bytes, start, Math.min(senderEnd, start + senderBytesMax));
    const { options, rooms, trusted } = port;
    this.#recipientRoom = new RoomShare(rooms.recipients, trusted);
    this.#headerRoom = new RoomShare(rooms.content, trusted);
    this.#bodyRoom = new RoomShare(rooms.content, trusted);
    const announced = announcedBytes(bytes, senderEnd + 1, end);
    const of = { recipients: this.#recipientRoom, body: this.#bodyRoom };
    this.#message = new Message(typed, announced, of, options.webmail.field);
    const isLocal = connection.client.how === 'local';
    this.#handedIn = isLocal ? handedInTo(port.handovers) : undefined;
    this.#inFront = this.#handedIn === undefined ? undefined : [];
    this.#identify();
    if (!this.#isClaimed) return;
    port.count('postern_milter_faults_total', 1, 'claimed-login');
    port.log('debug', 'milter.claimed-login', { id: this.#queueId });
  }

  /** The refusal of a submitter that may not go on, as a packet. */
  get refusal(): Buffer | undefined {
    const who = this.#refusable;
    if (who === undefined) return undefined;
    this.#refused ??= this.#refusalOf(this.#port.path.mayBegin(who));
    return this.#refused;
  }

  /** Takes one recipient. Answers with its refusal, or undefined. */
  recipient(bytes: Buffer, start: number, end: number): Buffer | undefined {
    const message = this.#message;
    const typed = peerText(bytes, start, stringEnd(bytes, start, end));
    const { macros, client } = this.#connection;
    const { rcptMailer, rcptAddress } = macros;
    if (isRefused(macros)) {
      macros.recipient();
      if (noSuchRecipient.test(rcptAddress)) this.#badRecipients++;
      return undefined;
    }
    // What the mail server makes of the address is where it goes: `joe` is joe@here, `a%b@here` may
    // be a@b.
    const key = addressKey(rcptAddress === '' || rcptMailer === 'error' ? typed : rcptAddress);
    macros.recipient();
    const elsewhere = isElsewhere(key, rcptMailer, this.#port.options);
    this.#identify();
    if (this.#submitter === undefined && elsewhere === 'yes') {
      this.#submitter = relayingClient(this.#isClaimed ? noClient : client);
    }
    const refusal = this.#added(key, elsewhere === 'no' ? 'local' : 'outside');
    if (refusal !== undefined) {
      // A refused recipient does not count: the message that is left may be mail that comes in.
      if (this.#submitter?.by === 'client' && !message.leaves) this.#submitter = undefined;
    }
    return refusal;
  }

  /** Adds a recipient. Answers with its refusal, or undefined. */
  #added(key: string, where: 'outside' | 'local'): Buffer | undefined {
    const message = this.#message;
    if (message.recipients >= recipientsMax) return this.#refusalOf(tooManyRecipients);
    const { refusal } = this;
    if (refusal !== undefined || message.addRecipient(key, where)) return refusal;
    this.#port.count('postern_milter_faults_total', 1, 'recipients');
    return noRoomPacket;
  }

  header(bytes: Buffer, start: number, end: number): void {
    const nameEnd = stringEnd(bytes, start, end);
    const valueEnd = stringEnd(bytes, nameEnd + 1, end);
    if (nameEnd >= end) throw new PeerError('header without a value');
    if (this.#handedIn?.takes(bytes, { start, nameEnd, end: valueEnd }) === true) {
      if (this.#handedIn.isFound) this.#showInFront();
      return;
    }
    if (this.#inFront === undefined) this.#show(bytes, { start, nameEnd, valueEnd });
    else {
      // A copy: the packet is only lent.
      const field = Buffer.from(bytes.subarray(start, valueEnd));
      this.#inFront.push({ bytes: field, nameEnd: nameEnd - start });
      this.#inFrontBytes += field.length + fieldOverheadBytes;
      if (this.#inFrontBytes > fieldsInFrontBytesMax) this.#showInFront();
    }
  }

  /** Shows the fields that waited for Postern's, now that it has come or cannot come. */
  #showInFront(): void {
    const fields = this.#inFront ?? [];
    this.#inFront = undefined;
    for (const { bytes, nameEnd } of fields) {
      this.#show(bytes, { start: 0, nameEnd, valueEnd: bytes.length });
    }
  }

  #show(
    bytes: Buffer,
    at: { readonly start: number; readonly nameEnd: number; readonly valueEnd: number },
  ): void {
    const { start, nameEnd, valueEnd } = at;
    const spaceSent = this.#spaceSent;
    const valueStart = nameEnd + (spaceSent && bytes[nameEnd + 1] === space ? 2 : 1);
    this.#message.addHeader(bytes, start, nameEnd, { valueStart, end: valueEnd });
    const passing = this.#opened();
    if (!passing.isRead) return;
    if (!this.#headerRoom.take(valueEnd - start + fieldOverheadBytes)) {
      throw new PeerError('no room for headers');
    }
    const value = bytes.toString('latin1', nameEnd + 1, valueEnd);
    // Without the agreement, the mail server took one space off, or there was none: relaxed
    // canonicalisation cannot tell the two apart, and nobody can here.
    passing.header(bytes.toString('latin1', start, nameEnd), spaceSent ? value : ` ${value}`);
  }

  /** Takes a piece of the body. Answers whether more is of use. */
  body(bytes: Buffer, start: number, end: number): boolean {
    this.#showInFront();
    const more = this.#opened().body(bytes, start, end);
    // Mail that comes in is not judged.
    const wanted = this.#submitter !== undefined && this.#message.addBody(bytes, start, end);
    return wanted || more;
  }

  /** The rest of the body will not be sent. */
  cutBody(): void {
    this.#message.cutBody();
  }

  /**
   * The end, with the last piece of the body where an old mail server sends it here. Answers with
   * what the mail server has to wait for; undefined: nobody judges or edits this message.
   */
  end(
    bytes: Buffer,
    { start, end }: { readonly start: number; readonly end: number },
    over: (when: 'at once' | 'later') => void,
  ): AwaitedAnswer | undefined {
    this.#showInFront();
    this.#identify();
    if (end > start) this.body(bytes, start, end);
    const forged = this.#handedIn?.forged ?? 0;
    if (forged > 0) this.#port.count('postern_sendmail_forged_fields_total', forged);
    const passing = this.#opened();
    const who = this.#judged;
    const goesToNobody = this.#message.recipients === 0;
    if (who === undefined && (!passing.isEdited || goesToNobody)) return undefined;
    const { agreed } = this.#connection;
    return new AwaitedAnswer(this.#port, {
      by: who?.by,
      id: this.#queueId,
      passing,
      mayHold: ((agreed?.actions ?? 0) & action.quarantine) !== 0,
      spaceSent: this.#spaceSent,
      edits: this.#mayEdit ? this.#handedIn?.edits : undefined,
      over,
    });
  }

  /** Asks for the answer, after `end`. True: it came at once, and was sent. */
  ask(awaited: AwaitedAnswer): boolean {
    const who = this.#judged;
    const passing = this.#opened();
    return awaited.ask((answer) => {
      if (who === undefined) {
        answer(passes);
        return;
      }
      const { account, client = '', by } = who;
      const { client: connected, macros } = this.#connection;
      const { webmail } = this.#port.options;
      // Only of these clients it matters which program connected.
      const ends = client !== '' && (by === 'client' || (by === 'login' && webmail.isHost(client)));
      const submission = this.#message.submission({
        account,
        by,
        client,
        clientPort: ends ? connected.port : 0,
        server: ends ? connected.server : undefined,
        service: webmail.services.has(macros.daemonName) ? macros.daemonName : '',
        queueId: this.#queueId,
        at: this.#port.clock.now(),
        manners: this.#manners(by),
        siteOf: this.#port.options.siteOf,
      });
      claimed(this.#handedIn, submission, answer, (message) => {
        passing.judge(message, by, answer, awaited.step);
      });
    });
  }

  /** What the macros of MAIL say, if this mail server was told to send them. */
  #manners(by: Submitter['by']): ClientManners {
    const { agreed, helo, macros } = this.#connection;
    const isTold = ((agreed?.actions ?? 0) & action.setSymbolList) !== 0;
    const { authType, cipher, tlsVersion } = macros;
    const auth = by === 'login' ? authType.toUpperCase() : '';
    return {
      helo,
      tls: isTold ? `${tlsVersion} ${cipher}`.trim() : undefined,
      auth: by === 'login' && auth === '' ? undefined : auth,
    };
  }

  /** The answer was sent. */
  answered(): void {
    this.#handedIn?.answered();
  }

  drop(): void {
    this.#passing?.drop();
    this.#recipientRoom.free();
    this.#headerRoom.free();
    this.#bodyRoom.free();
  }

  /** Finds out who hands this message over, as soon as that can be told. */
  #identify(): void {
    const { macros, client } = this.#connection;
    const { sender } = this.#message;
    const about = { macros, client, sender, options: this.#port.options };
    this.#submitter = this.#handedIn?.submitter ?? submitterOf(this.#submitter, about);
  }

  /** A login that counts for nothing. */
  get #isClaimed(): boolean {
    return isClaimed(this.#connection.macros, this.#port.options);
  }

  /** The submitter to judge; undefined: the message comes in, or goes to nobody. */
  get #judged(): Submitter | undefined {
    return this.#message.recipients > 0 ? this.#submitter : undefined;
  }

  #refusalOf(answer: Answer): Buffer | undefined {
    if (this.#refusable === undefined || answer.kind !== 'reply') return undefined;
    return replyPacket(answer);
  }

  /**
   * The submitter, if it may be refused before the end. Mail that did not come by SMTP is judged at
   * its end, where it can be held; requeued mail may have a login all the same.
   */
  get #refusable(): Submitter | undefined {
    return this.#connection.client.how === 'local' ? undefined : this.#submitter;
  }

  /** The message with its readers, opened when its content begins: then its sender is known. */
  #opened(): PassingMessage {
    this.#passing ??= this.#open();
    return this.#passing;
  }

  #open(): PassingMessage {
    this.#identify();
    const { path, options, count, log } = this.#port;
    const { client, helo } = this.#connection;
    const start = messageStartOf(this.#submitter, {
      client,
      helo,
      queueId: this.#queueId,
      sender: this.#message.typed,
      recipients: this.#submitter === undefined ? this.#message.recipientKeys : [],
      badRecipients: this.#badRecipients,
    });
    const editedAs = readAs(start, options);
    if (editedAs !== start) {
      count('postern_milter_faults_total', 1, 'unlisted-client');
      log('debug', 'milter.unlisted-client', { id: start.queueId, client: start.client });
    }
    return path.open(start, this.#mayEdit ? editedAs : undefined);
  }

  get #queueId(): string {
    const { queueId, queueIdAtConnect } = this.#connection.macros;
    return queueId === '' ? queueIdAtConnect : queueId;
  }

  get #mayEdit(): boolean {
    const { agreed } = this.#connection;
    return agreed !== undefined && mayEdit(agreed);
  }

  get #spaceSent(): boolean {
    return ((this.#connection.agreed?.protocol ?? 0) & protocol.headerLeadingSpace) !== 0;
  }
}
