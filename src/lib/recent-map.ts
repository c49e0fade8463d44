/**
 * A Map that forgets entries that were not used recently. Entries live in a young and an old
 * generation. Using an entry makes it young; when there are too many young entries, they become the
 * old generation, and the old ones are dropped.
 *
 * Deleting the oldest key of a plain Map would be slower: in V8 a deleted key leaves a gap until
 * the table is rebuilt, and each search for the oldest key walks over all gaps. With a million keys
 * that is a hundred times slower.
 */
export class RecentMap<Key, Value> {
  readonly #generationMax: number;
  readonly #weigh: (value: Value) => number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  #youngWeight = 0;

  /**
   * Keeps at least the latest `generationMax` entries and at most twice as many. `weigh` gives the
   * weight of an entry, by default 1.
   */
  constructor(generationMax: number, weigh: (value: Value) => number = () => 1) {
    this.#generationMax = generationMax;
    this.#weigh = weigh;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** A key that is set twice weighs twice. */
  set(key: Key, value: Value): void {
    if (this.#youngWeight >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, value);
    this.#youngWeight += this.#weigh(value);
  }

  /** Only for single keys: see above. Its weight stays until the generation is over. */
  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** All entries, the old ones first. Uses none of them. */
  *entries(): Generator<readonly [Key, Value]> {
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
    yield* this.#young;
  }

  /** Adds to the weight of an entry that was just used. */
  grew(by: number): void {
    this.#youngWeight += by;
  }
}
