/**
 * A set of hashes of a fixed size, for telling what was read before. It remembers at least the
 * latest `keysMax` and at most twice as many, in 16 octets each and without objects.
 */
export class SeenOnce {
  readonly #keysMax: number;
  #young: Float64Array;
  #old: Float64Array;
  #count = 0;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
    let slots = 16;
    while (slots < keysMax * 2) slots *= 2;
    this.#young = new Float64Array(slots);
    this.#old = new Float64Array(slots);
  }

  has(hash: number): boolean {
    return isIn(this.#young, hash + 1) || isIn(this.#old, hash + 1);
  }

  add(hash: number): void {
    if (this.#count >= this.#keysMax) {
      const before = this.#old;
      this.#old = this.#young;
      this.#young = before.fill(0);
      this.#count = 0;
    }
    const slot = slotOf(this.#young, hash + 1);
    if (this.#young[slot] !== 0) return;
    this.#young[slot] = hash + 1;
    this.#count++;
  }
}

function isIn(table: Float64Array, key: number): boolean {
  return table[slotOf(table, key)] === key;
}

/** The place of the key, or the free one where it would be. */
function slotOf(table: Float64Array, key: number): number {
  const mask = table.length - 1;
  // The lower 32 bits of a hash are as good as any.
  let slot = key & mask;
  for (let found = table[slot]; found !== 0 && found !== key; found = table[slot]) {
    slot = (slot + 1) & mask;
  }
  return slot;
}
