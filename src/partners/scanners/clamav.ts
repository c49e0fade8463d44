/**
 * Asks ClamAV's clamd in sessions that are reused. A connection carries one message at a time,
 * waits a while for the next, and is closed after any fault.
 */
import type { Socket } from 'node:net';
import type { ScanReport } from '../../core/scan/report.ts';
import { clamdEnd, clamdSession, clamdStream, parseClamdReply } from '../../formats/scan/clamd.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import type { Scanner } from '../../ports/scan.ts';
import { addressText, openSocket, overdue } from './scan-socket.ts';

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
      session ??= new Session(where);
      const virus = await session.scan(octets, deadlineMs);
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
  gone = false;

  constructor(where: SocketAddress) {
    this.#where = where;
    this.#socket = openSocket(where);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (cause) => this.#fail(cause));
    this.#socket.on('close', () => this.#fail(new Error(`${addressText(where)} hung up`)));
    this.#socket.write(clamdSession);
  }

  async scan(octets: Buffer, deadlineMs: number): Promise<string> {
    clearTimeout(this.#idle);
    this.#commands++;
    const timer = setTimeout(() => this.#fail(overdue(this.#where, deadlineMs)), deadlineMs);
    try {
      const reply = await new Promise<string>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#socket.write(clamdStream(octets));
      });
      const found = parseClamdReply(reply, this.#commands);
      if (found.ok) return found.value;
      throw new Error(`clamd at ${addressText(this.#where)}: ${found.error}`);
    } catch (cause) {
      this.#fail(new Error('given up'));
      throw cause;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
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
    else this.#waiting.resolve(reply);
  }

  #fail(cause: Error): void {
    this.gone = true;
    clearTimeout(this.#idle);
    this.#socket.destroy();
    this.#waiting?.reject(cause);
    this.#waiting = undefined;
  }
}
