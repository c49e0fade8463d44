/**
 * Keeps the profiles of accounts that sent lately in memory. Other profiles come from the ledger on
 * demand. Changes are written through the journal.
 */

import {
  baselineKey,
  decodeBaseline,
  encodeBaseline,
  newBaseline,
  type ServerBaseline,
} from '../../core/account/baseline.ts';
import type { People } from '../../core/account/count-recipients.ts';
import type { GuardContext } from '../../core/account/guard.ts';
import type { Policy } from '../../core/account/policy.ts';
import {
  type AccountProfile,
  decodeProfile,
  encodeProfile,
  newProfile,
} from '../../core/account/profile.ts';
import type { BookChange } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import type { Brake } from '../../core/brake/brake.ts';
import { RecipientBook } from '../../core/correspondents/recipient-book.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';

/** Memory of an account, and of each recipient in its book. */
const accountBytes = 4_000;
const bookEntryBytes = 12;
/** Memory for the newest accounts; slightly older ones take the same again. Some 8,000 in all. */
const recentBytesMax = 25_000_000;

const seedKey = 'seed';

export type Accounts = {
  readonly context: GuardContext;
  /** The account's profile; a new one for an account that was never seen. */
  profile(account: Account, at: Millis): AccountProfile;
  /** The profile of an account that was seen before; undefined for others. */
  known(account: Account): AccountProfile | undefined;
  /** The change to write for the account. */
  change(account: Account, profile: AccountProfile, book: BookChange): Change;
  /** Writes it soon. */
  changed(account: Account, profile: AccountProfile, book: BookChange): void;
  /** Removes entries from the books in memory; the ledger's are removed there. */
  forget(hashes: readonly number[]): void;
  /** Removes the account from memory; the ledger's is removed there. */
  drop(account: Account): void;
  /** Writes the server's baseline. */
  saveBaseline(): void;
};

/** What is known of people besides the ledger's books. */
type MorePeople = Omit<People, 'seed' | 'knownHere'>;

/** `randomSeed` becomes the ledger's seed if it has none yet. */
export function openAccounts(
  journal: Journal,
  policy: Policy,
  randomSeed: number,
  more: { readonly people?: MorePeople; readonly brake?: Brake } = {},
): Accounts {
  const known = { ...people(journal, randomSeed), ...more.people };
  return new LiveAccounts(journal, policy, known, more.brake);
}

class LiveAccounts implements Accounts {
  readonly context: GuardContext;
  readonly #journal: Journal;
  readonly #baseline: ServerBaseline;
  readonly #profiles = new RecentMap<Account, AccountProfile>(
    recentBytesMax,
    ({ book }) => accountBytes + book.size * bookEntryBytes,
  );
  #baselineDays = 0;

  constructor(journal: Journal, policy: Policy, people: People, brake: Brake | undefined) {
    this.#journal = journal;
    const { live } = journal;
    const stored = live.meta(baselineKey);
    this.#baseline = stored === undefined ? newBaseline() : decodeBaseline(stored);
    this.#baselineDays = this.#baseline.accountDays;
    this.context = { baseline: this.#baseline, people, policy, ...(brake && { brake }) };
  }

  profile(account: Account, at: Millis): AccountProfile {
    return this.known(account) ?? this.#keep(account, newProfile(at));
  }

  known(account: Account): AccountProfile | undefined {
    return this.#profiles.get(account) ?? this.#load(account);
  }

  change(account: Account, profile: AccountProfile, { learned, forgotten }: BookChange): Change {
    this.#profiles.grew((learned.length / 2 - forgotten.length) * bookEntryBytes);
    const { state } = profile;
    return {
      kind: 'account',
      account,
      state,
      profile: () => encodeProfile(profile),
      learned,
      forgotten,
    };
  }

  changed(account: Account, profile: AccountProfile, book: BookChange): void {
    this.#journal.add(this.change(account, profile, book));
  }

  forget(hashes: readonly number[]): void {
    for (const [, { book }] of this.#profiles.entries()) {
      for (const hash of hashes) book.forget(hash);
    }
  }

  drop(account: Account): void {
    this.#profiles.delete(account);
  }

  saveBaseline(): void {
    if (this.#baseline.accountDays === this.#baselineDays) return;
    this.#baselineDays = this.#baseline.accountDays;
    this.#journal.add({ kind: 'meta', key: baselineKey, value: encodeBaseline(this.#baseline) });
  }

  #load(account: Account): AccountProfile | undefined {
    const stored = this.#journal.live.loadAccount(account);
    if (stored === undefined) return undefined;
    const book = new RecipientBook(stored.recipients, stored.sinceMinutes);
    return this.#keep(account, decodeProfile(stored.profile, book));
  }

  #keep(account: Account, profile: AccountProfile): AccountProfile {
    this.#profiles.set(account, profile);
    return profile;
  }
}

function people(journal: Journal, randomSeed: number): Pick<People, 'seed' | 'knownHere'> {
  const { live } = journal;
  const stored = live.meta(seedKey);
  if (stored === undefined) journal.add({ kind: 'meta', key: seedKey, value: String(randomSeed) });
  const seed = stored === undefined ? randomSeed : Number(stored);
  return { seed, knownHere: (recipient: number) => live.knownHere(recipient) };
}
