/**
 * Accounts at hand: the pasts of those who sent lately are kept in memory, the others come from the ledger when they
 * are asked for. What changes is written through the journal.
 */
import type { People } from '../core/account/judge.ts';
import { decodeNorms, encodeNorms, newNorms, type ServerNorms } from '../core/account/norms.ts';
import { type AccountPast, decodePast, encodePast, newPast } from '../core/account/past.ts';
import type { BookChange } from '../core/account/record.ts';
import type { Account } from '../core/event.ts';
import type { Surroundings } from '../core/guard.ts';
import type { Policy } from '../core/policy.ts';
import type { Millis } from '../lib/brand.ts';
import type { Change } from '../ports.ts';
import type { Journal } from './journal.ts';
import type { LedgerReads } from './journal-reads.ts';

/** Accounts in memory: about 3 KB each with a book of usual size. */
const accountsMax = 20_000;
/** Recipients in the books of all accounts in memory: about 50 bytes each. */
const bookEntriesMax = 1_000_000;

const seedKey = 'seed';
const normsKey = 'norms';

export type Accounts = {
  readonly around: Surroundings;
  /** The account's past, made when it was never seen. */
  past(account: Account, at: Millis): AccountPast;
  /** The past of an account that was seen before. */
  known(account: Account): AccountPast | undefined;
  /** What is to be written of it. */
  change(account: Account, past: AccountPast, book: BookChange): Change;
  /** Writes it soon. */
  changed(account: Account, past: AccountPast, book: BookChange): void;
  /** Writes what is usual on this server. */
  saveNorms(): void;
};

/** `randomSeed`: used once in a ledger's life. */
export function openAccounts(journal: Journal, policy: Policy, randomSeed: number): Accounts {
  return new LiveAccounts(journal, policy, randomSeed);
}

class LiveAccounts implements Accounts {
  readonly around: Surroundings;
  readonly #journal: Journal;
  readonly #norms: ServerNorms;
  /** Least lately used first. */
  readonly #pasts = new Map<Account, AccountPast>();
  #bookEntries = 0;
  #normsDays = 0;

  constructor(journal: Journal, policy: Policy, randomSeed: number) {
    this.#journal = journal;
    const { live } = journal;
    const storedNorms = live.meta(normsKey);
    this.#norms = storedNorms === undefined ? newNorms() : decodeNorms(storedNorms);
    this.#normsDays = this.#norms.accountDays;
    this.around = { norms: this.#norms, people: people(journal, randomSeed), policy };
  }

  past(account: Account, at: Millis): AccountPast {
    return this.known(account) ?? this.#keep(account, newPast(at));
  }

  known(account: Account): AccountPast | undefined {
    const held = this.#pasts.get(account);
    if (held === undefined) return this.#load(account);
    this.#pasts.delete(account);
    this.#pasts.set(account, held);
    return held;
  }

  change(account: Account, past: AccountPast, { learned, forgotten }: BookChange): Change {
    this.#bookEntries += learned.length / 2 - forgotten.length;
    const { state } = past;
    return { kind: 'account', account, state, past: () => encodePast(past), learned, forgotten };
  }

  changed(account: Account, past: AccountPast, book: BookChange): void {
    this.#journal.add(this.change(account, past, book));
  }

  saveNorms(): void {
    if (this.#norms.accountDays === this.#normsDays) return;
    this.#normsDays = this.#norms.accountDays;
    this.#journal.add({ kind: 'meta', key: normsKey, value: encodeNorms(this.#norms) });
  }

  #load(account: Account): AccountPast | undefined {
    const stored = this.#journal.live.loadAccount(account);
    if (stored === undefined) return undefined;
    const book = new Map<number, number>();
    stored.recipients.forEach((hash, i) => {
      book.set(hash, stored.sinceMinutes[i] ?? 0);
    });
    return this.#keep(account, decodePast(stored.past, book));
  }

  #keep(account: Account, past: AccountPast): AccountPast {
    this.#pasts.set(account, past);
    this.#bookEntries += past.book.size;
    while (
      this.#pasts.size > 1 &&
      (this.#pasts.size > accountsMax || this.#bookEntries > bookEntriesMax)
    ) {
      const oldest = this.#pasts.entries().next();
      if (oldest.done === true) break;
      this.#pasts.delete(oldest.value[0]);
      this.#bookEntries -= oldest.value[1].book.size;
    }
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

/** The live reads that a part of the flow needs. */
export type Reads = LedgerReads;
