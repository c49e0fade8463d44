/**
 * A set of hashes in 12 to 24 octets each. A Set of JavaScript takes more for numbers of 53 bits.
 */
const placesLeast = 32;

export class NumberSet {
  /** A hash is in the place that its low bits name, or in one of the next. 0: nothing is there. */
  #places = new Float64Array(placesLeast);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(hash: number): boolean {
    return this.#places[this.#place(hash || 1)] !== 0;
  }

  /** False: it was there. */
  add(hash: number): boolean {
    const place = this.#place(hash || 1);
    if (this.#places[place] !== 0) return false;
    this.#places[place] = hash || 1;
    this.#size++;
    if (this.#size * 3 > this.#places.length * 2) this.#grow();
    return true;
  }

  /** Where it is, or where it belongs. At least a third of the places is free. */
  #place(hash: number): number {
    const mask = this.#places.length - 1;
    let place = (hash >>> 0) & mask;
    for (let found = this.#places[place]; found !== 0 && found !== hash; ) {
      place = (place + 1) & mask;
      found = this.#places[place];
    }
    return place;
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Float64Array(old.length * 2);
    for (const hash of old) if (hash !== 0) this.#places[this.#place(hash)] = hash;
  }
}
