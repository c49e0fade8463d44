/**
 * A connection that hands HTTP at most one request in a turn of the event loop, and only when its
 * peer may send one. Node reads 64 KB at once and answers every request in them before anything
 * else happens. That is thousands of requests, so a few connections of a local user could stop all
 * mail for minutes.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const newline = 0x0a;
const carriageReturn = 0x0d;

export class PacedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #waitMs: () => number;
  /** Received, and not yet handed on. */
  #held: Buffer = Buffer.alloc(0);
  #isWanted = false;
  #isWaiting = false;

  /** `waitMs`: called for each request; it says after which time the request may be handed on. */
  constructor(socket: Socket, waitMs: () => number) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#waitMs = waitMs;
    socket.on('data', (chunk: Buffer) => {
      socket.pause();
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
      this.#handOn();
    });
    socket.on('end', () => {
      if (this.#held.length === 0) this.push(null);
    });
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  setTimeout(ms: number): this {
    this.#socket.setTimeout(ms);
    return this;
  }

  /** Ends after everything was written, as a socket does. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    this.#isWanted = true;
    this.#handOn();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #handOn(): void {
    if (!this.#isWanted || this.#isWaiting || this.destroyed) return;
    if (this.#held.length === 0) {
      if (this.#socket.readableEnded) this.push(null);
      else this.#socket.resume();
      return;
    }
    this.#isWaiting = true;
    const ms = this.#waitMs();
    if (ms > 0) setTimeout(() => this.#next(), ms).unref();
    else setImmediate(() => this.#next());
  }

  #next(): void {
    this.#isWaiting = false;
    if (this.destroyed) return;
    const end = blankLineEnd(this.#held);
    const part = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    this.#isWanted = this.push(part);
    this.#handOn();
  }
}

/** Where the first empty line ends, which each request has; or the end of the bytes. */
function blankLineEnd(bytes: Buffer): number {
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    const next = bytes[at + 1] === carriageReturn ? at + 2 : at + 1;
    if (bytes[next] === newline) return next + 1;
  }
  return bytes.length;
}
