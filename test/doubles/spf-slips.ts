/** The slips of people who publish SPF records by hand. */
import { parseSpf } from '../../src/formats/spf/record.ts';
import type { Dice } from '../ledger/dice.ts';
import { pick } from './spf-senders.ts';

export type Slip = {
  readonly name: string;
  /** A slip in one term; undefined if the term has no place for it. */
  readonly word?: (word: string, dice: Dice) => string | undefined;
  /** A slip in the whole list of terms. */
  readonly words?: (words: readonly string[], dice: Dice) => readonly string[] | undefined;
  /** A slip in the text of the record. */
  readonly text?: (text: string, dice: Dice) => string;
};

const named = /^([-+~?]?)(include|exists|a|mx|ip4|ip6):(.+)$/;
const long = /^([-+~?]?)(include|exists|ip4|ip6):(.+)$/;
const address = /^([-+~?]?)(ip4|ip6):([^/]+)(\/\d+)?$/;

function rule(
  name: string,
  pattern: RegExp,
  make: (found: readonly string[], dice: Dice) => string,
): Slip {
  return {
    name,
    word: (word, dice) => {
      const found = pattern.exec(word);
      const parts = [...(found ?? [])].map((one) => one ?? '');
      return found === null ? undefined : make(parts, dice);
    },
  };
}
function replaceOne(text: string, instead: string, dice: Dice): string {
  const words = text.split(' ');
  const at = 2 + dice.below(Math.max(words.length - 2, 1));
  return `${words.slice(0, at).join(' ')}${instead}${words.slice(at).join(' ')}`;
}
function replaceAll(text: string, instead: string): string {
  const [version, ...words] = text.split(' ');
  return `${version} ${words.join(instead)}`;
}

/** Slips that have one meaning. */
export const plainSlips: readonly Slip[] = [
  rule('blank after the colon', named, ([, sign, kind, rest]) => `${sign}${kind}: ${rest}`),
  rule('blank before the colon', long, ([, sign, kind, rest]) => `${sign}${kind} :${rest}`),
  rule('blank for the colon', long, ([, sign, kind, rest]) => `${sign}${kind} ${rest}`),
  rule('equals for the colon', named, ([, sign, kind, rest]) => `${sign}${kind}=${rest}`),
  rule('dot for the colon', long, ([, sign, kind, rest]) => `${sign}${kind}.${rest}`),
  rule('semicolon for the colon', long, ([, sign, kind, rest]) => `${sign}${kind};${rest}`),
  rule(
    'no colon',
    /^([-+~?]?)(include|ip4):(.+)$/,
    ([, sign, kind, rest]) => `${sign}${kind}${rest}`,
  ),
  rule(
    'two colons',
    /^([-+~?]?)(include|exists|a|ip4):(.+)$/,
    ([, sign, kind, rest]) => `${sign}${kind}::${rest}`,
  ),
  rule('colon for equals', /^redirect=(.+)$/, ([, rest]) => `redirect:${rest}`),
  rule('blank for equals', /^redirect=(.+)$/, ([, rest]) => `redirect ${rest}`),
  rule('blank after equals', /^redirect=(.+)$/, ([, rest]) => `redirect= ${rest}`),
  rule(
    'address behind another word',
    address,
    ([, sign, , rest, length], dice) =>
      `${sign}${pick(['a', 'mx', 'include'], dice)}:${rest}${length}`,
  ),
  rule('address without a word', address, ([, sign, , rest, length]) => `${sign}${rest}${length}`),
  rule(
    'ip4 and ip6 swapped',
    address,
    ([, sign, kind, rest, length]) => `${sign}${kind === 'ip4' ? 'ip6' : 'ip4'}:${rest}${length}`,
  ),
  rule(
    'another word for ip4',
    /^([-+~?]?)ip4:(.+)$/,
    ([, sign, rest], dice) =>
      `${sign}${pick(['ip', 'ipv4', 'IPv4', 'ip-4', 'ip_4', 'p4', '1p4'], dice)}:${rest}`,
  ),
  rule(
    'another word for ip6',
    /^([-+~?]?)ip6:(.+)$/,
    ([, sign, rest], dice) => `${sign}${pick(['ip', 'ipv6', 'IPv6'], dice)}:${rest}`,
  ),
  rule(
    'name behind ip4',
    /^([-+~?]?)(?:a:|include:(?=_))(.+)$/,
    ([, sign, rest]) => `${sign}ip4:${rest}`,
  ),
  rule(
    'misspelt include',
    /^([-+~?]?)include:(.+)$/,
    ([, sign, rest], dice) =>
      `${sign}${pick(['inlcude', 'inculde', 'includ', 'includes', 'iinclude'], dice)}:${rest}`,
  ),
  rule(
    'misspelt redirect',
    /^redirect=(.+)$/,
    ([, rest], dice) => `${pick(['rediret', 'redirecct', 'redirct'], dice)}:${rest}`,
  ),
  rule('word twice', long, ([, sign, kind, rest]) => `${sign}${kind}:${kind}:${rest}`),
  rule('upper case', /^.+$/, ([word = '']) => (word.includes('%') ? word : word.toUpperCase())),
  rule(
    'address of a web page',
    /^([-+~?]?)(include|a):([^/]+)$/,
    ([, sign, kind, rest], dice) =>
      `${sign}${kind}:http${pick(['://', 's://'], dice)}${rest}${pick(['', '/', '/x'], dice)}`,
  ),
  rule(
    'quotes around the name',
    named,
    ([, sign, kind, rest], dice) => `${sign}${kind}:${pick(['"', "'", '\u201d'], dice)}${rest}"`,
  ),
  rule(
    'brackets around the address',
    /^([-+~?]?)ip6:([^/]+)(.*)$/,
    ([, sign, rest, length]) => `${sign}ip6:[${rest}]${length}`,
  ),
  rule('blank before the length', /^(.+?)(\/+\d+)$/, ([, head, length]) => `${head} ${length}`),
  rule('blank after the slash', /^(.+\/)(\d+)$/, ([, head, length]) => `${head} ${length}`),
  rule(
    'backslash for the slash',
    /^(.*ip[46].+)\/(\d+)$/,
    ([, head, length]) => `${head}\\${length}`,
  ),
  rule('netmask', /^(.*ip4.+)\/24$/, ([, head]) => `${head}/255.255.255.0`),
  rule(
    'network cut short',
    /^(.*ip4:\d+\.\d+\.\d+)\.0\/24$/,
    ([, head], dice) => `${head}${pick(['/24', '.*', '.0/024'], dice)}`,
  ),
  rule('port', /^(.*ip4:[\d.]+|.*a:[\w.]+)$/, ([head]) => `${head}:25`),
  rule(
    'sign behind the term',
    /^.+$/,
    ([word], dice) => `${word}${pick([',', ';', ':', '.', '"', ',;'], dice)}`,
  ),
  rule(
    'sign before the term',
    /^[^-+~?].*$/,
    ([word], dice) => `${pick([',', ';', '"', '(', '<'], dice)}${word}`,
  ),
  rule('empty argument', /^([-+~?]?)(a|mx)$/, ([word]) => `${word}:`),
  rule('one slash for IPv6', /^(.*)\/\/(64)$/, ([, head, length]) => `${head}/${length}`),
  rule('plus and a blank', /^[a-z].*$/, ([word = '']) => (word.includes('=') ? word : `+ ${word}`)),
  rule(
    'blank in the name',
    /^(.*include:[\w-]+)\.(.+)$/,
    ([, head, rest], dice) => `${head}${pick(['. ', ' .'], dice)}${rest}`,
  ),
  rule(
    'macro in other brackets',
    /^(.*)%\{(\w+)\}(.+)$/,
    ([, head, macro, rest], dice) =>
      `${head}${pick([`%(${macro})`, `{${macro}}`, `%[${macro}]`], dice)}${rest}`,
  ),
  rule('odd all', /^([-~])all$/, ([, sign = ''], dice) =>
    pick(
      [
        `${sign} all`,
        `${sign}${sign}all`,
        `${sign}al`,
        `${sign}alll`,
        `${sign}all.`,
        `${sign}ALL`,
        `all${sign}`,
        `"${sign}all"`,
        `${sign}all:`,
      ],
      dice,
    ),
  ),
  rule(
    'dash of a word processor',
    /^-(.+)$/,
    ([, rest], dice) => `${pick(['\u2013', '\u2014', '\u2212', '\u2011'], dice)}${rest}`,
  ),
  rule(
    'tilde of a word processor',
    /^~(.+)$/,
    ([, rest], dice) => `${pick(['\u02dc', '\u223c', '\uff5e'], dice)}${rest}`,
  ),
  {
    name: 'terms behind all',
    words: (words, dice) => {
      const all = words.findIndex((word) => /^[-~]all$/.test(word));
      const one = words[dice.below(words.length)];
      // Where terms have qualifiers, their order matters.
      if (words.some((word) => /^[-~?](?!all)/.test(word))) return undefined;
      if (all < 0 || one === undefined || !/^[a-z]/.test(one) || one.includes('='))
        return undefined;
      return [...words.filter((word) => word !== one), one];
    },
  },
  {
    name: 'all in the middle',
    words: (words, dice) => {
      if (!/^[-~]all$/.test(words.at(-1) ?? '')) return undefined;
      const at = dice.below(words.length);
      return [...words.slice(0, at), 'all', ...words.slice(at)];
    },
  },
  {
    name: 'no blank before a term',
    words: (words, dice) =>
      glued(words, dice, /^(?:[~?+]?(?:include|exists|ip4|ip6):.+|[-~]all|redirect=.+)$/),
  },
  {
    name: 'repeated term',
    words: (words, dice) => {
      const at = dice.below(words.length);
      return [...words.slice(0, at + 1), ...words.slice(at)];
    },
  },
  {
    name: 'repeated version',
    text: (text, dice) => pick([`v=spf1 ${text}`, `V=SPF1 ${text}`, `${text} v=spf1`], dice),
  },
  {
    name: 'commas',
    text: (text, dice) => replaceAll(text, pick([', ', ',', '; ', ';', ' , '], dice)),
  },
  {
    name: 'one comma',
    text: (text, dice) => replaceOne(text, pick([',', ', ', ' ,', ';'], dice), dice),
  },
  {
    name: 'another blank',
    text: (text, dice) =>
      replaceOne(
        text,
        pick(['\u00a0', '\t', '\n', '\u2003', '\u3000', ' \u00a0', '\\032', '&nbsp;'], dice),
        dice,
      ),
  },
  {
    name: 'other blanks',
    text: (text, dice) => replaceAll(text, pick(['\u00a0', '\t', '\r\n', '\u2009'], dice)),
  },
  {
    name: 'characters without width',
    text: (text, dice) => replaceOne(text, pick([' \u200b', '\ufeff ', '\u00ad '], dice), dice),
  },
  {
    name: 'quotes in the middle',
    text: (text, dice) =>
      replaceOne(text, pick(['" "', '""', ' "', '\u201d \u201c', '\\" \\"'], dice), dice),
  },
  {
    name: 'sign at the end',
    text: (text, dice) => `${text}${pick([';', '.', '"', ',', ' ;', ' "', '\\;'], dice)}`,
  },
];

/** Slips that can mean several things, or hide a name: nobody has to repair them. */
export const unclearSlips: readonly Slip[] = [
  rule('blank for the colon of a host', /^(a|mx):(.+)$/, ([, kind, rest]) => `${kind} ${rest}`),
  rule('name alone', /^(?:a|mx|include):(.+)$/, ([, rest = '']) => rest),
  rule('no name', /^(include|ip4|ip6|exists):.+$/, ([, kind]) => `${kind}:`),
  rule('address cut short', /^(ip4:\d+\.\d+\.\d+)\.\d+$/, ([, head = '']) => head),
  rule('sign alone', /^[-?~](.+)$/, ([word = '']) => `${word[0]} ${word.slice(1)}`),
  rule('redirect that receivers ignore', /^redirect=(.+)$/, ([, rest]) => `redirct=${rest}`),
  {
    name: 'strange word',
    words: (words, dice) =>
      inserted(
        words,
        dice,
        pick(['google', 'spf', '*', 'ip4', 'mx1', 'https://example.org', 'MS=ms1', 'v=spf2'], dice),
      ),
  },
  { name: 'redirect beside all', words: (words) => [...words, 'redirect=_spf.parent.example'] },
  { name: 'any character', text: (text, dice) => mutated(text, dice) },
  { name: 'any character', text: (text, dice) => mutated(text, dice) },
  { name: 'any character', text: (text, dice) => mutated(text, dice) },
];

function inserted(words: readonly string[], dice: Dice, word: string): readonly string[] {
  const at = dice.below(words.length + 1);
  return [...words.slice(0, at), word, ...words.slice(at)];
}

function glued(words: readonly string[], dice: Dice, may: RegExp): readonly string[] | undefined {
  const at = 1 + dice.below(Math.max(words.length - 1, 1));
  const [before, word] = [words[at - 1], words[at]];
  if (before === undefined || word === undefined || !may.test(word)) return undefined;
  return [...words.slice(0, at - 1), `${before}${word}`, ...words.slice(at + 1)];
}

/**
 * One character of the terms is left out, replaced, repeated, or put in. Nobody can see the slip if
 * the result is another address or macro, so these are left as they were.
 */
function mutated(text: string, dice: Dice): string {
  const at = 7 + dice.below(text.length - 7);
  const other = pick([...' .:=/-+~?,;"%{}_4a1\t\\'], dice);
  const instead = pick(['', other, `${text[at]}${text[at]}`, `${text[at]}${other}`], dice);
  const [head, tail] = [text.slice(0, at), text.slice(at + 1)];
  const lost = `${/[\da-f:./]*$/i.exec(head)?.[0]}${text[at]}${/^[\da-f:./]*/i.exec(tail)?.[0]}`;
  const isAddress = (run: string): boolean => /^(?=.*\d)[\da-f:./]{6,}$/i.test(run);
  const made = `${/[\da-f:./]*$/i.exec(head)?.[0]}${instead}${/^[\da-f:./]*/i.exec(tail)?.[0]}`;
  const word = `${/[!-~]*$/.exec(head)?.[0]}${instead}${/^[!-~]*/.exec(tail)?.[0]}`;
  const read = parseSpf(`v=spf1 ${word}`);
  const isHidden =
    (isAddress(lost) && !instead.includes(text[at] ?? '')) ||
    isAddress(made) ||
    /exists|%/.test(word) ||
    /[-~?]+$/.test(instead) ||
    (read.ok && read.value[0]?.kind === 'unknown');
  return isHidden ? text : `${head}${instead}${tail}`;
}

/** The record with these slips, one octet a character. Undefined if one of them has no place. */
export function withSlips(
  correct: readonly string[],
  slips: readonly Slip[],
  dice: Dice,
): string | undefined {
  let words = correct;
  for (const { word: slip } of slips) {
    if (slip === undefined) continue;
    const places = words.flatMap((word, nth) => {
      const made = slip(word, dice);
      return made === undefined || made === word ? [] : [{ nth, made }];
    });
    if (places.length === 0) return undefined;
    const { nth, made } = pick(places, dice);
    words = words.map((word, at) => (at === nth ? made : word));
  }
  for (const { words: slip } of slips) {
    const made: readonly string[] | undefined = slip === undefined ? words : slip(words, dice);
    if (made === undefined) return undefined;
    words = made;
  }
  let text = `v=spf1 ${words.join(' ')}`;
  for (const slip of slips) text = slip.text?.(text, dice) ?? text;
  // Two slips together may look like another one, so nobody can tell.
  const has = (wanted: string): boolean => slips.some(({ name }) => name === wanted);
  const isTwice = /\b(\w+):["\s]*\1:/.test(text) && !has('word twice');
  return isTwice || (has('no name') && (has('name alone') || has('address without a word')))
    ? undefined
    : Buffer.from(text).toString('latin1');
}

/** The text in strings. Some are cut in the middle of a word; `apart` drops a blank at the cut. */
export function inStrings(text: string, apart: boolean, dice: Dice): readonly string[] {
  if (apart) {
    const words = text.split(' ');
    const at = 2 + dice.below(Math.max(words.length - 2, 1));
    return [words.slice(0, at).join(' '), words.slice(at).join(' ')];
  }
  if (dice.below(2) === 0 || text.length < 12) return [text];
  const at = 8 + dice.below(text.length - 8);
  return [text.slice(0, at), text.slice(at)];
}
