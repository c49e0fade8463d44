/**
 * Finds in one pass over a text which patterns are in it (Aho and Corasick, 1975). A pattern is a
 * list of parts that follow each other, with anything between them. Time is linear in the text,
 * whatever the patterns are.
 */
import type { FoldedText } from './folded-text.ts';
import type { PatternPart } from './pattern.ts';

/** A part of a pattern that ends in one state of the automaton. */
type Part = {
  readonly pattern: number;
  readonly index: number;
  readonly length: number;
  readonly beginsWord: boolean;
  readonly endsWord: boolean;
};

export class PatternFinder {
  /** Column of each character; 0: a character that no pattern has. */
  readonly #columns = new Uint8Array(128);
  #width = 1;
  #next: Int32Array;
  /** Parts that end in a state, or undefined. */
  readonly #parts: (readonly Part[] | undefined)[];
  readonly #counts: Uint8Array;
  /** Parts of each pattern found so far, where the last one ended, and in which text. */
  readonly #found: Uint8Array;
  readonly #ends: Int32Array;
  readonly #texts: Int32Array;
  #text = 0;

  /** `patterns`: parts of each, in characters of folded-text.ts; no part is empty. */
  constructor(patterns: readonly (readonly PatternPart[])[]) {
    this.#counts = Uint8Array.from(patterns, (parts) => parts.length);
    this.#found = new Uint8Array(patterns.length);
    this.#ends = new Int32Array(patterns.length);
    this.#texts = new Int32Array(patterns.length);
    for (const character of new Set(
      patterns
        .flat(1)
        .map(({ text }) => text)
        .join(''),
    )) {
      this.#columns[character.charCodeAt(0)] = this.#width++;
    }
    const { next, parts } = this.#built(patterns);
    this.#next = next;
    this.#parts = parts;
  }

  /** Calls `seen` with each pattern that is in the text; the same pattern may come again. */
  find({ bytes, length }: FoldedText, seen: (pattern: number) => void): void {
    const next = this.#next;
    const columns = this.#columns;
    const width = this.#width;
    this.#text = (this.#text + 1) | 0;
    let state = 0;
    for (let at = 0; at < length; at++) {
      state = next[state * width + (columns[bytes[at] ?? 0] ?? 0)] ?? 0;
      const parts = this.#parts[state];
      if (parts !== undefined) this.#count(parts, bytes, at + 1, seen);
    }
  }

  #count(
    parts: readonly Part[],
    bytes: Uint8Array,
    end: number,
    seen: (pattern: number) => void,
  ): void {
    for (const { pattern, index, length, beginsWord, endsWord } of parts) {
      const isNew = this.#texts[pattern] !== this.#text;
      const found = isNew ? 0 : (this.#found[pattern] ?? 0);
      if (found !== index) continue;
      if (beginsWord && isOfWord(bytes[end - length - 1])) continue;
      if (endsWord && isOfWord(bytes[end])) continue;
      if (found > 0 && end - length < (this.#ends[pattern] ?? 0)) continue;
      this.#texts[pattern] = this.#text;
      this.#found[pattern] = found + 1;
      this.#ends[pattern] = end;
      if (found + 1 === this.#counts[pattern]) seen(pattern);
    }
  }

  #built(patterns: readonly (readonly PatternPart[])[]): {
    readonly next: Int32Array;
    readonly parts: (Part[] | undefined)[];
  } {
    const width = this.#width;
    const most = patterns.flat(1).reduce((sum, part) => sum + part.text.length, 1);
    const next = new Int32Array(most * width);
    const parts: (Part[] | undefined)[] = [undefined];
    for (const [pattern, own] of patterns.entries()) {
      for (const [index, part] of own.entries()) {
        let state = 0;
        for (let at = 0; at < part.text.length; at++) {
          const cell = state * width + (this.#columns[part.text.charCodeAt(at)] ?? 0);
          let to = next[cell] ?? 0;
          if (to === 0) {
            to = parts.push(undefined) - 1;
            next[cell] = to;
          }
          state = to;
        }
        const here = parts[state] ?? [];
        const { text, beginsWord, endsWord } = part;
        here.push({ pattern, index, length: text.length, beginsWord, endsWord });
        parts[state] = here;
      }
    }
    this.#link(next, parts);
    return { next: next.slice(0, parts.length * width), parts };
  }

  /** Fills in where a state goes on where its own text does not: the longest end that is one. */
  #link(next: Int32Array, parts: (Part[] | undefined)[]): void {
    const width = this.#width;
    const back = new Int32Array(parts.length);
    const queue: number[] = [];
    for (let column = 1; column < width; column++) {
      const to = next[column] ?? 0;
      if (to !== 0) queue.push(to);
    }
    for (let at = 0; at < queue.length; at++) {
      const state = queue[at] ?? 0;
      const fallback = back[state] ?? 0;
      const more = parts[fallback];
      // Longer parts first: both orders are right, since parts of one pattern must not overlap.
      if (more !== undefined) parts[state] = [...(parts[state] ?? []), ...more];
      for (let column = 1; column < width; column++) {
        const to = next[state * width + column] ?? 0;
        const instead = next[fallback * width + column] ?? 0;
        if (to === 0) {
          next[state * width + column] = instead;
        } else {
          back[to] = instead;
          queue.push(to);
        }
      }
    }
  }
}

/** a to z and digits; folded text has no capitals. */
function isOfWord(character: number | undefined): boolean {
  if (character === undefined) return false;
  return (character >= 0x61 && character <= 0x7a) || (character >= 0x30 && character <= 0x39);
}
