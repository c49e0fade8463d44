/**
 * What is known about senders, in memory: a table of hashes in typed arrays, about 18 bytes a
 * place. Entries live in a young and an old generation; what is used becomes young. When the young
 * generation is full it becomes the old one, and the old one is forgotten.
 */
import { hash53 } from '../../../lib/hash.ts';
import { type Millis, secondMs } from '../../../lib/time.ts';
import { type InboundKnowledge, type Known, type KnownKind, knownTimesMax } from './knowledge.ts';

export type KnowledgeTable = InboundKnowledge & { readonly size: number };

/** Keeps at least the latest `entriesMax` entries and at most twice as many. */
export function openKnowledgeTable(entriesMax: number, seed: number): KnowledgeTable {
  let young = new Generation();
  let old = new Generation();
  const keyOf = (kind: KnownKind, name: string): number => hash53(`${kind} ${name}`, seed);
  const makeRoom = (): void => {
    if (young.size < entriesMax) return;
    old = young;
    young = new Generation();
  };
  const find = (key: number): Known | undefined => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const before = old.get(key);
    if (before !== undefined) {
      makeRoom();
      young.put(key, before);
    }
    return before;
  };
  return {
    get size() {
      return young.size + old.size;
    },
    find: (kind, name) => find(keyOf(kind, name)),
    see(kind, name, at) {
      const key = keyOf(kind, name);
      const before = find(key);
      if (before === undefined) makeRoom();
      const times = Math.min((before?.times ?? 0) + 1, knownTimesMax);
      young.put(key, { firstAt: before?.firstAt ?? at, lastAt: at, times });
    },
    forget(kind, name) {
      const key = keyOf(kind, name);
      young.remove(key);
      old.remove(key);
    },
  };
}

const firstPlaces = 1_024;
/** Full at this share of its places; then it grows. */
const fullAt = 0.7;

/** Open addressing. A place without a key has 0 times and key 0; a removed one keeps its key. */
class Generation {
  #keys = new Float64Array(firstPlaces);
  #firstAt = new Uint32Array(firstPlaces);
  #lastAt = new Uint32Array(firstPlaces);
  #times = new Uint16Array(firstPlaces);
  #taken = 0;

  get size(): number {
    return this.#taken;
  }

  get(key: number): Known | undefined {
    const place = this.#placeOf(key);
    const times = this.#times[place] ?? 0;
    if (times === 0) return undefined;
    return {
      firstAt: ((this.#firstAt[place] ?? 0) * secondMs) as Millis,
      lastAt: ((this.#lastAt[place] ?? 0) * secondMs) as Millis,
      times,
    };
  }

  put(key: number, { firstAt, lastAt, times }: Known): void {
    let place = this.#placeOf(key);
    if (this.#keys[place] === 0) {
      if (this.#taken >= this.#keys.length * fullAt) {
        this.#grow();
        place = this.#placeOf(key);
      }
      this.#taken++;
      this.#keys[place] = key || 1;
    }
    this.#firstAt[place] = Math.floor(firstAt / secondMs);
    this.#lastAt[place] = Math.floor(lastAt / secondMs);
    this.#times[place] = times;
  }

  remove(key: number): void {
    this.#times[this.#placeOf(key)] = 0;
  }

  /** Where the key is, or the free place for it. */
  #placeOf(hash: number): number {
    const key = hash || 1;
    const keys = this.#keys;
    const mask = keys.length - 1;
    let place = (hash % 0x1_0000_0000) & mask;
    while (keys[place] !== 0 && keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, firstAt, lastAt, times] = [this.#keys, this.#firstAt, this.#lastAt, this.#times];
    const places = keys.length * 2;
    this.#keys = new Float64Array(places);
    this.#firstAt = new Uint32Array(places);
    this.#lastAt = new Uint32Array(places);
    this.#times = new Uint16Array(places);
    this.#taken = 0;
    for (const [from, key] of keys.entries()) {
      if (key === 0 || times[from] === 0) continue;
      const place = this.#placeOf(key);
      this.#keys[place] = key;
      this.#firstAt[place] = firstAt[from] ?? 0;
      this.#lastAt[place] = lastAt[from] ?? 0;
      this.#times[place] = times[from] ?? 0;
      this.#taken++;
    }
  }
}
