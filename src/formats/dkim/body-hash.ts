/**
 * Hashes a body (RFC 6376 sections 3.4.3, 3.4.4, 3.7) in one pass over pieces that are cut
 * anywhere. Memory use is the same for every message: octets that may be the end of the body (blank
 * lines, white space at the end of a line) are counted and not stored. Lines end with CRLF; a CR or
 * LF alone is an ordinary octet.
 */
import { openSha256, type Sha256 } from '../../lib/hash.ts';

export type Canonicalization = 'simple' | 'relaxed';

export type BodyHashOptions = {
  readonly canonicalization: Canonicalization;
  /** `l=`: the number of octets of the canonical body that are hashed. Absent: all. */
  readonly length?: number | undefined;
  /**
   * Relaxed only: hash what Postfix's smtp(8) will send, which breaks longer lines
   * (`smtp_line_length_limit`; see line-break.ts). If 0 or absent, lines stay as they are.
   */
  readonly lineLengthLimit?: number;
};

export type BodyHash = {
  update(bytes: Buffer, start: number, end: number): void;
  /** Finishes the hash. `octets` is the length of the whole canonical body. */
  digest(): { readonly hash: Buffer; readonly octets: number };
};

export function openBodyHash(options: BodyHashOptions): BodyHash {
  const sink = new Sink(options.length ?? Number.POSITIVE_INFINITY);
  return options.canonicalization === 'simple'
    ? new SimpleBody(sink)
    : new RelaxedBody(sink, options.lineLengthLimit ?? 0);
}

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;

/**
 * Canonical octets are collected before they are hashed, because each call of the digest costs as
 * much as hashing 1 KB. The buffer is below 4 KB, so Node takes it from its pool.
 */
const scratchOctets = 4_000;
/**
 * Consecutive line ends that wait before they are hashed on trial. This limits the work that one
 * octet after them can cause.
 */
const waitingMax = 4_096;

/** Receives canonical octets. Line ends wait here until something follows them. */
class Sink {
  #digest = openSha256();
  readonly #wanted: number;
  #hashed = 0;
  #octets = 0;
  readonly scratch: Buffer = Buffer.allocUnsafe(scratchOctets);
  used = 0;
  waiting = 0;
  /** The digest as it was before `#trialEnds` line ends were hashed on trial. */
  #before: { readonly digest: Sha256; readonly hashed: number } | undefined;
  #trialEnds = 0;

  constructor(length: number) {
    this.#wanted = length;
  }

  flush(): void {
    const more = Math.min(this.used, this.#wanted - this.#hashed);
    if (more > 0) this.#digest.update(this.scratch.subarray(0, more));
    this.#hashed += Math.max(0, more);
    this.#octets += this.used;
    this.used = 0;
  }

  lineEnd(): void {
    this.waiting++;
    if (this.waiting < waitingMax) return;
    if (this.#before === undefined) {
      this.flush();
      this.#before = { digest: this.#digest.copy(), hashed: this.#hashed };
      this.#trialEnds = 0;
    }
    this.#trialEnds += this.waiting;
    this.#write(this.waiting);
    this.waiting = 0;
  }

  /** Something follows: the line ends before it belong to the body. */
  settle(): void {
    if (this.waiting === 0 && this.#before === undefined) return;
    this.#before = undefined;
    this.#write(this.waiting);
    this.waiting = 0;
  }

  #write(lineEnds: number): void {
    for (let i = 0; i < lineEnds; i++) {
      if (this.used + 2 > scratchOctets) this.flush();
      this.scratch[this.used++] = cr;
      this.scratch[this.used++] = lf;
    }
  }

  /**
   * Finishes the digest. Line ends that wait or are on trial do not count; one is added if the body
   * must end with it.
   */
  digest(endsWithLineEnd: boolean): { readonly hash: Buffer; readonly octets: number } {
    this.flush();
    if (this.#before !== undefined) {
      this.#digest = this.#before.digest;
      this.#hashed = this.#before.hashed;
      this.#octets -= 2 * this.#trialEnds;
    }
    if (endsWithLineEnd) this.#write(1);
    this.flush();
    return { hash: this.#digest.digest(), octets: this.#octets };
  }
}

/** Removes only blank lines at the end; an empty body becomes one line end. */
class SimpleBody implements BodyHash {
  readonly #sink: Sink;
  #cr = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  update(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    let at = start;
    while (at < end) {
      if (this.#cr) {
        this.#cr = false;
        if (bytes[at] === lf) {
          sink.lineEnd();
          at++;
          continue;
        }
        this.#put(cr);
      }
      if (bytes[at] === cr) {
        this.#cr = true;
        at++;
        continue;
      }
      sink.settle();
      at = copyRun(sink, bytes, at, end);
    }
  }

  digest(): { readonly hash: Buffer; readonly octets: number } {
    if (this.#cr) this.#put(cr);
    return this.#sink.digest(true);
  }

  #put(octet: number): void {
    this.#sink.settle();
    if (this.#sink.used === scratchOctets) this.#sink.flush();
    this.#sink.scratch[this.#sink.used++] = octet;
  }
}

/** Copies octets up to the next CR, and returns the position after them. */
function copyRun(sink: Sink, bytes: Buffer, start: number, end: number): number {
  if (sink.used === scratchOctets) sink.flush();
  const scratch = sink.scratch;
  const stop = Math.min(end, start + scratchOctets - sink.used);
  let used = sink.used;
  let at = start;
  for (; at < stop; at++) {
    const octet = bytes[at] ?? 0;
    if (octet === cr) break;
    scratch[used++] = octet;
  }
  sink.used = used;
  return at;
}

function isWhiteOrCr(octet: number): boolean {
  return octet === cr || octet === space || octet === tab;
}

/**
 * Postfix reads a line in pieces of this many octets (`line_length_limit`). If a line ends with
 * such a piece and also at a break, Postfix sends one more line that contains only the space.
 */
const postfixRecordOctets = 2_048;

/**
 * Replaces runs of white space by one space, and removes white space at line ends and blank lines
 * at the end.
 */
class RelaxedBody implements BodyHash {
  readonly #sink: Sink;
  readonly #limit: number;
  /** Octets that still fit into the line of smtp(8). */
  #room: number;
  /** Length of the line as it came. */
  #length = 0;
  #cr = false;
  #white = false;
  #written = false;

  constructor(sink: Sink, lineLengthLimit: number) {
    this.#sink = sink;
    this.#limit = lineLengthLimit > 0 ? lineLengthLimit : Number.POSITIVE_INFINITY;
    this.#room = this.#limit;
  }

  update(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const octet = bytes[at] ?? 0;
      if (this.#cr) {
        this.#cr = false;
        if (octet === lf) {
          this.#lineEnd();
          at++;
          continue;
        }
        this.#put(cr);
      }
      if (octet === cr) {
        this.#cr = true;
        at++;
      } else if (octet === space || octet === tab) {
        this.#takeRoom();
        this.#white = true;
        at++;
      } else at = this.#copyRun(bytes, at, end);
    }
  }

  digest(): { readonly hash: Buffer; readonly octets: number } {
    if (this.#cr) this.#put(cr);
    // A body of only blank lines is empty here. Any other body ends with a line end, even if it
    // came without.
    return this.#sink.digest(this.#written);
  }

  #lineEnd(): void {
    if (this.#room === 0 && this.#length % postfixRecordOctets === 0) this.#sink.lineEnd();
    this.#white = false;
    this.#room = this.#limit;
    this.#length = 0;
    this.#sink.lineEnd();
  }

  /**
   * Counts one more octet of the line. If the line is full, smtp(8) begins another one with a
   * space.
   */
  #takeRoom(): void {
    if (this.#room === 0) {
      this.#sink.lineEnd();
      this.#white = true;
      this.#room = this.#limit - 1;
    }
    this.#room--;
    this.#length++;
  }

  #settle(): void {
    const sink = this.#sink;
    sink.settle();
    this.#written = true;
    if (!this.#white) return;
    this.#white = false;
    if (sink.used === scratchOctets) sink.flush();
    sink.scratch[sink.used++] = space;
  }

  #put(octet: number): void {
    this.#takeRoom();
    this.#settle();
    if (this.#sink.used === scratchOctets) this.#sink.flush();
    this.#sink.scratch[this.#sink.used++] = octet;
  }

  /**
   * Copies octets that are neither white space nor CR, while line and buffer have room. Returns the
   * position after them.
   */
  #copyRun(bytes: Buffer, start: number, end: number): number {
    const sink = this.#sink;
    this.#put(bytes[start] ?? 0);
    const scratch = sink.scratch;
    const stop = Math.min(end, start + 1 + Math.min(scratchOctets - sink.used, this.#room));
    let used = sink.used;
    let at = start + 1;
    for (; at < stop; at++) {
      const octet = bytes[at] ?? 0;
      if (octet === cr || octet === tab) break;
      // One space between words is by far the most frequent case. The caller handles other white
      // space.
      if (octet === space && (at + 1 >= stop || isWhiteOrCr(bytes[at + 1] ?? 0))) break;
      scratch[used++] = octet;
    }
    const copied = at - start - 1;
    this.#room -= copied;
    this.#length += copied;
    sink.used = used;
    return at;
  }
}
