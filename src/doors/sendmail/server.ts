/**
 * The sendmail door: postern-sendmail hands messages in here, through a Unix socket that every user
 * of the machine may connect to. Who that is the kernel says. One message a connection:
 *
 *   it says   `postern-sendmail 1 REQUEST-BYTES MESSAGE-BYTES`, a line; the request (JSON); the message
 *   we say    `EXIT TEXT`, a line, when the message is on the disk; it ends with EXIT
 */
import {
  type FirstLine,
  firstLineBytesMax,
  parseFirstLine,
  parseHandIn,
} from '../../core/scripts/hand-in.ts';
import { HeldBytes } from '../../lib/byte-buffer.ts';
import {
  type Line,
  type Listener,
  type ListenerLimits,
  openListener,
  type Talk,
  type TalkState,
  type Where,
} from '../../lib/listener.ts';
import { faultLog } from '../../lib/listener-log.ts';
import { sysexits } from '../../lib/operator-error.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { HandInAnswer, HandoverHandler, Peer, SendmailTurn } from '../../ports/handover.ts';
import type { Count, Log } from '../../ports/world.ts';

export type SendmailDoorDeps = {
  readonly admin: HandoverHandler;
  /** Who is at the other end of this file descriptor. */
  readonly peerOf: (fd: number) => Peer | undefined;
  readonly messageBytesMax: number;
  readonly log: Log;
  readonly count: Count;
  readonly limits?: Partial<ListenerLimits>;
  /** From the connection to the whole message. */
  readonly wholeMs?: number;
  /** Of one user at once; root is not bounded. */
  readonly connectionsPerUserMax?: number;
};

const defaultLimits: ListenerLimits = {
  connectionsMax: 500,
  firstMs: 30 * secondMs,
  // The whole message is there before it connects.
  partialMs: 30 * secondMs,
  idleMs: minuteMs,
  drainMs: 5 * secondMs,
};
/** A web server's user has as many at once as it has PHP processes. */
const perUserDefault = 100;
/** It is sent by a process that has it already, on this machine. */
const wholeMsDefault = 2 * minuteMs;
const unknownPeer: HandInAnswer = { exit: sysexits.tempFail, text: 'cannot tell who you are' };

/** Opens the door; `close` or `await using` shuts it. */
export function openSendmail(where: Where, deps: SendmailDoorDeps): Promise<Listener> {
  const { log, count } = deps;
  const perUser = new Map<number, number>();
  return openListener(
    where,
    { ...defaultLimits, ...deps.limits },
    {
      open: (line) => new SendmailTalk(line, deps, perUser),
      fault: faultLog('sendmail', log, count),
    },
  );
}

class SendmailTalk implements Talk {
  readonly #line: Line;
  readonly #deps: SendmailDoorDeps;
  readonly #perUser: Map<number, number>;
  readonly #peer: Peer | undefined;
  readonly #held = new HeldBytes();
  #first: FirstLine | undefined;
  #turn: Extract<SendmailTurn, { kind: 'taken' }> | undefined;
  #left = 0;
  #state: TalkState = 'fresh';
  #over = false;
  #sinceMs = 0;

  constructor(line: Line, deps: SendmailDoorDeps, perUser: Map<number, number>) {
    this.#line = line;
    this.#deps = deps;
    this.#perUser = perUser;
    this.#peer = deps.peerOf(line.fd);
    if (this.#peer === undefined) {
      this.#answer(unknownPeer);
      return;
    }
    const { uid } = this.#peer;
    const open = (perUser.get(uid) ?? 0) + 1;
    perUser.set(uid, open);
    if (uid !== 0 && open > (deps.connectionsPerUserMax ?? perUserDefault)) {
      deps.count('postern_sendmail_faults_total', 1, 'many');
      this.#hangUp();
    }
  }

  take(chunk: Buffer): void {
    if (this.#over) return; // what it sends on after our answer
    if (this.#state === 'answering') throw new PeerError('more than its message');
    this.#state = 'partial';
    if (this.#turn !== undefined) {
      this.#message(chunk);
      return;
    }
    this.#held.append(chunk);
    this.#head();
  }

  /** Bytes that come in time are progress. */
  requests(): number {
    return this.#left;
  }

  state(): TalkState {
    return this.#state;
  }

  tick(ms: number): void {
    this.#sinceMs += ms;
    if (this.#state !== 'answering' && this.#sinceMs >= (this.#deps.wholeMs ?? wholeMsDefault)) {
      throw new PeerError('its message took too long');
    }
  }

  gone(): void {
    if (!this.#over && this.#state !== 'answering') this.#turn?.drop();
    this.#over = true;
    if (this.#peer === undefined) return;
    const { uid } = this.#peer;
    const open = (this.#perUser.get(uid) ?? 1) - 1;
    if (open > 0) this.#perUser.set(uid, open);
    else this.#perUser.delete(uid);
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
    const request = parseHandIn(bytes.toString('utf8', lineEnd + 1, end));
    if (!request.ok) throw new PeerError(`request: ${request.error}`);
    if (this.#peer === undefined) return;
    const turn = this.#deps.admin.open(this.#peer, request.value);
    if (turn.kind === 'refused') {
      this.#answer(turn.answer);
      return;
    }
    this.#turn = turn;
    this.#left = messageBytes;
    const rest = Buffer.from(bytes.subarray(end));
    this.#held.drop(bytes.length);
    this.#message(rest);
  }

  #message(bytes: Buffer): void {
    if (bytes.length > this.#left) throw new PeerError('more than its message');
    try {
      this.#turn?.write(bytes);
    } catch {
      // The disk does not take it. The spool may be on another one, and it goes there when we say
      // nothing.
      this.#turn?.drop();
      this.#hangUp();
      return;
    }
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    this.#state = 'answering';
    this.#turn?.finish((answer) => this.#line.run(() => this.#answer(answer)));
  }

  /** Who hears nothing leaves his message in the spool. */
  #hangUp(): void {
    this.#over = true;
    this.#line.end();
  }

  #answer(answer: HandInAnswer | undefined): void {
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
