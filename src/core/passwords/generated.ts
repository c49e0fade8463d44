/**
 * Candidates that are generated, because no list has all of them: keyboard patterns; seasons,
 * months and other words with a year. Pure.
 *
 * Only the child process that writes them into a file loads this module, so that the candidates are
 * never in the memory of the process that reads results.
 */

const rows = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const german = ['qwertzuiop', 'yxcvbnm'];
const french = ['azertyuiop', 'qsdfghjklm', 'wxcvbn'];
const columns = [
  ...['1qaz', '2wsx', '3edc', '4rfv', '5tgb', '6yhn', '7ujm'],
  ...['qaz', 'wsx', 'edc', 'rfv', 'zaq1', 'xsw2', 'cde3', 'vfr4', '1q2w3e4r', '1q2w3e', 'q1w2e3r4'],
];
const ends = ['', '1', '12', '123', '1234', '!', '1!', '123!'];

/**
 * Rows of keys from both ends and their pieces, columns and pairs of columns, with usual endings.
 */
export function keyboardPatterns(): readonly string[] {
  const bases: string[] = [];
  for (const row of [...rows, ...german, ...french]) {
    for (let length = 4; length <= row.length; length++) {
      for (const from of [0, row.length - length]) {
        const piece = row.slice(from, from + length);
        bases.push(piece, [...piece].reverse().join(''));
      }
    }
  }
  for (const one of columns) {
    bases.push(one, one + one, one + [...one].reverse().join(''));
    for (const two of columns) if (two.length === one.length && two !== one) bases.push(one + two);
  }
  const words = bases.flatMap((base) => [base, capital(base)]);
  return unique(words.flatMap((word) => ends.map((end) => word + end))).filter(
    (word) => word.length >= 4,
  );
}

const seasons = {
  en: ['spring', 'summer', 'autumn', 'fall', 'winter', 'easter', 'christmas', 'holiday'],
  de: ['fruehling', 'frühling', 'sommer', 'herbst', 'ostern', 'weihnachten', 'urlaub'],
  fr: ['printemps', 'ete', 'été', 'automne', 'hiver', 'noel', 'noël'],
  es: ['primavera', 'verano', 'otoño', 'otono', 'invierno', 'navidad'],
  it: ['estate', 'autunno', 'inverno', 'natale'],
  nl: ['lente', 'zomer', 'herfst'],
} as const;
const months = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september'],
  ...['october', 'november', 'december', 'januar', 'februar', 'maerz', 'märz', 'mai', 'juni'],
  ...['juli', 'oktober', 'dezember', 'januari', 'februari', 'maart'],
];
const days = [
  ...['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
  ...['montag', 'dienstag', 'mittwoch', 'donnerstag', 'freitag', 'samstag', 'sonntag'],
];
const others = [
  'welcome',
  'willkommen',
  'password',
  'passwort',
  'hello',
  'hallo',
  'start',
  'login',
];
/** Years before this one; passwords are kept for years. The next year is tried too. */
const yearsBack = 8;
/** Years back with a sign between word and year: only newer passwords had to have a sign. */
const signsBack = 2;
const signs = ['@', '.', '-', '_', '#', '$', '*'];

/** `Winter2025`, `winter25`, `Winter2025!`, `Winter@2025` and similar, this year first. */
export function seasonsAndYears(year: number): readonly string[] {
  const words = [...Object.values(seasons).flat(), ...others, ...months, ...days];
  const forms = words.flatMap((word) => [capital(word), word]);
  const found: string[] = [];
  for (let back = 0; back <= yearsBack + 1; back++) {
    const one = back > yearsBack ? year + 1 : year - back;
    const long = String(one);
    const short = long.slice(2);
    for (const form of forms) {
      found.push(form + long, form + short, `${form}${long}!`, `${form}${short}!`);
      if (back <= signsBack) found.push(...signs.map((sign) => form + sign + long));
    }
  }
  const endings = ['1', '12', '123', '!', '1!', '123!'];
  return unique([...forms.flatMap((form) => endings.map((end) => form + end)), ...found]);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function unique(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
