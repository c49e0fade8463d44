/**
 * What is said of a password that somebody is about to set: good enough, or why not and what would
 * be. Pure.
 */

export type PasswordFacts = {
  /** zxcvbn's, 0 to 4; and its keys of warning and suggestions. */
  readonly score: number;
  readonly warning: string;
  readonly suggestions: readonly string[];
  /** How often leaks have it; undefined: nobody could be asked. */
  readonly leaks: number | undefined;
  /** On the operator's own lists. */
  readonly listed: boolean;
  readonly length: number;
};

export type PasswordVerdict = {
  readonly ok: boolean;
  readonly score: number;
  /** Why not; empty where it is good. */
  readonly why: string;
  readonly advice: readonly string[];
};

const warnings: Readonly<Record<string, string>> = {
  straightRow: 'a row of keys',
  keyPattern: 'a short pattern of keys',
  simpleRepeat: 'one character again and again',
  extendedRepeat: 'the same piece again and again',
  sequences: 'a sequence such as abc or 6543',
  recentYears: 'a recent year',
  dates: 'a date',
  topTen: 'one of the ten commonest passwords',
  topHundred: 'one of the hundred commonest passwords',
  common: 'a common password',
  similarToCommon: 'much like a common password',
  wordByItself: 'a single word',
  namesByThemselves: 'a single name',
  commonNames: 'a common name',
  userInputs: 'made of the account’s own name',
  pwned: 'known from leaks',
};
const suggestions: Readonly<Record<string, string>> = {
  l33t: 'do not count on @ for a and the like',
  reverseWords: 'do not count on words spelled backwards',
  allUppercase: 'not all letters in capitals',
  capitalization: 'not only the first letter a capital',
  dates: 'no dates that have to do with you',
  recentYears: 'no recent years',
  associatedYears: 'no years that have to do with you',
  sequences: 'no sequences',
  repeated: 'no repeated words or characters',
  longerKeyboardPattern: 'no patterns on the keyboard',
  anotherWord: 'one or two more words that nobody would expect',
  useWords: 'several words that do not belong together',
  noNeed: 'length matters more than signs, digits and capitals',
  pwned: 'change it wherever else you use it',
};

const leakText = (times: number): string => `known from leaks (${times} times)`;

export function passwordVerdict(facts: PasswordFacts, scoreMin: number): PasswordVerdict {
  const { score, leaks = 0, listed } = facts;
  const advice = facts.suggestions.flatMap((key) => suggestions[key] ?? []);
  const because = leaks > 0 ? leakText(leaks) : listed ? 'on a list of known passwords' : '';
  const ok = because === '' && score >= scoreMin;
  if (ok) return { ok, score, why: '', advice: [] };
  const weak = warnings[facts.warning] ?? (facts.length === 0 ? 'empty' : 'too easy to guess');
  const why = because === '' ? weak : because;
  return { ok, score, why, advice: advice.length > 0 ? advice : [suggestions['useWords'] ?? ''] };
}

/** One line for a person. */
export function verdictText({ ok, why, advice }: PasswordVerdict): string {
  if (ok) return 'good';
  return `weak: it is ${why}${advice.length > 0 ? `; better: ${advice.join(', ')}` : ''}`;
}
