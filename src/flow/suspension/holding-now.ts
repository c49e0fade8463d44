/**
 * Messages that Postern is putting on hold right now. They are written down before they are moved:
 * what is found on hold later, without a row of a held message, is held by somebody else. Without
 * this note that would include what Postern moved in the moment in which it was killed.
 */
import type { Account } from '../../core/account-name.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';
import { storedList } from '../journal/stored-list.ts';

/** Key in the ledger's small values. */
const key = 'holding-now';
/** Accounts whose queue is swept at the same time. More are not noted. */
const accountsMax = 1_000;
/** Ids of one account. A sweep moves 200 at once, in each instance of the mail server. */
const idsMax = 50_000;

export class HoldingNow {
  readonly #journal: Journal;
  readonly #ids = new Map<Account, Set<string>>();

  /** Never throws: a stored value that cannot be read counts as nothing. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const [account, ids] of storedList(journal.live.meta(key), isEntry)) {
      this.#ids.set(account as Account, new Set(ids));
    }
  }

  /** Resolves when these are noted, or when the ledger cannot be written: holding goes first. */
  async begin(account: Account, queueIds: readonly string[]): Promise<void> {
    const ids = this.#ids.get(account) ?? new Set();
    if (!this.#ids.has(account) && this.#ids.size >= accountsMax) return;
    this.#ids.set(account, ids);
    for (const id of queueIds) if (ids.size < idsMax) ids.add(id);
    if (this.#journal.state().state === 'ok') await this.#journal.committed([this.#change()]);
    else this.#journal.add(this.#change());
  }

  /** Was Postern moving this message, in this run or in the last? */
  has(account: Account, queueId: string): boolean {
    return this.#ids.get(account)?.has(queueId) === true;
  }

  /** The rows of the held messages are in the journal: the note goes in the same order. */
  end(account: Account): void {
    if (this.#ids.delete(account)) this.#journal.add(this.#change());
  }

  #change(): Change {
    const all = [...this.#ids].map(([account, ids]) => [account, [...ids]]);
    return { kind: 'meta', key, value: JSON.stringify(all) };
  }
}

function isEntry(value: unknown): value is readonly [string, readonly string[]] {
  if (!Array.isArray(value)) return false;
  const [account, ids] = value as readonly unknown[];
  return (
    typeof account === 'string' &&
    Array.isArray(ids) &&
    ids.every((id): id is string => typeof id === 'string')
  );
}
