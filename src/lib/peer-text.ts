/**
 * Turns bytes from a peer into text so that different bytes stay different. They are read as UTF-8
 * if they are valid UTF-8, else as Latin-1. (Replacement characters for bad UTF-8 would make
 * different addresses look the same.)
 */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const beyondAscii = /[\u0080-\u00ff]/;

/** `bytes` from `start` to `end` (not included). Never throws. */
export function peerText(bytes: Buffer, start = 0, end: number = bytes.length): string {
  const text = bytes.toString('latin1', start, end);
  if (!beyondAscii.test(text)) return text;
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return text;
  }
}

/**
 * Replaces what would move the cursor, begin a line, or turn the direction of the text (UAX 9): so
 * words of a stranger are safe to print, and cannot look like other words.
 */
export function withoutControls(text: string, by: '?' | ' ' = '?'): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, by);
}

/** One line of printable ASCII, at most `lengthMax` characters. */
export function printableLine(text: string, lengthMax: number): string {
  return text
    .slice(0, lengthMax * 2)
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/gu, '?')
    .trim()
    .slice(0, lengthMax)
    .trimEnd();
}
