/**
 * Releases that are committed but not finished: the login is still closed or held mail is still
 * held. The ledger keeps them together with the release, so that the next start finishes what a
 * crash or a failure cut off.
 */
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { ReleaseHow } from '../../ports/admin.ts';
import type { Change, HeldRow } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';
import { storedList } from '../journal/stored-list.ts';

/** Key in the ledger's small values. */
const key = 'releases-unfinished';
/**
 * More than these wait only while the mail server fails for long. The oldest are then left to the
 * operator.
 */
const releasesMax = 1_000;

export type UnfinishedRelease = {
  readonly account: Account;
  readonly by: string;
  /**
   * Which held mail goes back: none, what the suspension took from the queue, or all that was held
   * at that time.
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

/** Does this held message go back with the release? */
export function goesWith(release: UnfinishedRelease, row: HeldRow): boolean {
  // The account may be honest, and the virus is still a virus.
  if (row.why !== 'verdict' && row.why !== 'queue') return false;
  return release.mail === 'all' || (release.mail === 'queue' && row.why === 'queue');
}

export class UnfinishedReleases {
  readonly #journal: Journal;
  readonly #releases = new Map<Account, UnfinishedRelease>();

  /** Never throws: a stored value that cannot be read counts as no unfinished release. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const release of storedList(journal.live.meta(key), isUnfinishedRelease)) {
      this.#releases.set(release.account, release);
    }
  }

  all(): readonly UnfinishedRelease[] {
    return [...this.#releases.values()];
  }

  /** Is this still the latest release of its account? */
  has(release: UnfinishedRelease): boolean {
    return this.#releases.get(release.account) === release;
  }

  /** Remembers a release. The change is to be committed together with it. */
  add(release: UnfinishedRelease): Change {
    this.#releases.delete(release.account);
    this.#releases.set(release.account, release);
    const [oldest] = this.#releases.keys();
    if (this.#releases.size > releasesMax && oldest !== undefined) this.#releases.delete(oldest);
    return this.#change();
  }

  done(release: UnfinishedRelease): void {
    if (!this.has(release)) return;
    this.#releases.delete(release.account);
    this.#journal.add(this.#change());
  }

  #change(): Change {
    return { kind: 'meta', key, value: JSON.stringify(this.all()) };
  }
}

function isUnfinishedRelease(value: unknown): value is UnfinishedRelease {
  if (typeof value !== 'object' || value === null) return false;
  const { account, by, mail, at } = value as Partial<Record<keyof UnfinishedRelease, unknown>>;
  const isMail = mail === 'none' || mail === 'queue' || mail === 'all';
  return typeof account === 'string' && typeof by === 'string' && typeof at === 'number' && isMail;
}
