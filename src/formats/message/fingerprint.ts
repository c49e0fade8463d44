/**
 * A digest of a body that ignores names, numbers, links, punctuation and white space. So the same
 * text to many recipients is recognized although each copy greets somebody else. It runs for every
 * message and reads the bytes once, in chunks, without allocating memory.
 *
 * Words are hashed character by character, in order, without the text between them. It leaves out
 * links and addresses, words with digits (order numbers, tracking ids), values of attributes
 * (`href="…"`, `boundary="…"`), and lines that begin with `--` (MIME boundaries). If enough text
 * remains, it also leaves out words that begin with an ASCII capital (names). The end is a number
 * of hashed characters and not of bytes, so a longer name does not move it.
 */

/**
 * The most bytes that are read. The text of spam is at the top, and a message of 20 MB must not
 * cost more than a small one.
 */
export const fingerprintBytesMax = 16_384;
/** The most characters that are hashed; they identify a text well enough. */
const lettersMax = 2_048;
/** With fewer characters outside names, the names are hashed too. */
const namelessLettersMin = 48;

// Classes of bytes. Alphabetic bytes are their own class, and bytes outside ASCII count as
// alphabetic.
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
const lowercaseA = 0x61;

/** The class of each byte. Capitals keep their own code, to recognize names. */
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

/**
 * Prime and start of FNV-1a for 32 bits. There are two lanes: all words, and words without names.
 */
const prime = 0x01000193;
const start = 0x811c9dc5 | 0;

/** The digest of one body. */
export class Fingerprint {
  // Hash and number of characters of the finished words: of all, and of those that are not names.
  #all = start;
  #allLetters = 0;
  #plain = start;
  #plainLetters = 0;
  // The same including the current word, which may still turn out to be a link.
  #word = start;
  #plainWord = start;
  #wordLetters = 0;
  /**
   * The current word is not text: it is a link, an address or an attribute's value, or has a digit.
   */
  #dropped = false;
  #name = false;
  /** Whether the line begins with `--`. */
  #boundary = false;
  /** Classes of the last byte and of the byte before. */
  #last = lineEnd;
  #beforeLast = lineEnd;
  #bytesLeft = fingerprintBytesMax;

  /** Reads the next bytes of the body, from `from` to `to` (not included). */
  update(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const most = Math.min(to - from, this.#bytesLeft);
    const end = from + most;
    this.#bytesLeft -= most;
    for (let index = from; index < end; ) {
      const kind = kinds[bytes[index] ?? 0] ?? ignored;
      if (kind >= capital) {
        index = this.#takeRun(bytes, index, end);
        continue;
      }
      this.#between(kind);
      index++;
      this.#beforeLast = this.#last;
      this.#last = kind;
      // Enough characters are hashed (see #endWord).
      if (this.#bytesLeft < 0) break;
    }
  }

  /** The digest of the bytes so far; empty if there were none. */
  digest(): string {
    this.#endWord();
    this.#last = space;
    if (this.#allLetters === 0) return this.#bytesLeft === fingerprintBytesMax ? '' : 'none';
    const nameless = this.#plainLetters >= namelessLettersMin;
    const hash = nameless ? this.#plain : this.#all;
    const length = nameless ? this.#plainLetters : this.#allLetters;
    const digits = (hash >>> 0).toString(16).padStart(8, '0');
    return `${nameless ? 'n' : 'a'}${digits}${length.toString(16)}`;
  }

  /** Reads the run of alphabetic bytes that starts at `from`, and returns its end. */
  #takeRun(bytes: Uint8Array, from: number, end: number): number {
    let kind = kinds[bytes[from] ?? 0] ?? ignored;
    if (this.#wordLetters === 0) this.#name = kind < lowercaseA;
    // A dot directly before an alphabetic byte: a host name.
    else if (this.#last === dot) this.#dropped = true;
    let word = this.#word;
    let plainWord = this.#plainWord;
    let index = from;
    while (index < end && kind >= capital) {
      const lower = kind < lowercaseA ? kind + 0x20 : kind;
      word = Math.imul(word ^ lower, prime);
      plainWord = Math.imul(plainWord ^ lower, prime);
      index++;
      kind = kinds[bytes[index] ?? 0] ?? ignored;
    }
    this.#word = word;
    this.#plainWord = plainWord;
    this.#wordLetters += index - from;
    this.#beforeLast = lowercaseA;
    this.#last = lowercaseA;
    return index;
  }

  /** Reads one byte that is not alphabetic. */
  #between(kind: number): void {
    switch (kind) {
      case digit:
      case at:
        this.#dropped = true;
        return;
      case slash:
        // `://`; a single slash separates words ("and/or").
        if (this.#last === slash) this.#dropped = true;
        return;
      case dash:
        if (this.#last === dash && this.#beforeLast === lineEnd) this.#boundary = true;
        return;
      case lineEnd:
        // `=` at the end of a line is the soft break of quoted-printable, so the word continues.
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

  /** Hashes the current word, or drops it. */
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
