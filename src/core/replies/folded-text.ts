/**
 * Writes a reply in the form that rules are compared with: no capitals, no accents, single blanks,
 * without the repeated codes of its lines and without the local parts of addresses.
 */
import { replyMax } from './frame.ts';

/** Any character that is not of ASCII and has no plain form. */
const otherCharacter = 0x7f;
const blank = 0x20;
const dash = 0x2d;
const atSign = 0x40;

/** Plain forms of the characters with accents from U+00A0 to U+017F. */
const plain: Uint8Array = (() => {
  const table = new Uint8Array(0x180).fill(otherCharacter);
  for (let code = 0; code < 0x180; code++) {
    const base = String.fromCharCode(code).normalize('NFD').toLowerCase().charCodeAt(0);
    if (base < 0x7f) table[code] = base;
  }
  for (let code = 0; code <= blank; code++) table[code] = blank;
  table[0xa0] = blank;
  const more: readonly (readonly [string, string])[] = [
    ['ßſ', 's'],
    ['øØ', 'o'],
    ['łŁ', 'l'],
    ['đĐð', 'd'],
    ['æÆ', 'a'],
    ['œŒ', 'o'],
    ['ı', 'i'],
    ['´', "'"],
  ];
  for (const [characters, form] of more) {
    for (const character of characters) table[character.charCodeAt(0)] = form.charCodeAt(0);
  }
  return table;
})();

/** One text; `bytes` is used again for the next one. */
export type FoldedText = { readonly bytes: Uint8Array; length: number };

export function newFoldedText(): FoldedText {
  // One more blank before and behind, so that a rule can ask for a whole word.
  return { bytes: new Uint8Array(replyMax + 2), length: 0 };
}

/** Writes `text` into `folded`. `code`: the code whose repetitions are left out. */
export function foldInto(folded: FoldedText, text: string, code: string): void {
  const { bytes } = folded;
  const end = Math.min(text.length, replyMax);
  bytes[0] = blank;
  let to = 1;
  for (let at = 0; at < end; ) {
    if (bytes[to - 1] === blank) {
      const next = behindCode(text, at, code);
      if (next > at) {
        at = next;
        continue;
      }
    }
    const char = text.charCodeAt(at++);
    const character = char < 0x180 ? (plain[char] ?? otherCharacter) : wide(char);
    if (character === blank && bytes[to - 1] === blank) continue;
    if (character === atSign) {
      at = behindDomain(text, at, end);
      to = withoutLocalPart(bytes, to);
    }
    bytes[to++] = character;
  }
  if (bytes[to - 1] !== blank) bytes[to++] = blank;
  folded.length = to;
}

/** Typographic marks count as their plain forms. */
function wide(char: number): number {
  if (char === 0x2018 || char === 0x2019) return 0x27;
  if (char === 0x2010 || char === 0x2011 || char === 0x2013) return dash;
  if (char === 0x3000 || char === 0x2003 || char === 0x2009) return blank;
  return otherCharacter;
}

/** Where the text goes on behind `550-5.1.1 `, `550 5.1.1 ` or `550-`; `at` if none is there. */
function behindCode(text: string, at: number, code: string): number {
  if (code === '' || !text.startsWith(code, at)) return at;
  const mark = text.charCodeAt(at + 3);
  if (mark !== dash && mark !== blank) return at;
  const next = at + 4;
  const first = text.charCodeAt(next);
  if (first !== code.charCodeAt(0) || text.charCodeAt(next + 1) !== 0x2e) return next;
  let digits = next + 2;
  while (isDigit(text.charCodeAt(digits)) && digits < next + 5) digits++;
  if (text.charCodeAt(digits) !== 0x2e) return next;
  let last = digits + 1;
  while (isDigit(text.charCodeAt(last)) && last < digits + 4) last++;
  if (last === digits + 1) return next;
  const behind = text.charCodeAt(last);
  return Number.isNaN(behind) || behind === blank || behind === dash ? last + 1 : next;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

/** Characters of a domain, for the part of an address behind the @. */
function behindDomain(text: string, at: number, end: number): number {
  let to = at;
  while (to < end && isNamePart(text.charCodeAt(to))) to++;
  return to;
}

function isNamePart(char: number): boolean {
  const small = char | 0x20;
  return (small >= 0x61 && small <= 0x7a) || isDigit(char) || char === 0x2e || char === dash;
}

/** Characters that end a local part to its left: blank " ' ( ) , : ; < > [ ]. */
const ends = new Set([0x20, 0x22, 0x27, 0x28, 0x29, 0x2c, 0x3a, 0x3b, 0x3c, 0x3e, 0x5b, 0x5d]);

function withoutLocalPart(bytes: Uint8Array, to: number): number {
  let at = to;
  while (at > 0 && !ends.has(bytes[at - 1] ?? blank)) at--;
  return at;
}

/** A pattern of a rule in the same characters. */
export function foldedPattern(pattern: string): string {
  let out = '';
  for (const character of pattern) {
    const char = character.charCodeAt(0);
    out += String.fromCharCode(char < 0x180 ? (plain[char] ?? otherCharacter) : wide(char));
  }
  return out.replace(/ {2,}/g, ' ');
}
