/**
 * Cuts a byte stream into milter packets: a length (32 bits, big endian, counts the command), a
 * command byte, data. Takes chunks as they come, cut anywhere, and hands out whole packets without
 * copying them. The length is checked first, and memory grows only with bytes that came: a peer
 * that announces much and sends little does not fill the memory.
 */
import { ByteBuffer } from '../../lib/byte-buffer.ts';
import { PeerError } from '../../lib/peer-error.ts';

/**
 * Octets of the longest packet. Postfix sends body chunks of at most 65,535 octets and headers of
 * at most header_size_limit (102,400 by default; operators raise it); Sendmail up to 1 MB if that
 * was agreed.
 */
export const frameBytesMax = 1_048_576;
/** Octets that may wait for an answer of ours: a mail server sends nothing meanwhile. */
const heldBytesMax = frameBytesMax + 65_536;

/**
 * One packet: its command, and its data in `bytes` from `start` to `end`. Answers false to pause.
 */
export type TakeFrame = (command: number, bytes: Buffer, start: number, end: number) => boolean;

const lengthBytes = 4;

export class FrameReader {
  readonly #take: TakeFrame;
  /** Bytes of an unfinished packet, and those that wait during a pause. */
  readonly #held = new ByteBuffer();
  #paused = false;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** A part of a packet has come. */
  get partial(): boolean {
    return this.#held.length > 0 && !this.#paused;
  }

  /** Octets of packets that have not come whole, or that wait during a pause. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Takes the next bytes of the stream. Throws PeerError for an impossible length. */
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

  /** Hands out the whole packets among the bytes that wait. */
  #again(): void {
    if (this.#held.length > 0) this.#held.drop(this.#frames(this.#held.bytes));
  }

  /** Hands out the whole packets. Answers where the rest starts. */
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
