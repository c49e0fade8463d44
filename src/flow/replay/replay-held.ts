/**
 * What is held of each account in a replay. A `clear` decides about it all; with
 * `--operator-clears` that happens this long after the first message was held.
 */
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { type HeldSum, nothingHeld } from '../../core/verdict.ts';
import type { Millis } from '../../lib/time.ts';

type Held = HeldSum & { readonly since: Millis; readonly ids: string[] };

/** Ids that are told when they leave; of more held messages only the number is known. */
const idsMax = 100_000;

export class ReplayHeld {
  readonly #decidedMs: number;
  readonly #accounts = new Map<Account, Held>();
  #ids = 0;
  #left: string[] = [];

  constructor(operatorClearsMs: number | undefined) {
    this.#decidedMs = operatorClearsMs ?? Number.POSITIVE_INFINITY;
  }

  of(account: Account, at: Millis): HeldSum {
    const held = this.#accounts.get(account);
    if (held === undefined) return nothingHeld;
    if (at - held.since < this.#decidedMs) return held;
    this.decided(account);
    return nothingHeld;
  }

  add({ account, at, id, sizeBytes = 0 }: Submission): void {
    const { messages, bytes } = this.of(account, at);
    const ids: string[] = this.#accounts.get(account)?.ids ?? [];
    const since = this.#accounts.get(account)?.since ?? at;
    if (this.#ids < idsMax) {
      ids.push(id);
      this.#ids++;
    }
    this.#accounts.set(account, { messages: messages + 1, bytes: bytes + sizeBytes, since, ids });
  }

  /** An operator has decided that the account's mail is honest: it leaves. */
  decided(account: Account): void {
    const ids = this.#accounts.get(account)?.ids ?? [];
    this.#ids -= ids.length;
    this.#left.push(...ids);
    this.#accounts.delete(account);
  }

  /** What has left since the last call. */
  takeLeft(): readonly string[] {
    if (this.#left.length === 0) return this.#left;
    const left = this.#left;
    this.#left = [];
    return left;
  }
}
