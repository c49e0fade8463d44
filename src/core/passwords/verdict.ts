/**
 * The verdict on a new password: good enough, or why not and what would be better. Pure.
 */

export type PasswordFacts = {
  /** From zxcvbn: a score from 0 to 4, and the keys of its warning and suggestions. */
  readonly score: number;
  readonly warning: string;
  readonly suggestions: readonly string[];
  /** How many times leaks contain it; undefined if no list or service could be asked. */
  readonly leaks: number | undefined;
  /** True if the password is on a list of the operator. */
  readonly listed: boolean;
  readonly length: number;
};

export type PasswordVerdict = {
  readonly ok: boolean;
  readonly score: number;
  /** Why it is weak; empty for a good password. */
  readonly why: string;
  readonly advice: readonly string[];
};

const warnings: Readonly<Record<string, string>> = {
  straightRow: 'a row of keys',
  keyPattern: 'a short pattern of keys',
  simpleRepeat: 'one character again and again',
  extendedRepeat: 'the same part again and again',
  sequences: 'a sequence such as abc or 6543',
  recentYears: 'a recent year',
  dates: 'a date',
  topTen: 'one of the 10 most common passwords',
  topHundred: 'one of the 100 most common passwords',
  common: 'a common password',
  similarToCommon: 'similar to a common password',
  wordByItself: 'a single word',
  namesByThemselves: 'a single name',
  commonNames: 'a common name',
  userInputs: 'made from the name of the account',
  pwned: 'known from leaks',
};
const suggestions: Readonly<Record<string, string>> = {
  l33t: 'do not rely on @ instead of a and similar changes',
  reverseWords: 'do not rely on words spelled backwards',
  allUppercase: 'not all in capitals',
  capitalization: 'more than only the first character a capital',
  dates: 'no dates connected with you',
  recentYears: 'no recent years',
  associatedYears: 'no years connected with you',
  sequences: 'no sequences',
  repeated: 'no repeated words or characters',
  longerKeyboardPattern: 'no keyboard patterns',
  anotherWord: 'one or two more unexpected words',
  useWords: 'several words that do not belong together',
  noNeed: 'length matters more than signs, digits and capitals',
  pwned: 'change it everywhere you use it',
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

/** The verdict as one line. */
export function verdictText({ ok, why, advice }: PasswordVerdict): string {
  if (ok) return 'good';
  return `weak: it is ${why}${advice.length > 0 ? `; better: ${advice.join(', ')}` : ''}`;
}
