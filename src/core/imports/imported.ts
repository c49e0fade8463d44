/**
 * Contacts that an operator imports for an account become known recipients. They are no strangers
 * any longer; nothing else is learned from them, neither networks nor peaks. Pure.
 */
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';

import type { AccountProfile } from '../account/profile.ts';
import type { BookChange } from '../account/record.ts';
import { lagDays } from '../account/signals.ts';

/** Most that all imports together may add to one account. */
export const importedMax = 20_000;

export type ImportedContacts = {
  /** Hashes that became known. */
  readonly added: readonly number[];
  readonly known: number;
  /** New ones beyond `importedMax`. */
  readonly cut: number;
  readonly book: BookChange;
};

/** Which of the addresses are new to the account. Changes nothing. */
export function newContacts(
  profile: Pick<AccountProfile, 'book'>,
  addresses: readonly string[],
  how: { readonly seed: number; readonly room: number; readonly at: Millis },
): ImportedContacts {
  const keys = addresses.map(addressKey).filter((key) => domainOf(key) !== '');
  const hashes = [...new Set(keys)].map((key) => hash53(key, how.seed));
  const fresh = hashes.filter((hash) => !profile.book.has(hash));
  const added = fresh.slice(0, Math.max(0, how.room));
  // Old enough to count as known at once.
  const minute = Math.floor((how.at - lagDays * dayMs) / minuteMs);
  return {
    added,
    known: hashes.length - fresh.length,
    cut: fresh.length - added.length,
    book: { learned: added.flatMap((hash) => [hash, minute]), forgotten: [] },
  };
}

/** Makes them known to the account. */
export function learnContacts(
  profile: AccountProfile,
  { book: { learned } }: ImportedContacts,
): void {
  for (let at = 0; at < learned.length; at += 2) {
    profile.book.add(learned[at] ?? 0, learned[at + 1] ?? 0);
  }
}

/**
 * Takes them back. A suspension may have forgotten some of them; a false alarm does not give these
 * back then.
 */
export function unlearnContacts(profile: AccountProfile, hashes: readonly number[]): BookChange {
  const gone = new Set(hashes);
  const forgotten = profile.book.forgetAll(gone);
  const kept = profile.forgotten?.book ?? [];
  if (profile.forgotten !== undefined && kept.some((hash, at) => at % 2 === 0 && gone.has(hash))) {
    const pairs = kept.filter((_, at) => !gone.has(kept[at - (at % 2)] ?? 0));
    profile.forgotten = { ...profile.forgotten, book: pairs };
  }
  return { learned: [], forgotten };
}
