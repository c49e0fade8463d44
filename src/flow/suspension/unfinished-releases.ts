/**
 * What is still to be done of releases that are committed: opening the login, letting held mail go.
 * Kept in the ledger with the release itself until it is done, so that the next start finishes what
 * a crash or a failure cut off.
 */
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { ReleaseHow } from '../../ports/admin.ts';
import type { Change, HeldRow } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';

/** Key in the ledger's small values. */
const key = 'releases-unfinished';
/**
 * More than these wait only while the mail server fails for long: the oldest are then left to a
 * person.
 */
const restsMax = 1_000;

export type UnfinishedRelease = {
  readonly account: Account;
  readonly by: string;
  /**
   * Which held mail goes: none, what the suspension took from the queue, or all that was held by
   * then.
   */
  readonly mail: 'none' | 'queue' | 'all';
  readonly at: Millis;
};

export function unfinishedRelease(
  account: Account,
  how: ReleaseHow,
  at: Millis,
): UnfinishedRelease {
  const mail = how.falseAlarm ? 'all' : how.keepHeld ? 'none' : 'queue';
  return { account, by: how.by, mail, at };
}

/** Does this held message go with it? */
export function goesWith(rest: UnfinishedRelease, row: HeldRow): boolean {
  // The account may be honest, and the virus is one all the same.
  if (row.why === 'content' || row.why === 'rule') return false;
  return rest.mail === 'all' || (rest.mail === 'queue' && row.why === 'queue');
}

export class UnfinishedReleases {
  readonly #journal: Journal;
  readonly #rests = new Map<Account, UnfinishedRelease>();

  /** Throws nothing: a value that cannot be read leaves nothing to finish. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const rest of parsed(journal.live.meta(key))) this.#rests.set(rest.account, rest);
  }

  all(): readonly UnfinishedRelease[] {
    return [...this.#rests.values()];
  }

  /** Is this still the last word about its account? */
  has(rest: UnfinishedRelease): boolean {
    return this.#rests.get(rest.account) === rest;
  }

  /** To be committed with the release. */
  begun(rest: UnfinishedRelease): Change {
    this.#rests.delete(rest.account);
    this.#rests.set(rest.account, rest);
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > restsMax && oldest !== undefined) this.#rests.delete(oldest);
    return this.#change();
  }

  done(rest: UnfinishedRelease): void {
    if (!this.has(rest)) return;
    this.#rests.delete(rest.account);
    this.#journal.add(this.#change());
  }

  #change(): Change {
    return { kind: 'meta', key, value: JSON.stringify(this.all()) };
  }
}

function parsed(stored: string | undefined): readonly UnfinishedRelease[] {
  try {
    const value: unknown = JSON.parse(stored ?? '[]');
    return Array.isArray(value) ? value.filter(isRest) : [];
  } catch {
    return [];
  }
}

function isRest(value: unknown): value is UnfinishedRelease {
  if (typeof value !== 'object' || value === null) return false;
  const { account, by, mail, at } = value as Partial<Record<keyof UnfinishedRelease, unknown>>;
  const isMail = mail === 'none' || mail === 'queue' || mail === 'all';
  return typeof account === 'string' && typeof by === 'string' && typeof at === 'number' && isMail;
}
