/**
 * One milter connection: what the mail server says, and what it is answered.
 *
 *   O → then per SMTP session C (H), then per message M R… (T) L… (N) B… E, any of them cut short by A; K starts
 *   over with C, Q ends. Each event but D, A, K and Q is answered once, or never where that was agreed (NR_…).
 *
 * Pure but for its port: no sockets, no timers, and the clock comes from outside. One wrong answer here costs a mail
 * server's connection, so: nothing is accepted before the end of a message (Postfix would let the next one past us),
 * nothing is refused that did not come by SMTP (Postfix would try it again for ever), and a message that was given up
 * in the middle leaves nothing behind.
 */
import type { Account } from '../../core/event.ts';
import { unreachable } from '../../lib/assert.ts';
import type { TalkState } from '../../lib/listener.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { textOf } from '../../lib/text-of.ts';
import { accountOf, clientAccount, fromXtext, localAccount } from '../../mail/account-name.ts';
import { addressKey, domainOf } from '../../mail/address.ts';
import { clientAddress } from '../../mail/client-address.ts';
import type { Answer, Clock, Count, Gate, Log, Speaker } from '../../ports.ts';
import { FrameReader } from './frame.ts';
import { Macros, stringEnd } from './macros.ts';
import { announcedBytes, Message, recipientsMax } from './message.ts';
import { type Negotiated, negotiate, negotiationPacket } from './negotiation.ts';
import type { MilterOptions } from './options.ts';
import { action, command, protocol } from './packet.ts';
import { continuePacket, holdPackets, progressPacket, replyPacket, skipPacket } from './reply.ts';

export type SessionPort = {
  readonly gate: Gate;
  readonly options: MilterOptions;
  readonly clock: Clock;
  readonly count: Count;
  readonly log: Log;
  write(bytes: Buffer): void;
  end(): void;
  /** Runs a step that no bytes of the peer set off: what it throws ends this session and nothing else. */
  run(step: () => void): void;
};

type Client = { readonly address: string; readonly how: 'smtp' | 'local' };

/** The answer that the mail server waits for. */
type Waiting = {
  readonly by: Speaker['by'];
  readonly id: string;
  sinceMs: number;
  quietMs: number;
};

const noClient: Client = { address: '', how: 'smtp' };
const tooMany: Answer = {
  kind: 'reply',
  code: 452,
  enhanced: '4.5.3',
  text: 'Too many recipients; send them another message',
};
const later: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.3.0',
  text: 'Cannot judge this message now; try again later',
};

export class MilterSession {
  readonly #port: SessionPort;
  readonly #reader: FrameReader;
  readonly #macros = new Macros();
  #agreed: Negotiated | undefined;
  #client: Client = noClient;
  #message: Message | undefined;
  #speaker: Speaker | undefined;
  #waiting: Waiting | undefined;
  /** The gate is being asked: it may answer before it returns. */
  #submitting = false;
  #requests = 0;
  #ended = false;

  constructor(port: SessionPort) {
    this.#port = port;
    this.#reader = new FrameReader((code, bytes, start, end) =>
      this.#event(code, bytes, start, end),
    );
  }

  /** Bytes from the mail server. Throws PeerError when it breaks the protocol. */
  take(chunk: Buffer): void {
    if (!this.#ended) this.#reader.push(chunk);
  }

  requests(): number {
    return this.#requests;
  }

  state(): TalkState {
    if (this.#agreed === undefined) return 'fresh';
    if (this.#waiting !== undefined) return 'answering';
    if (this.#reader.partial) return 'partial';
    return this.#message === undefined ? 'idle' : 'busy';
  }

  /** Time goes by: the mail server is told that we are still there, and in the end that we have no answer. */
  tick(ms: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.sinceMs += ms;
    waiting.quietMs += ms;
    if (waiting.sinceMs >= this.#port.options.answerMs) {
      this.#port.count('postern_milter_faults_total', 1, 'answer');
      this.#port.log('error', 'milter.no-answer', { id: waiting.id, waitedMs: waiting.sinceMs });
      this.#answered(waiting, later);
    } else if (waiting.quietMs >= this.#port.options.progressMs) {
      waiting.quietMs = 0;
      this.#port.write(progressPacket);
    }
  }

  /** The connection is gone: what was under way never happened. */
  gone(): void {
    this.#ended = true;
    this.#waiting = undefined;
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
    this.#agreed = negotiate(bytes, start, end);
    this.#newConnection();
    this.#port.write(negotiationPacket(this.#agreed));
  }

  #connect(bytes: Buffer, start: number, end: number): void {
    const hostEnd = stringEnd(bytes, start, end);
    const family = bytes[hostEnd + 1];
    const port = hostEnd + 4 <= end ? bytes.readUInt16BE(hostEnd + 2) : 0;
    const known = hostEnd + 4 < end && (family === 0x34 || family === 0x36);
    const address = known
      ? clientAddress(bytes.toString('latin1', hostEnd + 4, stringEnd(bytes, hostEnd + 4, end)))
      : '';
    this.#macros.connect();
    this.#message = undefined;
    this.#speaker = undefined;
    // Postfix plays an SMTP session for mail of sendmail(1) and qmqpd: from itself, without a port, and with a
    // queue id that real sessions get only at the first recipient.
    const emulated = port === 0 && (address === '127.0.0.1' || address === '::1');
    const local =
      emulated ||
      this.#macros.queueIdAtConnect !== '' ||
      this.#port.options.localDaemons.has(this.#macros.daemonName);
    this.#client = { address, how: local ? 'local' : 'smtp' };
    this.#continue(protocol.nrConnect);
  }

  #mail(bytes: Buffer, start: number, end: number): void {
    this.#macros.mail();
    // Sendmail sends no abort after an early refusal: a new MAIL always starts from nothing.
    this.#message = undefined;
    this.#speaker = undefined;
    const senderEnd = stringEnd(bytes, start, end);
    const sender = addressKey(textOf(bytes, start, senderEnd));
    this.#message = new Message(sender, announcedBytes(bytes, senderEnd + 1, end));
    this.#identify(this.#message);
    const answer = this.#begin();
    if (answer !== undefined) {
      this.#reset();
      this.#port.write(answer);
    } else this.#continue(protocol.nrMail);
  }

  #rcpt(bytes: Buffer, start: number, end: number): void {
    const message = this.#inHand('recipient');
    const typed = textOf(bytes, start, stringEnd(bytes, start, end));
    const { rcptMailer, rcptAddress } = this.#macros;
    // What the mail server makes of the address is where it goes: `joe` is joe@here, `a%b@here` may be a@b.
    const key = addressKey(rcptAddress === '' || rcptMailer === 'error' ? typed : rcptAddress);
    this.#macros.recipient();
    const elsewhere = this.#elsewhere(key, rcptMailer);
    this.#identify(message);
    if (this.#speaker === undefined && elsewhere === 'yes') this.#becomeClient();
    const full = message.recipients >= recipientsMax;
    const refusal = full ? this.#refusal(tooMany) : this.#begin();
    if (refusal !== undefined) {
      this.#port.write(refusal);
      return;
    }
    if (!full) message.addRecipient(key, elsewhere === 'no' ? 'local' : 'outside');
    this.#continue(protocol.nrRcpt);
  }

  /** Does a recipient's mail leave this server? `unknown` where nobody told us which domains are its own. */
  #elsewhere(key: string, transport: string): 'yes' | 'no' | 'unknown' {
    const { localTransports, localDomains } = this.#port.options;
    if (transport !== '') return localTransports.has(transport) ? 'no' : 'yes';
    if (localDomains.size === 0) return 'unknown';
    const domain = domainOf(key);
    return domain === '' || localDomains.has(domain) ? 'no' : 'yes';
  }

  #header(bytes: Buffer, start: number, end: number): void {
    const message = this.#inHand('header');
    const nameEnd = stringEnd(bytes, start, end);
    const valueEnd = stringEnd(bytes, nameEnd + 1, end);
    if (nameEnd >= end) throw new PeerError('header without a value');
    message.addHeader(bytes, start, nameEnd, valueEnd);
    this.#continue(protocol.nrHeader);
  }

  #body(bytes: Buffer, start: number, end: number): void {
    const more = this.#taste(this.#inHand('body'), bytes, start, end);
    if (!more && this.#has(protocol.skip)) {
      this.#message?.cutBody();
      this.#port.write(skipPacket);
    } else this.#continue(protocol.nrBody);
  }

  /** Looks at a piece of a body; answers whether more is of use. Mail that comes in is not looked at. */
  #taste(message: Message, bytes: Buffer, start: number, end: number): boolean {
    return this.#speaker !== undefined && message.addBody(bytes, start, end);
  }

  /** Answers whether the reader may go on: not while the mail server waits for our answer. */
  #endOfMessage(bytes: Buffer, start: number, end: number): boolean {
    const message = this.#inHand('end');
    this.#identify(message);
    // Old mail servers send the last piece of the body with the end.
    if (end > start) this.#taste(message, bytes, start, end);
    const who = this.#speaker;
    const { queueId, queueIdAtConnect } = this.#macros;
    if (who === undefined || message.recipients === 0 || (who.by === 'client' && !message.leaves)) {
      // Mail that comes in, or that goes to nobody.
      this.#reset();
      return this.#continue(0);
    }
    const id = queueId === '' ? queueIdAtConnect : queueId;
    const waiting: Waiting = { by: who.by, id, sinceMs: 0, quietMs: 0 };
    this.#waiting = waiting;
    const { account, client = '' } = who;
    const submission = message.submission({
      account,
      client,
      queueId: id,
      at: this.#port.clock.now(),
    });
    this.#submitting = true;
    this.#port.gate.submit(submission, who.by, (answer) => this.#answered(waiting, answer));
    this.#submitting = false;
    return this.#waiting === undefined;
  }

  /** The answer to a whole message. Only the first one counts, and none after the connection is gone. */
  #answered(waiting: Waiting, answer: Answer): void {
    if (this.#waiting !== waiting) return;
    this.#waiting = undefined;
    this.#reset();
    if (this.#submitting) this.#port.write(this.#final(waiting, answer));
    else {
      this.#port.run(() => {
        this.#port.write(this.#final(waiting, answer));
        this.#reader.resume();
      });
    }
  }

  #final(waiting: Waiting, answer: Answer): Buffer {
    switch (answer.kind) {
      case 'pass':
        return continuePacket;
      case 'hold':
        return this.#hold(waiting, answer.reason);
      case 'reply':
        // A refusal of mail from sendmail(1) bounces to whom a thief chose; a tempfail is tried again every minute,
        // each time as a new message. So it is held.
        return waiting.by === 'local' ? this.#hold(waiting, answer.text) : replyPacket(answer);
      default:
        return unreachable(answer);
    }
  }

  #hold(waiting: Waiting, reason: string): Buffer {
    if (((this.#agreed?.actions ?? 0) & action.quarantine) !== 0) return holdPackets(reason);
    this.#port.log('warn', 'milter.no-quarantine', { id: waiting.id, by: waiting.by });
    return replyPacket({ kind: 'reply', code: 451, enhanced: '4.7.1', text: reason });
  }

  /** Finds out who hands this message over, as soon as it can be told. */
  #identify(message: Message): void {
    if (this.#speaker?.by === 'login') return;
    const { address, how } = this.#client;
    if (this.#macros.login !== '') {
      this.#speaker = speaker(this.#account(this.#macros.login), 'login', address);
    } else if (how === 'local')
      this.#speaker ??= speaker(localAccount(message.sender), 'local', '');
  }

  /** Without a login, mail that leaves is relayed for this address. */
  #becomeClient(): void {
    this.#speaker = speaker(clientAccount(this.#client.address), 'client', this.#client.address);
  }

  #account(login: string): Account {
    const { defaultDomain, xtextLogins } = this.#port.options;
    return accountOf(xtextLogins ? fromXtext(login) : login, defaultDomain);
  }

  /** Asks whether this speaker may go on; answers with the refusal, or undefined. */
  #begin(): Buffer | undefined {
    const who = this.#speaker;
    // Local mail is judged at its end, where it can be held.
    if (who === undefined || who.by === 'local') return undefined;
    return this.#refusal(this.#port.gate.mayBegin(who));
  }

  #refusal(answer: Answer): Buffer | undefined {
    const ours = this.#speaker !== undefined && this.#speaker.by !== 'local';
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
    this.#reset();
  }

  #reset(): void {
    this.#message = undefined;
    this.#speaker = undefined;
    this.#macros.message();
  }
}

function speaker(account: Account, by: Speaker['by'], client: string): Speaker {
  return client === '' ? { account, by } : { account, by, client };
}
