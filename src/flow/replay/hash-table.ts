/**
 * Hash (hash53) → a number below 2³², in two typed arrays. A Map would make an object of each hash
 * that is above 2³⁰, and the garbage collector would look at all of them again and again.
 */
import { assert } from '../../lib/assert.ts';

const slotsMin = 1024;
const empty = -1;

export class HashTable {
  /** Open addressing: a hash is at its place or behind it, without a gap. */
  #hashes = new Float64Array(slotsMin).fill(empty);
  #values = new Uint32Array(slotsMin);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(hash: number): number | undefined {
    const slot = this.#slot(hash);
    return this.#hashes[slot] === hash ? this.#values[slot] : undefined;
  }

  has(hash: number): boolean {
    return this.#hashes[this.#slot(hash)] === hash;
  }

  set(hash: number, value: number): void {
    assert(hash >= 0, 'a hash is not negative');
    const slot = this.#slot(hash);
    this.#values[slot] = value;
    if (this.#hashes[slot] === hash) return;
    this.#hashes[slot] = hash;
    this.#size++;
    if (this.#size > this.#hashes.length / 2) this.#grow();
  }

  delete(hash: number): void {
    let gap = this.#slot(hash);
    if (this.#hashes[gap] !== hash) return;
    const hashes = this.#hashes;
    const last = hashes.length - 1;
    for (let slot = (gap + 1) & last; ; slot = (slot + 1) & last) {
      const other = hashes[slot] ?? empty;
      if (other === empty) break;
      // It may stand in the gap if its own place is not between the gap and here.
      if (((slot - placeOf(other, last)) & last) < ((slot - gap) & last)) continue;
      hashes[gap] = other;
      this.#values[gap] = this.#values[slot] ?? 0;
      gap = slot;
    }
    hashes[gap] = empty;
    this.#size--;
  }

  /** Where the hash is, or where it would be added. */
  #slot(hash: number): number {
    const hashes = this.#hashes;
    const last = hashes.length - 1;
    let slot = placeOf(hash, last);
    for (;;) {
      const here = hashes[slot];
      if (here === hash || here === empty) return slot;
      slot = (slot + 1) & last;
    }
  }

  #grow(): void {
    const hashes = this.#hashes;
    const values = this.#values;
    this.#hashes = new Float64Array(2 * hashes.length).fill(empty);
    this.#values = new Uint32Array(2 * hashes.length);
    for (let old = 0; old < hashes.length; old++) {
      const hash = hashes[old] ?? empty;
      if (hash === empty) continue;
      const slot = this.#slot(hash);
      this.#hashes[slot] = hash;
      this.#values[slot] = values[old] ?? 0;
    }
  }
}

/** The lower bits of a hash are as good as the whole. */
function placeOf(hash: number, last: number): number {
  return (hash >>> 0) & last;
}
