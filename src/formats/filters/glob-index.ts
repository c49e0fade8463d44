/**
 * Finds, among thousands of patterns, the few that may match a text, by the longest part without
 * `*` and `?` of each. The time grows with the length of the text, not with the number of patterns.
 * Pure.
 */
export class GlobIndex {
  readonly #byPart = new Map<string, number[]>();
  readonly #lengths: readonly number[];
  /** Patterns without such a part. */
  readonly #open: number[] = [];

  constructor(patterns: readonly string[]) {
    const lengths = new Set<number>();
    for (const [nth, pattern] of patterns.entries()) {
      const part = longestPart(pattern);
      const list = this.#byPart.get(part);
      if (part === '') this.#open.push(nth);
      else if (list === undefined) this.#byPart.set(part, [nth]);
      else list.push(nth);
      if (part !== '') lengths.add(part.length);
    }
    this.#lengths = [...lengths].sort((one, other) => one - other);
  }

  /** Positions of the patterns that may match, in their order. */
  candidates(text: string): readonly number[] {
    const found = new Set(this.#open);
    for (const length of this.#lengths) {
      if (length > text.length) break;
      for (let at = 0; at + length <= text.length; at++) {
        for (const nth of this.#byPart.get(text.slice(at, at + length)) ?? []) found.add(nth);
      }
    }
    return [...found].sort((one, other) => one - other);
  }
}

function longestPart(pattern: string): string {
  return pattern.split(/[*?]/).reduce((one, other) => (other.length > one.length ? other : one));
}
