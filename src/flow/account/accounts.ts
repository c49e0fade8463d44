/**
 * Accounts at hand: the pasts of those who sent lately are kept in memory, the others come from the
 * ledger when they are asked for. What changes is written through the journal.
 */

import {
  decodeBaseline,
  encodeBaseline,
  newBaseline,
  type ServerBaseline,
} from '../../core/account/baseline.ts';
import type { GuardContext } from '../../core/account/guard.ts';
import type { People } from '../../core/account/judge.ts';
import type { Policy } from '../../core/account/policy.ts';
import {
  type AccountProfile,
  decodeProfile,
  encodeProfile,
  newProfile,
} from '../../core/account/profile.ts';
import { RecipientBook } from '../../core/account/recipient-book.ts';
import type { BookChange } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';

/** What an account takes in memory, and each recipient in its book. */
const accountBytes = 4_000;
const bookEntryBytes = 12;
/**
 * Accounts asked for lately; those asked for a little earlier take as much again. Some 8,000 in
 * all.
 */
const recentBytesMax = 25_000_000;

const seedKey = 'seed';
const baselineKey = 'norms';

export type Accounts = {
  readonly around: GuardContext;
  /** The account's past, made when it was never seen. */
  past(account: Account, at: Millis): AccountProfile;
  /** The past of an account that was seen before. */
  known(account: Account): AccountProfile | undefined;
  /** What is to be written of it. */
  change(account: Account, past: AccountProfile, book: BookChange): Change;
  /** Writes it soon. */
  changed(account: Account, past: AccountProfile, book: BookChange): void;
  /** Writes what is usual on this server. */
  saveBaseline(): void;
};

/** `randomSeed`: used once in a ledger's life. */
export function openAccounts(journal: Journal, policy: Policy, randomSeed: number): Accounts {
  return new LiveAccounts(journal, policy, randomSeed);
}

class LiveAccounts implements Accounts {
  readonly around: GuardContext;
  readonly #journal: Journal;
  readonly #norms: ServerBaseline;
  readonly #pasts = new RecentMap<Account, AccountProfile>(
    recentBytesMax,
    ({ book }) => accountBytes + book.size * bookEntryBytes,
  );
  #baselineDays = 0;

  constructor(journal: Journal, policy: Policy, randomSeed: number) {
    this.#journal = journal;
    const { live } = journal;
    const storedNorms = live.meta(baselineKey);
    this.#norms = storedNorms === undefined ? newBaseline() : decodeBaseline(storedNorms);
    this.#baselineDays = this.#norms.accountDays;
    this.around = { norms: this.#norms, people: people(journal, randomSeed), policy };
  }

  past(account: Account, at: Millis): AccountProfile {
    return this.known(account) ?? this.#keep(account, newProfile(at));
  }

  known(account: Account): AccountProfile | undefined {
    return this.#pasts.get(account) ?? this.#load(account);
  }

  change(account: Account, past: AccountProfile, { learned, forgotten }: BookChange): Change {
    this.#pasts.grew((learned.length / 2 - forgotten.length) * bookEntryBytes);
    const { state } = past;
    return { kind: 'account', account, state, past: () => encodeProfile(past), learned, forgotten };
  }

  changed(account: Account, past: AccountProfile, book: BookChange): void {
    this.#journal.add(this.change(account, past, book));
  }

  saveBaseline(): void {
    if (this.#norms.accountDays === this.#baselineDays) return;
    this.#baselineDays = this.#norms.accountDays;
    this.#journal.add({ kind: 'meta', key: baselineKey, value: encodeBaseline(this.#norms) });
  }

  #load(account: Account): AccountProfile | undefined {
    const stored = this.#journal.live.loadAccount(account);
    if (stored === undefined) return undefined;
    const book = new RecipientBook(stored.recipients, stored.sinceMinutes);
    return this.#keep(account, decodeProfile(stored.past, book));
  }

  #keep(account: Account, past: AccountProfile): AccountProfile {
    this.#pasts.set(account, past);
    return past;
  }
}

function people(journal: Journal, randomSeed: number): People {
  const { live } = journal;
  const stored = live.meta(seedKey);
  if (stored === undefined) journal.add({ kind: 'meta', key: seedKey, value: String(randomSeed) });
  const seed = stored === undefined ? randomSeed : Number(stored);
  return { seed, knownHere: (recipient: number) => live.knownHere(recipient) };
}
