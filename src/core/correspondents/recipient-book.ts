/**
 * The book of an account: every recipient it has written to and every From address it has used, as
 * hash → minute of the first time.
 *
 * Most of the book comes from the ledger, sorted, and stays in two typed arrays. They take a fifth
 * of a Map's memory and no time to build, and most of an account in memory is its book. New entries
 * go into a small Map, which is sorted in when it has grown.
 */

/**
 * New entries are sorted in when there are more than this, and more than this share of the book. So
 * the cost of growing stays small.
 */
const freshMin = 32;
const freshShare = 1 / 4;

export class RecipientBook {
  /** Sorted. */
  #hashes: Float64Array;
  #minutes: Uint32Array;
  #fresh: Map<number, number> | undefined;

  /** `hashes` in ascending order, each with its minute. */
  constructor(
    hashes: Float64Array = new Float64Array(0),
    minutes: Uint32Array = new Uint32Array(0),
  ) {
    this.#hashes = hashes;
    this.#minutes = minutes;
  }

  get size(): number {
    return this.#hashes.length + (this.#fresh?.size ?? 0);
  }

  has(hash: number): boolean {
    return this.#at(hash) >= 0 || this.#fresh?.has(hash) === true;
  }

  get(hash: number): number | undefined {
    const at = this.#at(hash);
    return at >= 0 ? this.#minutes[at] : this.#fresh?.get(hash);
  }

  /** Adds a hash that is not in the book. */
  add(hash: number, minute: number): void {
    this.#fresh ??= new Map();
    this.#fresh.set(hash, minute);
    const { size } = this.#fresh;
    if (size > freshMin && size > this.#hashes.length * freshShare) this.#sortIn();
  }

  /** Removes the hashes first seen in that minute or later; returns pairs of hash and minute. */
  forgetSince(minute: number): number[] {
    this.#sortIn();
    const forgotten: number[] = [];
    for (const [at, first] of this.#minutes.entries()) {
      if (first >= minute) forgotten.push(this.#hashes[at] ?? 0, first);
    }
    this.#hashes = this.#hashes.filter((_, at) => (this.#minutes[at] ?? 0) < minute);
    this.#minutes = this.#minutes.filter((one) => one < minute);
    return forgotten;
  }

  /** Removes a hash, if the book has it. */
  forget(hash: number): void {
    if (this.has(hash)) this.forgetAll(new Set([hash]));
  }

  /** Removes these hashes; returns those that were in the book. */
  forgetAll(hashes: ReadonlySet<number>): number[] {
    this.#sortIn();
    const forgotten = Array.from(this.#hashes).filter((hash) => hashes.has(hash));
    const before = this.#hashes;
    this.#hashes = before.filter((hash) => !hashes.has(hash));
    this.#minutes = this.#minutes.filter((_, nth) => !hashes.has(before[nth] ?? 0));
    return forgotten;
  }

  /** Hash and minute, in ascending order. */
  *[Symbol.iterator](): Generator<[number, number]> {
    this.#sortIn();
    for (const [at, hash] of this.#hashes.entries()) yield [hash, this.#minutes[at] ?? 0];
  }

  /** Index among the sorted hashes, or -1. */
  #at(hash: number): number {
    const hashes = this.#hashes;
    let low = 0;
    let high = hashes.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const here = hashes[middle] ?? 0;
      if (here === hash) return middle;
      if (here < hash) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #sortIn(): void {
    const added = this.#fresh;
    if (added === undefined) return;
    const hashes = Float64Array.from(added.keys()).sort();
    const merged = new Float64Array(this.size);
    const minutes = new Uint32Array(this.size);
    let old = 0;
    let fresh = 0;
    for (let at = 0; at < merged.length; at++) {
      const nextOld = this.#hashes[old] ?? Number.POSITIVE_INFINITY;
      const nextFresh = hashes[fresh] ?? Number.POSITIVE_INFINITY;
      if (nextOld < nextFresh) {
        merged[at] = nextOld;
        minutes[at] = this.#minutes[old++] ?? 0;
      } else {
        merged[at] = nextFresh;
        minutes[at] = added.get(nextFresh) ?? 0;
        fresh++;
      }
    }
    this.#hashes = merged;
    this.#minutes = minutes;
    this.#fresh = undefined;
  }
}
