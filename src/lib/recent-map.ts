/**
 * A Map that forgets what was not asked for lately, without keeping order: entries live in a young
 * and an old generation. Whatever is asked for is young; when the young ones are too many they
 * become the old, and the old ones go.
 *
 * Why not a Map whose oldest key is deleted: in V8 a deleted key leaves a gap until the table is
 * made anew, and whoever looks for the oldest key walks over all gaps, each time. With a million
 * keys that is a hundred times slower.
 */
export class RecentMap<Key, Value> {
  readonly #generationMax: number;
  readonly #weigh: (value: Value) => number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  #youngWeight = 0;

  /**
   * Keeps the latest `generationMax` and at most twice that; `weigh` says how much an entry is: 1
   * unless said otherwise.
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

  /** An entry that was asked for just now weighs so much more than it did. */
  grew(by: number): void {
    this.#youngWeight += by;
  }
}
