/**
 * Asks ClamAV's clamd in sessions that are reused. A connection carries one message at a time,
 * waits a while for the next, and is closed after any fault.
 */
import type { Socket } from 'node:net';
import type { ScanReport } from '../../core/scan/report.ts';
import { TooLargeError } from '../../core/scan/too-large.ts';
import {
  clamdEnd,
  clamdSession,
  clamdStream,
  isClamdTooLarge,
  parseClamdReply,
} from '../../formats/scan/clamd.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import type { Scanner } from '../../ports/scan.ts';
import { addressText, exchangeOnSocket, openSocket, overdue } from './scan-socket.ts';

/** Less than clamd waits for the next command of a session (IdleTimeout, 30 s). */
const idleMs = 10_000;
/** An answer is one line. */
const replyOctetsMax = 4_096;

export function openClamav(options: {
  readonly where: SocketAddress;
  readonly octetsMax: number;
}): Scanner {
  const { where } = options;
  const idle: Session[] = [];
  return {
    name: 'clamav',
    octetsMax: options.octetsMax,
    async scan(octets, deadlineMs): Promise<ScanReport> {
      let session = idle.pop();
      while (session?.gone === true) session = idle.pop();
      const until = performance.now() + deadlineMs;
      const isReused = session !== undefined;
      session ??= new Session(where);
      let virus: string;
      try {
        virus = await session.scan(octets, deadlineMs);
      } catch (cause) {
        // clamd may have ended a session that waited, so this says nothing about the message.
        if (!isReused || !session.hungUp) throw cause;
        session = new Session(where);
        virus = await session.scan(octets, Math.max(1, until - performance.now()));
      }
      session.rest();
      idle.push(session);
      return { scanner: 'clamav', score: 0, required: 0, rules: [], virus };
    },
    close() {
      for (const session of idle.splice(0)) session.end();
    },
  };
}

class Session {
  readonly #where: SocketAddress;
  readonly #socket: Socket;
  #commands = 0;
  #reply = '';
  #waiting: { resolve(reply: string): void; reject(cause: Error): void } | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** A part of a message that waits until clamd has read what was sent. */
  #drained: (() => void) | undefined;
  /** True while the session has a part of a message still to send. */
  #sending = false;
  gone = false;
  /** clamd ended the session, or the network did. */
  hungUp = false;

  constructor(where: SocketAddress) {
    this.#where = where;
    this.#socket = openSocket(where);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('drain', () => this.#goOn());
    this.#socket.on('error', (cause) => this.#end(cause));
    this.#socket.on('close', () => this.#end(new Error(`${addressText(where)} hung up`)));
    this.#socket.write(clamdSession);
  }

  async scan(octets: Buffer, deadlineMs: number): Promise<string> {
    clearTimeout(this.#idle);
    this.#commands++;
    const until = performance.now() + deadlineMs;
    const timer = setTimeout(() => this.#fail(overdue(this.#where, deadlineMs)), deadlineMs);
    try {
      const reply = await new Promise<string>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        void this.#send(octets);
      });
      const at = `clamd at ${addressText(this.#where)}`;
      if (isClamdTooLarge(reply))
        throw new TooLargeError(`${at}: ${reply.replace(/[^ -~]/g, '?')}`);
      const found = parseClamdReply(reply, this.#commands);
      if (found.ok) return found.value;
      throw new Error(`${at}: ${found.error}`);
    } catch (cause) {
      const isCut = this.hungUp && this.#sending;
      this.#fail(new Error('given up'));
      // clamd hangs up in the middle of a message that is too long. Its answer may be lost.
      if (!isCut || !(await answers(this.#where, until - performance.now()))) throw cause;
      throw new TooLargeError(`it ended the session while it got ${octets.length} octets`);
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  /** Sends a message in parts, and stops when an answer has come. */
  async #send(octets: Buffer): Promise<void> {
    this.#sending = true;
    for (const part of clamdStream(octets)) {
      if (this.#waiting === undefined || this.gone) return;
      const room = this.#socket.write(part);
      await new Promise<void>((resolve) => {
        // Answers are read in between, because clamd answers early when a message is too long.
        if (room) setImmediate(resolve);
        else this.#drained = resolve;
      });
    }
    this.#sending = false;
  }

  #goOn(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  /** Waits for the next message, for less time than clamd does. */
  rest(): void {
    this.#idle = setTimeout(() => this.end(), idleMs);
    this.#idle.unref();
  }

  end(): void {
    this.gone = true;
    clearTimeout(this.#idle);
    this.#socket.end(clamdEnd);
  }

  #take(chunk: Buffer): void {
    this.#reply += chunk.toString('latin1');
    const end = this.#reply.indexOf('\0');
    if (end < 0) {
      if (this.#reply.length > replyOctetsMax) this.#fail(new Error('its answer is too long'));
      return;
    }
    const reply = this.#reply.slice(0, end);
    this.#reply = this.#reply.slice(end + 1);
    if (this.#waiting === undefined) this.#fail(new Error('it answered without a question'));
    else {
      this.#waiting.resolve(reply);
      this.#waiting = undefined;
    }
  }

  #end(cause: Error): void {
    if (!this.gone) this.hungUp = true;
    this.#fail(cause);
  }

  #fail(cause: Error): void {
    this.gone = true;
    clearTimeout(this.#idle);
    this.#socket.destroy();
    this.#waiting?.reject(cause);
    this.#waiting = undefined;
    this.#goOn();
  }
}

/** Whether clamd answers at all, so that what it refused was the message. */
async function answers(where: SocketAddress, deadlineMs: number): Promise<boolean> {
  if (deadlineMs <= 0) return false;
  const reply = await exchangeOnSocket(where, ['zPING\0'], deadlineMs).catch(() => undefined);
  return reply?.toString('latin1') === 'PONG\0';
}
