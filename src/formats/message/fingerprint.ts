/**
 * A digest of a body that stays the same when names, numbers, links, punctuation and white space
 * vary: the same text sent to many is recognised although each copy greets somebody else. Fed in
 * chunks, on the path of every message: one pass over the bytes, nothing is allocated.
 *
 * Words are hashed letter by letter, in order, without what stands between them. Left out are links
 * and addresses, words with digits in them (order numbers, tracking ids), values of attributes
 * (`href="…"`, `boundary="…"`), lines that begin with `--` (MIME boundaries) and, as long as enough
 * text is left, words that begin with an ASCII capital (names). A body is known by its text up to a
 * number of letters, not of bytes, so that a longer name does not move the end.
 */

/**
 * Looked at, at most: the text of spam stands at the top, and a message of 20 MB must not cost more
 * than a small one.
 */
export const fingerprintBytesMax = 16_384;
/** Then the text is known well enough. */
const lettersMax = 2_048;
/** Fewer letters than these without names: too little text to leave the names out. */
const namelessLettersMin = 48;

// What a byte is. Letters are themselves in lower case, from 0x61 on, and bytes outside ASCII count
// as letters.
const ignored = 0;
const space = 1;
const digit = 2;
const at = 3;
const dot = 4;
const slash = 5;
const quote = 6;
const equals = 7;
const dash = 8;
const lineEnd = 9;
const capital = 0x41;
const letter = 0x61;

/** Class of each byte; capitals keep their own code, so that a word's beginning can be told. */
const kinds: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80) return byte;
  if (byte >= 0x30 && byte <= 0x39) return digit;
  const char = String.fromCharCode(byte);
  if (char === '\r' || char === '\n') return lineEnd;
  if (' \t<>()[]{},;|'.includes(char)) return space;
  const special: Readonly<Record<string, number>> = {
    '@': at,
    '.': dot,
    '/': slash,
    '"': quote,
    '=': equals,
    '-': dash,
  };
  return special[char] ?? ignored;
});

/** FNV-1a's prime and start for 32 bits: two such lanes, with all words and without names. */
const prime = 0x01000193;
const start = 0x811c9dc5 | 0;

/** The digest of one body. */
export class Fingerprint {
  // The finished words, all and those that are not names: hash and number of letters.
  #all = start;
  #allLetters = 0;
  #plain = start;
  #plainLetters = 0;
  // The same with the word in hand, which may yet turn out to be a link.
  #word = start;
  #plainWord = start;
  #wordLetters = 0;
  /** The word in hand is no text: a link, an address, has a digit, or is an attribute's value. */
  #dropped = false;
  #name = false;
  /** In a line that begins with `--`. */
  #boundary = false;
  /** Kinds of the last byte and of the one before it. */
  #last = lineEnd;
  #beforeLast = lineEnd;
  #bytesLeft = fingerprintBytesMax;

  /** The next bytes of the body, from `from` to `to` (not included). */
  update(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const most = Math.min(to - from, this.#bytesLeft);
    const end = from + most;
    this.#bytesLeft -= most;
    for (let index = from; index < end; ) {
      const kind = kinds[bytes[index] ?? 0] ?? ignored;
      if (kind >= capital) {
        index = this.#letters(bytes, index, end);
        continue;
      }
      this.#between(kind);
      index++;
      this.#beforeLast = this.#last;
      this.#last = kind;
      // The last word was the last that counts (see #endWord).
      if (this.#bytesLeft < 0) break;
    }
  }

  /** The digest of what came so far; empty when nothing did. */
  digest(): string {
    this.#endWord();
    this.#last = space;
    if (this.#allLetters === 0) return this.#bytesLeft === fingerprintBytesMax ? '' : 'none';
    const nameless = this.#plainLetters >= namelessLettersMin;
    const hash = nameless ? this.#plain : this.#all;
    const letters = nameless ? this.#plainLetters : this.#allLetters;
    return `${nameless ? 'n' : 'a'}${(hash >>> 0).toString(16).padStart(8, '0')}${letters.toString(16)}`;
  }

  /** Takes the run of letters that starts at `from`; answers where it ends. */
  #letters(bytes: Uint8Array, from: number, end: number): number {
    let kind = kinds[bytes[from] ?? 0] ?? ignored;
    if (this.#wordLetters === 0) this.#name = kind < letter;
    // A dot with a letter right behind it: a host name.
    else if (this.#last === dot) this.#dropped = true;
    let word = this.#word;
    let plainWord = this.#plainWord;
    let index = from;
    while (index < end && kind >= capital) {
      const lower = kind < letter ? kind + 0x20 : kind;
      word = Math.imul(word ^ lower, prime);
      plainWord = Math.imul(plainWord ^ lower, prime);
      index++;
      kind = kinds[bytes[index] ?? 0] ?? ignored;
    }
    this.#word = word;
    this.#plainWord = plainWord;
    this.#wordLetters += index - from;
    this.#beforeLast = letter;
    this.#last = letter;
    return index;
  }

  /** Takes one byte that is no letter. */
  #between(kind: number): void {
    switch (kind) {
      case digit:
      case at:
        this.#dropped = true;
        return;
      case slash:
        // `://`; a single one stands between words ("and/or").
        if (this.#last === slash) this.#dropped = true;
        return;
      case dash:
        if (this.#last === dash && this.#beforeLast === lineEnd) this.#boundary = true;
        return;
      case lineEnd:
        // `=` at the end of a line is quoted-printable's soft break: the word goes on.
        if (this.#last === equals || (this.#beforeLast === equals && this.#last === lineEnd))
          return;
        this.#endWord();
        this.#boundary = false;
        return;
      case quote: {
        const value = this.#last === equals;
        this.#endWord();
        this.#dropped = value;
        return;
      }
      case space:
        this.#endWord();
        return;
      default:
    }
  }

  /** Counts the word in hand, or forgets it. */
  #endWord(): void {
    if (this.#wordLetters > 0 && !this.#dropped && !this.#boundary) {
      this.#all = this.#word;
      this.#allLetters += this.#wordLetters;
      if (!this.#name) {
        this.#plain = this.#plainWord;
        this.#plainLetters += this.#wordLetters;
        if (this.#plainLetters >= lettersMax) this.#bytesLeft = -1;
      }
    }
    this.#word = this.#all;
    this.#plainWord = this.#plain;
    this.#wordLetters = 0;
    this.#dropped = false;
    this.#name = false;
  }
}
