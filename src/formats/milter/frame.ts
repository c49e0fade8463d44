/**
 * Milter packets on the wire: a length (32 bits, big endian, counts the command), a command byte,
 * data. Takes chunks as they come, cut anywhere, and hands out whole packets where they lie,
 * without copying them. A length is checked before it is believed: a peer that announces much and
 * sends little makes us keep little.
 */
import { ByteBuffer } from '../../lib/byte-buffer.ts';
import { PeerError } from '../../lib/peer-error.ts';

/**
 * The longest packet taken. Postfix sends body chunks of at most 65,535 bytes and headers of at
 * most header_size_limit (102,400 by default), which operators raise; Sendmail up to 1 MB where
 * agreed.
 */
export const frameBytesMax = 1_048_576;
/** What may wait while we think about an answer: a mail server waits for it and sends nothing. */
const heldBytesMax = frameBytesMax + 65_536;

/**
 * One packet: its command, and its data in `bytes` from `start` to `end`. Answers false to pause.
 */
export type TakeFrame = (command: number, bytes: Buffer, start: number, end: number) => boolean;

const lengthBytes = 4;

export class FrameReader {
  readonly #take: TakeFrame;
  /** Bytes that are not a whole packet yet, or wait while paused. */
  readonly #held = new ByteBuffer();
  #paused = false;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Half of a packet is here. */
  get partial(): boolean {
    return this.#held.length > 0 && !this.#paused;
  }

  /** The next bytes of the stream. Throws PeerError for a length that cannot be. */
  push(chunk: Buffer): void {
    if (this.#held.length === 0 && !this.#paused) {
      const rest = this.#frames(chunk);
      if (rest < chunk.length) this.#keep(chunk, rest);
      return;
    }
    this.#keep(chunk, 0);
    if (!this.#paused) this.#again();
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#paused = false;
    this.#again();
  }

  /** Reads what is held, as far as it goes. */
  #again(): void {
    if (this.#held.length > 0) this.#held.drop(this.#frames(this.#held.bytes));
  }

  /** PrivilegedTools out the whole packets; answers where the rest starts. */
  #frames(bytes: Buffer): number {
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const size = bytes.readUInt32BE(at);
      if (size === 0 || size > frameBytesMax) throw new PeerError(`packet of ${size} bytes`);
      const start = at + lengthBytes;
      const end = start + size;
      if (end > bytes.length) break;
      at = end;
      if (!this.#take(bytes[start] ?? 0, bytes, start + 1, end)) {
        this.#paused = true;
        break;
      }
    }
    return at;
  }

  #keep(bytes: Buffer, from: number): void {
    const length = this.#held.length + bytes.length - from;
    if (length > heldBytesMax) throw new PeerError(`${length} bytes sent instead of waiting`);
    this.#held.append(bytes, from);
  }
}
