/** The last messages of a replay, with their accounts. What became of them is told by their ids. */
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { assert } from '../../lib/assert.ts';
import { hash53 } from '../../lib/hash.ts';
import type { Millis } from '../../lib/time.ts';
import { HashTable } from './hash-table.ts';

/** Messages that are remembered; the oldest is forgotten for a new one. */
const messagesMax = 500_000;
const roomMin = 1024;

export class SentMessages {
  /** A row each; message n is in row n % messagesMax. */
  #hashes = new Float64Array(roomMin);
  #sentAt = new Float64Array(roomMin);
  #left = new Uint32Array(roomMin);
  readonly #accounts: Account[] = [];
  #count = 0;
  /** Rows by hash, of the first `#indexed` messages. A recording without deliveries needs none. */
  readonly #rows = new HashTable();
  #indexed = 0;

  add({ id, account, at, outside, local }: Submission): void {
    const row = this.#count++ % messagesMax;
    if (row === this.#hashes.length) this.#grow();
    if (this.#rows.size > 0 && this.#count > messagesMax) this.#forget(row);
    this.#hashes[row] = hash53(id, 0);
    this.#sentAt[row] = at;
    this.#left[row] = outside.length + local.length;
    this.#accounts[row] = account;
  }

  /** The row of the last message with this id; undefined if it is not remembered. */
  find(id: string): number | undefined {
    this.#indexed = Math.max(this.#indexed, this.#count - messagesMax);
    for (; this.#indexed < this.#count; this.#indexed++) {
      const row = this.#indexed % messagesMax;
      this.#rows.set(this.#hashes[row] ?? 0, row);
    }
    return this.#rows.get(hash53(id, 0));
  }

  about(row: number): { readonly account: Account; readonly sentAt: Millis } {
    const account = this.#accounts[row];
    assert(account !== undefined, 'the row is one that was found');
    return { account, sentAt: (this.#sentAt[row] ?? 0) as Millis };
  }

  /** How many of its recipients may still be reported. */
  left(row: number): number {
    return this.#left[row] ?? 0;
  }

  /** One of its recipients was reported. */
  told(row: number): void {
    this.#left[row] = this.left(row) - 1;
  }

  #forget(row: number): void {
    const hash = this.#hashes[row] ?? 0;
    if (this.#rows.get(hash) === row) this.#rows.delete(hash);
  }

  #grow(): void {
    const room = Math.min(2 * this.#hashes.length, messagesMax);
    const [hashes, sentAt, left] = [this.#hashes, this.#sentAt, this.#left];
    this.#hashes = new Float64Array(room);
    this.#hashes.set(hashes);
    this.#sentAt = new Float64Array(room);
    this.#sentAt.set(sentAt);
    this.#left = new Uint32Array(room);
    this.#left.set(left);
  }
}
