/**
 * The sendmail door takes messages from postern-sendmail, through a Unix socket that every user of
 * the machine may connect to. The kernel says which user it is. One connection carries one message:
 *
 *   postern-sendmail   a line `postern-sendmail 1 REQUEST-BYTES MESSAGE-BYTES`, the request (JSON),
 *                      the message
 *   Postern            a line `EXIT TEXT` when the message is on the disk; postern-sendmail ends
 *                      with the exit code EXIT
 */
import {
  type FirstLine,
  firstLineBytesMax,
  parseFirstLine,
  parseHandoverRequest,
} from '../../core/scripts/handover-request.ts';
import { ByteBuffer } from '../../lib/byte-buffer.ts';
import {
  type Listener,
  type ListenerLimits,
  openListener,
  type PeerConnection,
  type PeerSession,
  type PeerSessionState,
  type SocketAddress,
} from '../../lib/listener.ts';
import { faultLog, fullTrouble } from '../../lib/listener-log.ts';
import { sysexits } from '../../lib/operator-error.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { HandoverHandler, MessageIntake, Peer, SendmailExit } from '../../ports/handover.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Count, Log } from '../../ports/world.ts';

export type SendmailDoorDeps = {
  readonly handler: HandoverHandler;
  /** The process at the other end of this file descriptor. */
  readonly peerOf: (fd: number) => Peer | undefined;
  readonly messageBytesMax: number;
  readonly log: Log;
  readonly count: Count;
  readonly limits?: Partial<ListenerLimits>;
  /** Time from the connection to the complete message. */
  readonly wholeMs?: number;
  /** Told when the door is full. */
  readonly troubles?: Pick<Troubles, 'set'>;
};

const defaultLimits: ListenerLimits = {
  // A quarter of them for one user: a web server's user may have one for each PHP process.
  connectionsMax: 500,
  firstMs: 30 * secondMs,
  // postern-sendmail has the whole message before it connects.
  partialMs: 30 * secondMs,
  idleMs: minuteMs,
  drainMs: 5 * secondMs,
};
/** The sender is a process on this machine that has the whole message already. */
const wholeMsDefault = 2 * minuteMs;
const root = 0;
const unknownPeer: SendmailExit = { exit: sysexits.tempFail, text: 'cannot tell who you are' };

/** Opens the door; `close` or `await using` shuts it. */
export function openSendmail(where: SocketAddress, deps: SendmailDoorDeps): Promise<Listener> {
  const { count, log, peerOf, troubles } = deps;
  return openListener(
    where,
    { ...defaultLimits, ...deps.limits },
    {
      admit({ fd }) {
        const uid = peerOf(fd)?.uid;
        return { kind: 'admitted', peer: `uid ${uid ?? 'unknown'}`, trusted: uid === root };
      },
      full: fullTrouble('sendmail', (part, why) => troubles?.set(part, why)),
      open: (line) => new SendmailTalk(line, deps),
      fault: faultLog('sendmail', log, count),
    },
  );
}

class SendmailTalk implements PeerSession {
  readonly #line: PeerConnection;
  readonly #deps: SendmailDoorDeps;
  readonly #peer: Peer | undefined;
  readonly #held = new ByteBuffer();
  #first: FirstLine | undefined;
  #intake: Extract<MessageIntake, { kind: 'taken' }> | undefined;
  #left = 0;
  #state: PeerSessionState = 'fresh';
  #over = false;
  #sinceMs = 0;

  constructor(line: PeerConnection, deps: SendmailDoorDeps) {
    this.#line = line;
    this.#deps = deps;
    this.#peer = deps.peerOf(line.fd);
    if (this.#peer === undefined) this.#answer(unknownPeer);
  }

  take(chunk: Buffer): void {
    if (this.#over) return; // bytes after Postern's answer
    if (this.#state === 'answering') throw new PeerError('more bytes than announced');
    this.#state = 'partial';
    if (this.#intake !== undefined) {
      this.#message(chunk);
      return;
    }
    this.#held.append(chunk);
    this.#head();
  }

  /** Bytes still missing: any byte that arrives counts as progress. */
  requests(): number {
    return this.#left;
  }

  state(): PeerSessionState {
    return this.#state;
  }

  tick(ms: number): void {
    this.#sinceMs += ms;
    if (this.#state !== 'answering' && this.#sinceMs >= (this.#deps.wholeMs ?? wholeMsDefault)) {
      throw new PeerError('the message took too long');
    }
  }

  gone(): void {
    if (!this.#over && this.#state !== 'answering') this.#intake?.drop();
    this.#over = true;
  }

  #head(): void {
    const { bytes } = this.#held;
    const lineEnd = bytes.subarray(0, firstLineBytesMax).indexOf(0x0a);
    if (lineEnd < 0) {
      if (bytes.length >= firstLineBytesMax) throw new PeerError('no first line');
      return;
    }
    this.#first ??= parseFirstLine(bytes.toString('latin1', 0, lineEnd));
    if (this.#first === undefined) throw new PeerError('no first line');
    const { requestBytes, messageBytes } = this.#first;
    if (messageBytes > this.#deps.messageBytesMax) {
      this.#answer({ exit: sysexits.tempFail, text: 'message file too big' });
      return;
    }
    const end = lineEnd + 1 + requestBytes;
    if (bytes.length < end) return;
    const request = parseHandoverRequest(bytes.toString('utf8', lineEnd + 1, end));
    if (!request.ok) throw new PeerError(`request: ${request.error}`);
    if (this.#peer === undefined) return;
    const intake = this.#deps.handler.open(this.#peer, request.value);
    if (intake.kind === 'refused') {
      this.#answer(intake.answer);
      return;
    }
    this.#intake = intake;
    this.#left = messageBytes;
    const rest = Buffer.from(bytes.subarray(end));
    this.#held.drop(bytes.length);
    this.#message(rest);
  }

  #message(bytes: Buffer): void {
    if (bytes.length > this.#left) throw new PeerError('more bytes than announced');
    try {
      this.#intake?.write(bytes);
    } catch {
      // The disk cannot be written. Without an answer, postern-sendmail leaves the message in the
      // spool, which may be on another disk.
      this.#intake?.drop();
      this.#hangUp();
      return;
    }
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    this.#state = 'answering';
    this.#intake?.finish((answer) => this.#line.run(() => this.#answer(answer)));
  }

  /** Ends the connection without an answer, so that postern-sendmail uses the spool. */
  #hangUp(): void {
    this.#over = true;
    this.#line.end();
  }

  #answer(answer: SendmailExit | undefined): void {
    if (this.#over) return;
    if (answer === undefined) {
      this.#hangUp();
      return;
    }
    const { exit, text } = answer;
    this.#over = true;
    this.#line.write(Buffer.from(`${exit} ${text}\n`));
    this.#line.end();
  }
}
