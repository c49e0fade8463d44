/**
 * The order in which passwords are tried, likeliest first, and what it says of a password that it
 * was found so. Pure.
 */

/** How soon somebody who has the hash finds it, with the lists and rules that everybody has. */
export const strengthClasses = [
  'no-password',
  'under-a-second',
  'under-a-minute',
  'by-rule',
] as const;
export type StrengthClass = (typeof strengthClasses)[number];

/** What the candidates are made of. */
export const candidateKinds = [
  'empty',
  'single',
  'top-list',
  'keyboard',
  'season',
  'leaked-list',
  'leaked-range',
  'rules',
] as const;
export type CandidateKind = (typeof candidateKinds)[number];

/**
 * One leg of the way: each account goes through all of them, and all accounts through one before
 * the next begins.
 */
export type Leg = {
  readonly name: LegName;
  readonly by: CandidateKind;
  readonly strength: StrengthClass;
};

const legNames = [
  'own',
  'top',
  'keyboard',
  'season',
  'own-more',
  'top-more',
  'leaked',
  'rules',
] as const;
export type LegName = (typeof legNames)[number];

export const legs: Readonly<Record<LegName, Leg>> = {
  /** The account's own words, by the first and likeliest of John's single-mode rules. */
  own: { name: 'own', by: 'single', strength: 'under-a-second' },
  /** The first thousand of the list. */
  top: { name: 'top', by: 'top-list', strength: 'under-a-second' },
  keyboard: { name: 'keyboard', by: 'keyboard', strength: 'under-a-minute' },
  season: { name: 'season', by: 'season', strength: 'under-a-minute' },
  /** The rest of John's single-mode rules, and of the list. */
  'own-more': { name: 'own-more', by: 'single', strength: 'under-a-minute' },
  'top-more': { name: 'top-more', by: 'top-list', strength: 'under-a-minute' },
  leaked: { name: 'leaked', by: 'leaked-list', strength: 'by-rule' },
  rules: { name: 'rules', by: 'rules', strength: 'by-rule' },
};

const words: Readonly<Record<StrengthClass, string>> = {
  'no-password': 'no password is asked for',
  'under-a-second': 'guessed in under a second',
  'under-a-minute': 'guessed in under a minute',
  'by-rule': 'guessed by rule or from a leaked list',
};
const made: Readonly<Record<CandidateKind, string>> = {
  empty: 'it is empty',
  single: 'made of its own name',
  'top-list': 'one of the commonest',
  keyboard: 'a walk over the keyboard',
  season: 'a season or month with a year',
  'leaked-list': 'on a list of leaked passwords',
  'leaked-range': 'known from leaks',
  rules: 'a common one, varied',
};

/** `guessed in under a second (made of its own name)`. */
export function strengthText(strength: StrengthClass, by: CandidateKind): string {
  return `${words[strength]} (${made[by]})`;
}
