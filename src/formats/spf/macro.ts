/**
 * Macros in SPF (RFC 7208 section 7): `%{ir}.%{v}._spf.%{d2}`. Reading checks the grammar;
 * expanding puts in what is known of the client. Pure, never throws.
 */
import { fault, ok, type Result } from '../../lib/result.ts';

/** What letters stand for, without %{p}, which must be asked for: see validated-names.ts. */
export type MacroValues = { readonly [letter in MacroLetter]: string };
export type MacroLetter = (typeof macroLetters)[number];
const macroLetters = ['s', 'l', 'o', 'd', 'i', 'p', 'v', 'h', 'c', 'r', 't'] as const;

export type MacroPart =
  | string
  | {
      readonly letter: MacroLetter;
      /** A capital letter: whatever a URL cannot hold is escaped. */
      readonly escaped: boolean;
      /** So many parts from the right; 0: all. */
      readonly keep: number;
      readonly reversed: boolean;
      readonly delimiters: string;
    };

/** `domain` knows no %{c}, %{r}, %{t}; those are for explanations. */
export type MacroPlace = 'domain' | 'explanation';

const expansion = /^%\{([a-z])(\d*)(r?)([-.+,/_=]*)\}/i;
/** Names have at most 127 labels, and whoever keeps more keeps all. */
const keepMax = 128;

/** The parts of a macro-string; the error is for people. */
export function parseMacros(text: string, place: MacroPlace): Result<readonly MacroPart[], string> {
  const parts: MacroPart[] = [];
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf('%', at);
    if (percent < 0) {
      parts.push(text.slice(at));
      break;
    }
    if (percent > at) parts.push(text.slice(at, percent));
    const literal = literals.get(text[percent + 1] ?? '');
    if (literal !== undefined) {
      parts.push(literal);
      at = percent + 2;
      continue;
    }
    const read = parseExpansion(text.slice(percent, percent + expansionMax), place);
    if (!read.ok) return read;
    parts.push(read.value.part);
    at = percent + read.value.length;
  }
  return ok(parts);
}

const literals: ReadonlyMap<string, string> = new Map([
  ['%', '%'],
  ['_', ' '],
  ['-', '%20'],
]);
/** Longer ones exist in the grammar (any number of delimiters), not in the world. */
const expansionMax = 64;

function parseExpansion(
  text: string,
  place: MacroPlace,
): Result<{ readonly part: MacroPart; readonly length: number }, string> {
  const found = expansion.exec(text);
  if (found === null) {
    return fault(
      text[1] === '{'
        ? `${text.slice(0, 1 + text.indexOf('}')) || text} is no macro`
        : 'a % stands before {, %, _ or - only (%% is a percent sign)',
    );
  }
  const [whole, typed = '', digits = '', reverse = '', delimiters = ''] = found;
  const letter = typed.toLowerCase();
  if (!isMacroLetter(letter)) return fault(`${whole}: there is no macro letter ${typed}`);
  if (place === 'domain' && 'crt'.includes(letter)) {
    return fault(`${whole} may stand in an explanation only`);
  }
  const keep = Math.min(Number(digits), keepMax);
  if (digits !== '' && keep === 0) return fault(`${whole} keeps no part`);
  const part = {
    letter,
    escaped: letter !== typed,
    keep,
    reversed: reverse !== '',
    delimiters: delimiters === '' ? '.' : delimiters,
  };
  return ok({ part, length: whole.length });
}

function isMacroLetter(letter: string): letter is MacroLetter {
  return (macroLetters as readonly string[]).includes(letter);
}

/** The text with every macro replaced. */
export function expandMacros(parts: readonly MacroPart[], values: MacroValues): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const value = transformed(values[part.letter], part);
      return part.escaped ? urlEscaped(value) : value;
    })
    .join('');
}

function transformed(
  value: string,
  { keep, reversed, delimiters }: Exclude<MacroPart, string>,
): string {
  if (keep === 0 && !reversed && delimiters === '.') return value;
  const pieces: string[] = [''];
  for (const char of value) {
    if (delimiters.includes(char)) pieces.push('');
    else pieces[pieces.length - 1] += char;
  }
  if (reversed) pieces.reverse();
  return pieces.slice(-keep).join('.'); // slice(-0) is all of them
}

/** RFC 3986 section 2.3 names the characters that stay. */
function urlEscaped(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
