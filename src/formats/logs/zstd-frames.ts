/**
 * Finds where each frame of zstd data ends (RFC 8878 section 3.1), without unpacking. A file may
 * hold several frames, and Node's zlib stops behind the first. Pure.
 */

/** `ends`: the frame ends behind these bytes. */
export type ZstdPiece = { readonly bytes: Buffer; readonly ends: boolean };

const frameMagic = 0xfd2fb528;
/** Frames without text, such as pzstd writes. The last four bits of the number differ. */
const skippableMagic = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const checksumBytes = 4;

type Step =
  | 'magic'
  | 'skip-size'
  | 'skip-body'
  | 'descriptor'
  | 'header'
  | 'block'
  | 'body'
  | 'last-body'
  | 'checksum'
  | 'lost';

/** Steps whose bytes are a number. */
const valueSteps: ReadonlySet<Step> = new Set<Step>(['magic', 'descriptor', 'block', 'skip-size']);

export class ZstdFrames {
  #step: Step = 'magic';
  /** Bytes of this step that are still missing. */
  #missing = 4;
  #value = 0;
  #got = 0;
  #hasChecksum = false;

  take(chunk: Buffer): readonly ZstdPiece[] {
    const pieces: ZstdPiece[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const here = Math.min(this.#missing, chunk.length - at);
      if (this.#isValue()) this.#read(chunk, at, here);
      at += here;
      this.#missing -= here;
      while (this.#missing === 0) {
        if (!this.#next()) continue;
        pieces.push({ bytes: chunk.subarray(from, at), ends: true });
        from = at;
      }
    }
    if (from < chunk.length) pieces.push({ bytes: chunk.subarray(from), ends: false });
    return pieces;
  }

  #isValue(): boolean {
    return valueSteps.has(this.#step);
  }

  /** Collects a number of up to four bytes, the lowest first. */
  #read(chunk: Buffer, at: number, count: number): void {
    for (let nth = 0; nth < count; nth++) {
      this.#value += (chunk[at + nth] ?? 0) * 2 ** (8 * this.#got++);
    }
  }

  #go(step: Step, bytes: number): false {
    this.#step = step;
    this.#missing = bytes;
    this.#value = 0;
    this.#got = 0;
    return false;
  }

  /** The step is complete. True if a frame ended with it. */
  #next(): boolean {
    switch (this.#step) {
      case 'skip-size':
        return this.#go('skip-body', this.#value);
      case 'magic':
        if (this.#value === frameMagic) return this.#go('descriptor', 1);
        if (this.#value - (this.#value % 16) === skippableMagic) return this.#go('skip-size', 4);
        // What is no frame goes to the decoder, which says so.
        return this.#go('lost', Number.POSITIVE_INFINITY);
      case 'descriptor':
        return this.#header(this.#value);
      case 'header':
      case 'body':
        return this.#go('block', 3);
      case 'block':
        return this.#block(this.#value);
      case 'last-body':
        if (this.#hasChecksum) return this.#go('checksum', checksumBytes);
        return this.#end();
      default:
        return this.#end();
    }
  }

  #header(descriptor: number): false {
    const isSingle = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const contentSize = contentSizeBytes[(descriptor >> 6) & 3] ?? 0;
    const size = contentSize === 0 && isSingle ? 1 : contentSize;
    return this.#go('header', (isSingle ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + size);
  }

  #block(header: number): false {
    const isLast = (header & 1) === 1;
    const isRepeated = ((header >> 1) & 3) === 1;
    return this.#go(isLast ? 'last-body' : 'body', isRepeated ? 1 : header >> 3);
  }

  #end(): true {
    this.#go('magic', 4);
    return true;
  }
}
