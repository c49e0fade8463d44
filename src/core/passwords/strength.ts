/**
 * The legs of an audit, likeliest candidates first, and how weak a password is that a leg guesses.
 * Pure.
 */

/** How soon an attacker who has the hash finds the password with public lists and rules. */
export const strengthClasses = [
  'no-password',
  'under-a-second',
  'under-a-minute',
  'by-rule',
] as const;
export type StrengthClass = (typeof strengthClasses)[number];

/** Where the candidates of a leg come from. */
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

/** One step of an audit. It is tried on all accounts before the next leg begins. */
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
  /** The first 1,000 passwords of the list. */
  top: { name: 'top', by: 'top-list', strength: 'under-a-second' },
  keyboard: { name: 'keyboard', by: 'keyboard', strength: 'under-a-minute' },
  season: { name: 'season', by: 'season', strength: 'under-a-minute' },
  /** The other rules of John's single mode, and the rest of the list. */
  'own-more': { name: 'own-more', by: 'single', strength: 'under-a-minute' },
  'top-more': { name: 'top-more', by: 'top-list', strength: 'under-a-minute' },
  leaked: { name: 'leaked', by: 'leaked-list', strength: 'by-rule' },
  rules: { name: 'rules', by: 'rules', strength: 'by-rule' },
};

const words: Readonly<Record<StrengthClass, string>> = {
  'no-password': 'login without a password',
  'under-a-second': 'guessed in under a second',
  'under-a-minute': 'guessed in under a minute',
  'by-rule': 'guessed by rule or from a leaked list',
};
const made: Readonly<Record<CandidateKind, string>> = {
  empty: 'it is empty',
  single: 'made from the name of the account',
  'top-list': 'one of the most common passwords',
  keyboard: 'a keyboard pattern',
  season: 'a season or month with a year',
  'leaked-list': 'on a list of leaked passwords',
  'leaked-range': 'known from leaks',
  rules: 'a variation of a common password',
};

/** `guessed in under a second (made from the name of the account)`. */
export function strengthText(strength: StrengthClass, by: CandidateKind): string {
  return `${words[strength]} (${made[by]})`;
}
