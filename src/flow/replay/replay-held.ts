/**
 * What is held of each account in a replay. A `clear` decides about it all; with
 * `--operator-clears` that happens this long after the first message was held.
 */
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { type HeldSum, nothingHeld } from '../../core/verdict.ts';
import type { Millis } from '../../lib/time.ts';

export class ReplayHeld {
  readonly #decidedMs: number;
  readonly #accounts = new Map<Account, HeldSum & { readonly since: Millis }>();

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

  add({ account, at, sizeBytes = 0 }: Submission): void {
    const { messages, bytes } = this.of(account, at);
    const since = this.#accounts.get(account)?.since ?? at;
    this.#accounts.set(account, { messages: messages + 1, bytes: bytes + sizeBytes, since });
  }

  decided(account: Account): void {
    this.#accounts.delete(account);
  }
}
