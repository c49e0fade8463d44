/**
 * Judges the authors of a message that a key of this server could sign: no key signs unless its
 * account may write as every author that some mail program may show. Pure.
 */
import type { AuthorPlace, AuthorsFinding, ForeignAuthor } from '../authors-finding.ts';
import type { Permission } from './permission.ts';

export type AskedAuthor = {
  /** An address key; `@domain`: some address of the domain. */
  readonly address: string;
  readonly place: AuthorPlace;
  /** A key of this server signs for it; if not, it may be of the organisation of one that does. */
  readonly isSignedHere: boolean;
};

/** Addresses that a finding keeps. */
const keptMax = 3;

export type AuthorRules = {
  /** Mail with a foreign author is to be held. */
  readonly holdsForeign: boolean;
  /** A program of this machine passes on mail that somebody else wrote. */
  readonly isPassedOn: boolean;
};

/** `answers`: what the account may, one for each of `asked`. */
export function judgeAuthors(
  asked: readonly AskedAuthor[],
  answers: readonly Permission[],
  { holdsForeign, isPassedOn }: AuthorRules,
): AuthorsFinding | undefined {
  const foreign: ForeignAuthor[] = [];
  let unsigned: 'foreign' | 'unknown' | 'passed-on' | undefined;
  let author = '';
  let holds = false;
  for (const [nth, { address, place, isSignedHere }] of asked.entries()) {
    // An answer that is missing allows nothing.
    const { isForAll = false, kind: said, source } = answers[nth] ?? unanswered;
    // A table that has some address of a domain says nothing about all of them.
    const kind = said === 'map' && address.startsWith('@') ? 'foreign' : said;
    if (isPassedOn && isForAll && place === 'from' && unsigned === undefined) {
      unsigned = 'passed-on';
      author = address;
    }
    if (kind !== 'foreign' && kind !== 'unknown') continue;
    if (isSignedHere && foreign.length < keptMax) foreign.push({ address, place, kind, source });
    if (place !== 'from') continue;
    holds ||= holdsForeign && isSignedHere;
    if (unsigned === 'foreign' || unsigned === kind) continue;
    unsigned = kind;
    author = address;
  }
  if (unsigned === undefined && foreign.length === 0) return undefined;
  return { unsigned, foreign, author, holds };
}

const unanswered: Permission = { kind: 'unknown', source: '' };

/**
 * The first address that the account certainly may not use. It is evidence that the sender is not
 * the owner of the account.
 */
export function foreignAddress(finding: AuthorsFinding | undefined): string | undefined {
  return finding?.foreign.find(({ kind }) => kind === 'foreign')?.address;
}
