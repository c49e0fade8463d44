/**
 * Reads SPF records with plain slips as they were meant: blanks at wrong places, commas, characters
 * of word processors, strings joined without a blank. Each slip is named. What can mean several
 * things is left unread and named. Pure, linear in the length of the record.
 */
import { peerText } from '../../lib/peer-text.ts';
import { shown } from './published.ts';
import { parseSpf, printSpfTerm, type SpfRecord, type SpfTerm } from './record.ts';
import { networkTerm } from './slip-argument.ts';
import { beginsTerm, readWord, type WordReading } from './slip-term.ts';

export type LenientSpf = {
  /** More than one if several records were put into one. */
  readonly records: readonly SpfRecord[];
  /** A clause for each slip. */
  readonly slips: readonly string[];
  /** A clause for each word that was not read. It may be a sender. */
  readonly unread: readonly string[];
  /** The terms of a record that has slips, because each of them can have another slip. */
  readonly corrected: ReadonlySet<SpfTerm>;
  /**
   * Terms across the boundary of two strings that may also be two terms: `a:example.co` and `mx`.
   */
  readonly doubtful: ReadonlySet<SpfTerm>;
};

/** Sensible records have fewer words; the rest is not read. */
const wordsMax = 500;
/** A name has 253 octets, and a few macros come to less than this. */
const wordLengthMax = 1_024;
/** Where two strings of the TXT record meet. */
const seam = '\ue000';
/** Where a quotation mark was. */
const mark = '\ue001';
const marks = /[\ue000\ue001]/g;

const characters: readonly (readonly [string, RegExp, string | ((found: string) => string)])[] = [
  ['it has backslashes', /\\0(?:09|10|13|32|34|59)/g, (found) => octet(Number(found.slice(1)))],
  ['it has backslashes', /\\(?=[;"',: \\])/g, ''],
  ['it has codes of web pages', /&nbsp;|&#160;|(?<![:=])%20(?=[-+~?a-z])/gi, ' '],
  ['it has codes of web pages', /&quot;|&#34;/g, '"'],
  ['it has characters that cannot be seen', /[\u00ad\u200b-\u200f\u2060\ufeff]/g, ''],
  [
    'it has tabs or other characters instead of blanks',
    /[\t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g,
    ' ',
  ],
  ['it has quotation marks', /["\u201c-\u201f\u00ab\u00bb\u2033\uff02]/g, mark],
  [
    'it has quotation marks',
    /(?<=[ \ue000\ue001:=])['`\u2018\u2019\u2032]|['`\u2018\u2019\u2032](?=[ \ue000\ue001]|$)/g,
    mark,
  ],
  ['it has another dash than “-”', /[\u0096\u0097\u2010-\u2015\u2212\ufe58\ufe63]/g, '-'],
  ['it has another sign than “~”', /[\u0098\u02dc\u223c]/g, '~'],
  [
    'it has wide characters',
    /[\uff01-\uff5e]/g,
    (found) => String.fromCharCode(found.charCodeAt(0) - 0xfee0),
  ],
  ['it has wide characters', /\u3002/g, '.'],
];

const octet = (code: number): string => String.fromCharCode(code);

/**
 * `strings` of one TXT record, one octet a character. `apart`: doubtful strings are read as if a
 * blank were between them.
 */
export function readLenientSpf(strings: readonly string[], apart = false): LenientSpf {
  const slips = new Set<string>();
  const whole = decoded(strings).join(seam);
  const isAsPublished = isFineText(strings.join(''));
  const text = isAsPublished ? whole : asMeant(whole, slips);
  const words = text
    .split(' ')
    .flatMap((word) => word.replace(/^[\ue000\ue001]+|[\ue000\ue001]+$/g, '') || []);
  const doubtful = new Set<string>();
  const divided = words
    .filter((word) => word !== '')
    .flatMap((word) => {
      if (word.length > wordLengthMax) return [word.replace(marks, '')];
      return withoutSeams(word, seam, { apart, slips, doubtful })
        .flatMap((one) => withoutSeams(one, mark, { apart, slips, doubtful }))
        .flatMap((one) => withoutCommas(one, slips));
    });
  return readTerms(rejoined(divided, slips), { slips, doubtful, isAsPublished });
}

/** Octets as UTF-8 or Latin-1. A character may be cut by the end of a string. */
function decoded(strings: readonly string[]): readonly string[] {
  const whole: string[] = [];
  for (const one of strings) {
    const before = whole.pop();
    const rest = before === undefined ? '' : (/^[\x80-\xbf]*/.exec(one)?.[0] ?? '');
    if (before !== undefined) whole.push(before + rest);
    whole.push(one.slice(rest.length));
  }
  return whole.map((one) => peerText(Buffer.from(one, 'latin1')).replace(marks, '?'));
}

const isFine = (word: string): boolean => {
  const read = readWord(word);
  return read.kind === 'terms' && read.why === undefined;
};

function isFineText(text: string): boolean {
  return (
    parseSpf(text).ok &&
    text
      .split(' ')
      .slice(1)
      .every((word) => word === '' || isFine(word))
  );
}

/** Replaces the characters that some editors and DNS panels put in. */
function asMeant(whole: string, slips: Set<string>): string {
  let text = whole;
  for (const [slip, odd, instead] of characters) {
    const next = text.replace(odd, (found) =>
      typeof instead === 'string' ? instead : instead(found),
    );
    if (next !== text) slips.add(slip);
    text = next;
  }
  return text;
}

/** Joins what stands around a seam or mark, or takes it apart if these are two terms. */
function withoutSeams(
  word: string,
  at: typeof seam | typeof mark,
  given: { readonly apart: boolean; readonly slips: Set<string>; readonly doubtful: Set<string> },
): readonly string[] {
  if (!word.includes(at)) return [word];
  const words: string[] = [];
  let left = '';
  for (const right of word.split(at)) {
    const both = left + right;
    const isWhole =
      isVersion(left) || /[\w-][:=]$/.test(left) || (isReadable(left) && !/[-+~?]$/.test(left));
    // The left part may be the rest of a term with a slip of its own.
    const isRest = /[.:]/.test(left) && /^(?:include|exists|ip[46]|a|mx)(?::|$)/i.test(right);
    const isTwo = beginsTerm(right) && (isWhole || (isRest && !isFine(both)));
    // One name may be cut by the end of a string, but not by a quotation mark.
    const isDoubtful = isTwo && at === seam && isFine(both) && !/[:=]/.test(right);
    if (isDoubtful && !given.apart) given.doubtful.add(both);
    if (isTwo && (given.apart || !isDoubtful)) {
      given.slips.add(`a blank is missing between “${shown(left)}” and “${shown(right)}”`);
      words.push(left);
      left = right;
    } else left = both;
  }
  return [...words, left];
}

const isVersion = (word: string): boolean => /^v=?spf1$/i.test(word);
const isReadable = (word: string): boolean => readWord(word).kind === 'terms';

/** Splits at commas and semicolons, but not in macros. */
function withoutCommas(word: string, slips: Set<string>): readonly string[] {
  if (isFine(word) || !/[,;|]/.test(word)) return [word];
  const parts = word.match(/(?:%\{[^}]{0,60}\}|[^,;|])+/g) ?? [];
  if (parts[0] !== word) slips.add('it has commas or semicolons');
  return parts;
}

/** Puts together what a blank has taken apart. */
function rejoined(words: readonly string[], slips: Set<string>): readonly string[] {
  const out: string[] = [];
  for (const word of words) {
    const before = out.at(-1);
    const glue = before === undefined ? undefined : glueOf(before, word);
    if (before === undefined || glue === undefined) {
      out.push(word);
      continue;
    }
    if (glue !== mark) slips.add(`“${shown(`${before} ${word}`)}”: a blank stands inside the term`);
    out[out.length - 1] = before + glue + word;
  }
  return out;
}

const lacksArgument = /^[-+~?]?(?:include|exists|ip4|ip6|ipv4|ipv6|ip)$/i;

/**
 * What belongs between two words of one term; undefined if they are two terms. A mark if they may
 * be both.
 */
function glueOf(before: string, word: string): string | undefined {
  const isWord = /^[-+~?]?[\w-]+$/.test(before);
  if (/^[:=]/.test(word)) return isWord ? '' : undefined;
  // Behind the name of a host, the word may also be the rest of the term a//64.
  if (/^\/+\d/.test(word)) return /^\W?ip[46]?[:=].*[^/]$/i.test(before) ? '' : undefined;
  if (/^[-~?]$/.test(before)) return /^al{1,3}\W*$/i.test(word) ? '' : undefined;
  if (before === '+') return '';
  if (beginsTerm(word) || /^[-~?]/.test(word) || !/\w/.test(word)) return undefined;
  if (/[^/]\/$/.test(before) && /^\d{1,3}\W*$/.test(word)) return '';
  const isOpen = /^[-+~?]?[\w-]+[:=]+$/.test(before);
  // An empty argument and another slip, or the name of a host.
  const isHosts = /^\W?(?:a|mx|ptr)[:=]+$/i.test(before);
  if (isHosts && /^(?:include|exists|redirect|ip[46])[._;-]/i.test(word)) return mark;
  if (isOpen || lacksArgument.test(before)) {
    // An address behind another word than ip4, or a name behind ip4, would be a second slip.
    const fits = /^\W?ip/i.test(before) === (networkTerm(word) !== undefined);
    if (/^\W?exists/i.test(before) && !/[%{]/.test(word)) return undefined;
    return fits ? (isOpen ? '' : ':') : undefined;
  }
  if (/^(?:redirect|exp)$/i.test(before)) return '=';
  const isCut = /[:=][\w-]+\.$/.test(before) || /^\W?ip[46][:=][\d.]+\.$/i.test(before);
  const goesOn = /^\.[\w-]/.test(word) && /[:=][\w.-]*\w$/.test(before);
  return isCut || goesOn ? '' : undefined;
}

/** Whether no lookup can show how a doubtful term was meant. */
export const isUnseen = ({ kind }: SpfTerm): boolean => kind === 'exists' || kind === 'ip6';

/** In a record that is broken, `name=example.org` may be a sender with another slip. */
function withoutStrangeNames(read: WordReading): WordReading {
  const [term] = read.kind === 'terms' ? read.terms : [];
  const isStrange = term?.kind === 'unknown' && /[.:]/.test(term.value);
  return isStrange ? { kind: 'unread', why: 'receivers ignore it' } : read;
}

function readTerms(
  words: readonly string[],
  given: {
    readonly slips: Set<string>;
    readonly doubtful: ReadonlySet<string>;
    readonly isAsPublished: boolean;
  },
): LenientSpf {
  const { slips } = given;
  const unread: string[] = [];
  const corrected = new Set<SpfTerm>();
  const doubtful = new Set<SpfTerm>();
  const records: SpfTerm[][] = [[]];
  for (const [nth, word] of words.slice(0, wordsMax).entries()) {
    const terms = records.at(-1) ?? [];
    if (isVersion(word)) {
      if (nth > 0) slips.add('v=spf1 is there twice');
      if (terms.some(({ kind }) => kind === 'all')) records.push([]);
    } else if (word.includes(mark)) {
      const both = shown(word.replaceAll(mark, ' '));
      unread.push(`“${both}”: nobody can tell whether these are one term or two`);
    } else if (!given.isAsPublished && word.length > wordLengthMax) {
      unread.push(`“${shown(word)}”: it has more than ${wordLengthMax} characters`);
    } else if (!/[\w+~?*\u0080-\uffff-]/.test(word)) {
      slips.add(`“${shown(word)}” has no meaning`);
    } else {
      const read = given.isAsPublished ? readWord(word) : withoutStrangeNames(readWord(word));
      if (read.kind === 'unread') unread.push(`“${shown(word)}”: ${read.why}`);
      else if (read.why !== undefined) slips.add(`“${shown(word)}”: ${read.why}`);
      for (const term of read.kind === 'terms' ? read.terms : []) {
        if (isUnseen(term) && given.doubtful.has(word) && !given.isAsPublished) {
          unread.push(`“${shown(word)}”: perhaps a blank is missing in it, where two strings meet`);
          continue;
        }
        const isOnce = term.kind === 'redirect' || term.kind === 'exp';
        const same = terms.find(({ kind }) => isOnce && kind === term.kind);
        if (same === undefined) {
          terms.push(term);
          if (!given.isAsPublished) corrected.add(term);
          if (given.doubtful.has(word)) doubtful.add(term);
        } else if (term.kind === 'exp' || printSpfTerm(same) === printSpfTerm(term)) {
          slips.add(`${term.kind}= is there twice`);
        } else unread.push(`“${shown(word)}”: redirect= is there twice`);
      }
    }
  }
  if (words.length > wordsMax) unread.push(`it has more than ${wordsMax} words`);
  const filled = records.filter((terms, nth) => nth === 0 || terms.length > 0);
  return { records: filled, slips: [...slips], unread, corrected, doubtful };
}
