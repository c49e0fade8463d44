/**
 * What is done about one account outside this process is done in turn; different accounts do not
 * wait for each other.
 */
import type { Account } from '../../core/account-name.ts';
import type { Timers } from '../journal/journal.ts';

export class AccountTurns {
  /** The last thing that is being done about an account. */
  readonly #turns = new Map<Account, Promise<unknown>>();

  /** After what is under way about this account. */
  take<Value>(account: Account, work: () => Promise<Value>): Promise<Value> {
    const mine = (this.#turns.get(account) ?? Promise.resolve()).then(work);
    const ended = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(account) === ended) this.#turns.delete(account);
      });
    this.#turns.set(account, ended);
    return mine;
  }

  /** Waits for all that is under way, but no longer than this. */
  async ended(timers: Timers, ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const stop = timers.every(ms, () => late.resolve());
    await Promise.race([Promise.all(this.#turns.values()), late.promise]);
    stop();
  }
}
