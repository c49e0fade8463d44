/**
 * Parses and expands macros in SPF (RFC 7208 section 7), such as `%{ir}.%{v}._spf.%{d2}`. Parsing
 * checks the grammar; expanding inserts values of the client. Pure, never throws.
 */
import { fault, ok, type Result } from '../../lib/result.ts';

/** The values of macros. %{p} must be asked for (target.ts). */
export type MacroValues = { readonly [key in MacroLetter]: string };
export type MacroLetter = (typeof macroLetters)[number];
const macroLetters = ['s', 'l', 'o', 'd', 'i', 'p', 'v', 'h', 'c', 'r', 't'] as const;

export type MacroPart =
  | string
  | {
      readonly key: MacroLetter;
      /** Whether the macro is a capital: characters that a URL cannot contain are then escaped. */
      readonly escaped: boolean;
      /** The number of parts kept from the right; 0 for all. */
      readonly keep: number;
      readonly reversed: boolean;
      readonly delimiters: string;
    };

/** Where a macro is used. %{c}, %{r} and %{t} are only for explanations. */
export type MacroPlace = 'domain' | 'explanation';

const expansion = /^%\{([a-z])(\d*)(r?)([-.+,/_=]*)\}/i;
/** Names have at most 127 labels, so a larger number keeps all. */
const keepMax = 128;

/** Parses a macro-string. The error is for people. */
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
/**
 * The longest macro. The grammar allows longer ones (any number of delimiters), but they do not
 * occur.
 */
const expansionMax = 64;

function parseExpansion(
  text: string,
  place: MacroPlace,
): Result<{ readonly part: MacroPart; readonly length: number }, string> {
  const found = expansion.exec(text);
  if (found === null) {
    return fault(
      text[1] === '{'
        ? `${text.slice(0, 1 + text.indexOf('}')) || text} is not a macro`
        : 'after % must come {, %, _ or - (%% is a percent sign)',
    );
  }
  const [whole, typed = '', digits = '', reverse = '', delimiters = ''] = found;
  const key = typed.toLowerCase();
  if (!isMacroLetter(key)) return fault(`${whole}: there is no macro ${typed}`);
  if (place === 'domain' && 'crt'.includes(key)) {
    return fault(`${whole} is only allowed in an explanation`);
  }
  const keep = Math.min(Number(digits), keepMax);
  if (digits !== '' && keep === 0) return fault(`${whole} keeps no part`);
  const part = {
    key,
    escaped: key !== typed,
    keep,
    reversed: reverse !== '',
    delimiters: delimiters === '' ? '.' : delimiters,
  };
  return ok({ part, length: whole.length });
}

function isMacroLetter(key: string): key is MacroLetter {
  return (macroLetters as readonly string[]).includes(key);
}

/** Replaces every macro in a text. */
export function expandMacros(parts: readonly MacroPart[], values: MacroValues): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const value = transformed(values[part.key], part);
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

/** Escapes a value for a URL. RFC 3986 section 2.3 lists the characters that stay. */
function urlEscaped(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
