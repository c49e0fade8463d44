/**
 * Remembers which account each probation key belongs to, in memory and in the ledger. A key is
 * given to an account once, and no other account ever gets it.
 */
import type { Account } from '../../core/account-name.ts';
import { type DkimKey, keyName } from '../../core/signing/key.ts';
import { type KeyHolder, usedEveryMs } from '../../core/signing/probation/plan.ts';
import type { Millis } from '../../lib/time.ts';
import type { Journal } from '../journal/journal.ts';

type NamedKey = Pick<DkimKey, 'domain' | 'selector'>;

export class KeyHolders {
  readonly #journal: Journal;
  /** By keyName. Only keys that are not gone: at most `keysMax` and those that retire. */
  readonly #byKey = new Map<string, KeyHolder>();
  /** The key that an account got last for a domain. */
  readonly #latest = new Map<string, KeyHolder>();

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const holder of journal.live.keyHolders()) this.#keep(holder);
  }

  get byKey(): ReadonlyMap<string, KeyHolder> {
    return this.#byKey;
  }

  /** The key that the account got last for this domain. */
  latest(account: Account, domain: string): KeyHolder | undefined {
    return this.#latest.get(placeOf(account, domain));
  }

  of(account: Account): readonly KeyHolder[] {
    return [...this.#byKey.values()].filter((holder) => holder.account === account);
  }

  /**
   * Gives the key to the account, from now on in memory. Resolves once that is written; false: it
   * was not, and the key is taken back.
   */
  async give(key: NamedKey, account: Account, now: Millis): Promise<boolean> {
    const { domain, selector } = key;
    const row: KeyHolder = { domain, selector, account, givenAt: now, usedAt: now };
    this.#keep(row);
    if (await this.#journal.committed([{ kind: 'key-holder', row }])) return true;
    this.forget(key);
    return false;
  }

  /** Notes that the key signs now. Written only from time to time. */
  used(holder: KeyHolder, now: Millis): void {
    if (Math.abs(now - holder.usedAt) < usedEveryMs) return;
    const row = { ...holder, usedAt: now };
    this.#keep(row);
    this.#journal.add({ kind: 'key-holder', row });
  }

  forget(key: NamedKey): void {
    const holder = this.#byKey.get(keyName(key));
    if (holder === undefined) return;
    this.#byKey.delete(keyName(key));
    const place = placeOf(holder.account, holder.domain);
    if (this.#latest.get(place)?.selector === holder.selector) this.#latest.delete(place);
  }

  #keep(holder: KeyHolder): void {
    this.#byKey.set(keyName(holder), holder);
    const place = placeOf(holder.account, holder.domain);
    const last = this.#latest.get(place);
    if (last === undefined || last.givenAt <= holder.givenAt) this.#latest.set(place, holder);
  }
}

function placeOf(account: Account, domain: string): string {
  return `${domain} ${account}`;
}
