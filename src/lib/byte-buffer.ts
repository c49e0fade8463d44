/**
 * Holds bytes of a stream that cannot be used yet. The buffer grows by doubling, so bytes that
 * arrive one at a time are not copied one at a time. Room that was read is reused while something
 * is held, so a long stream makes no garbage.
 */
export class ByteBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes that are held. Valid until the next `append`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Copies the bytes, because a chunk from a socket is part of a much larger buffer. */
  append(chunk: Buffer, from = 0): void {
    const more = chunk.length - from;
    const length = this.length;
    if (this.#end + more > this.#buffer.length && length + more <= this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#start = 0;
      this.#end = length;
    } else if (this.#end + more > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(256, length + more, length * 2));
      this.#buffer.copy(larger, 0, this.#start, this.#end);
      this.#buffer = larger;
      this.#start = 0;
      this.#end = length;
    }
    chunk.copy(this.#buffer, this.#end, from);
    this.#end += more;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    this.#buffer = Buffer.alloc(0);
  }
}
