/**
 * A serial queue: work with the same key runs one at a time, in the order in which it came. Work
 * with different keys does not wait for each other, and work that fails does not stop the next.
 */
export class SerialQueue<Key> {
  readonly #workMax: number;
  /** When the last work of each key ends. A key without work takes no memory. */
  readonly #ends = new Map<Key, Promise<void>>();
  #work = 0;

  /** `workMax`: how much work of all keys may run or wait; more is refused. */
  constructor(workMax: number) {
    this.#workMax = workMax;
  }

  /** Keys with work that runs or waits. */
  get keys(): number {
    return this.#ends.size;
  }

  /** Runs the work after all that came before it. Rejects if it fails or if the queue is full. */
  run<Value>(key: Key, work: () => Promise<Value>): Promise<Value> {
    if (this.#work >= this.#workMax) {
      return Promise.reject(new Error(`more than ${this.#workMax} things wait for their turn`));
    }
    this.#work++;
    const result = (this.#ends.get(key) ?? Promise.resolve()).then(work);
    const free = (): void => {
      this.#work--;
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    };
    const end = result.then(free, free);
    this.#ends.set(key, end);
    return result;
  }

  /** Resolves when all work that has come so far has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#ends.values());
  }
}
