/**
 * Splits a master file into entries (RFC 1035 section 5.1). Comments, quotes, and parentheses over
 * several lines are resolved. Backslashes stay, because names and texts read them differently.
 */
import { printableLine } from '../../lib/peer-text.ts';

/** `line` counts from 1. */
export type ZoneFault = { readonly line: number; readonly what: string };

/** A fault may quote the file, so it is cut short and made printable for a terminal. */
const whatLengthMax = 200;

export function faultAt(line: number, what: string): ZoneFault {
  return { line, what: printableLine(what, whatLengthMax) };
}

export type ZoneWord = { readonly raw: string; readonly quoted: boolean };
export type ZoneEntry = {
  readonly line: number;
  /** Its last line, if it has parentheses. */
  readonly lastLine: number;
  /** Whether it begins with a blank; it then has the owner of the previous entry. */
  readonly continued: boolean;
  readonly words: readonly ZoneWord[];
};

/**
 * The most words of an entry. The longest TXT record has 65,535 octets, with a few words a string.
 */
const wordsMax = 70_000;

/** The longest useful word: a whole certificate in a TLSA record, in hexadecimal. */
const wordLengthMax = 140_000;

/** A blank, or another end of a word. */
const ends = /[ \t\r\n;()"]/;

/** Yields every entry and fault of `text` in order. It continues after what it cannot read. */
export function* zoneEntries(text: string): Generator<ZoneEntry | ZoneFault> {
  let line = 1;
  let open = 0;
  let start = 1;
  let continued = false;
  let words: ZoneWord[] = [];
  let fresh = true;
  for (let at = 0; at <= text.length; ) {
    const char = text[at] ?? '\n';
    const last = at >= text.length;
    if (fresh && open === 0) {
      start = line;
      continued = char === ' ' || char === '\t';
      fresh = false;
    }
    if (char === '\n') {
      if (open > 0 && last) yield { line: start, what: 'a parenthesis is never closed' };
      if (open === 0 || last) {
        if (words.length > 0 && open === 0) {
          yield { line: start, lastLine: line, continued, words };
        }
        words = [];
        open = 0;
        fresh = true;
      }
      line += 1;
      at += 1;
    } else if (char === ';') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (char === '(') {
      open += 1;
      at += 1;
    } else if (char === ')') {
      if (open === 0) yield { line, what: 'a parenthesis is closed that was never opened' };
      open = Math.max(0, open - 1);
      at += 1;
    } else if (char === ' ' || char === '\t' || char === '\r') at += 1;
    else {
      const end = char === '"' ? quoteEnd(text, at) : wordEnd(text, at);
      if (end === undefined) {
        yield { line, what: 'a quoted text is not closed on its line' };
        const next = text.indexOf('\n', at);
        at = next < 0 ? text.length : next;
        words = [];
        open = 0;
        continue;
      }
      const quoted = char === '"';
      if (end - at > wordLengthMax) yield { line, what: `a word of ${end - at} characters` };
      else if (words.length < wordsMax) {
        words.push({ raw: quoted ? text.slice(at + 1, end - 1) : text.slice(at, end), quoted });
      }
      at = end;
    }
  }
}

/** The position after the closing quote; undefined if the line ends first. */
function quoteEnd(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\n') return undefined;
    if (char === '"') return at + 1;
    if (char === '\\') at += 1;
    if (text[at] === '\n') return undefined;
  }
  return undefined;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !ends.test(text[at] ?? '\n')) {
    at += text[at] === '\\' && text[at + 1] !== '\n' ? 2 : 1;
  }
  return Math.min(at, text.length);
}
