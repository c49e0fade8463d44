/**
 * Cuts words out of lines that have the same few words again and again: names of machines and
 * programs. Equal words become one string, so a Map finds them without hashing them again.
 */
const slots = 256;
const lengthMax = 60;

export class KnownWords {
  readonly #words: string[] = Array.from({ length: slots }, () => '');

  /** `line.slice(from, end)`. */
  cut(line: string, from: number, end: number): string {
    const length = end - from;
    if (length <= 0 || length > lengthMax) return line.slice(from, end);
    const middle = line.charCodeAt(from + (length >> 1));
    const slot = (length * 31 + middle * 7 + line.charCodeAt(end - 1)) & (slots - 1);
    const known = this.#words[slot];
    if (known?.length === length && line.startsWith(known, from)) return known;
    const word = line.slice(from, end);
    this.#words[slot] = word;
    return word;
  }
}
