/**
 * Decodes the text of a part, so that links in it can be found: quoted-printable and base64 (RFC
 * 2045 sections 6.7 and 6.8), UTF-16 of ASCII, and numeric references of HTML. What is not
 * encoded stays where it is. Pure but for the buffer that it is lent, never throws, one pass each.
 */

const equals = 0x3d;
const lf = 0x0a;
const cr = 0x0d;
const semicolon = 0x3b;
/** References of one part that are looked at. */
const referencesMax = 2_000;
const referenceStart = Buffer.from('&#');

/** Value of each hexadecimal digit; 255 for other bytes. */
const hexValue: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

/**
 * The text of a part. `encoding`: its Content-Transfer-Encoding in lower case. `scratch` has room
 * for the part; the text may lie in it, so it is good until the next call.
 */
export function partText(
  part: Buffer,
  encoding: string,
  kind: 'html' | 'plain',
  scratch: Buffer,
): Buffer {
  let text = part;
  if (encoding === 'quoted-printable') {
    text = scratch.subarray(0, fromQuotedPrintable(part, scratch));
  } else if (encoding === 'base64') {
    text = scratch.subarray(0, scratch.write(part.toString('latin1'), 0, 'base64'));
  }
  if (text.includes(0)) text = scratch.subarray(0, withoutNul(text, scratch));
  return kind === 'html' ? withoutReferences(text, scratch) : text;
}

/** Writes the decoded part, and returns its end. It never becomes longer. */
function fromQuotedPrintable(part: Buffer, into: Buffer): number {
  const { length } = part;
  let to = 0;
  for (let at = 0; at < length; at++) {
    const byte = part[at] ?? 0;
    if (byte !== equals) {
      into[to++] = byte;
      continue;
    }
    const next = part[at + 1] ?? 0;
    if (next === lf) at++;
    else if (next === cr && part[at + 2] === lf) at += 2;
    else {
      const high = hexValue[next] ?? 255;
      const low = hexValue[part[at + 2] ?? 0] ?? 255;
      if (high < 16 && low < 16) {
        into[to++] = high * 16 + low;
        at += 2;
      } else into[to++] = byte;
    }
  }
  return to;
}

/** In UTF-16, each character of ASCII has a NUL; the rest of UTF-16 becomes noise. */
function withoutNul(text: Buffer, into: Buffer): number {
  const { length } = text;
  let to = 0;
  for (let at = 0; at < length; at++) {
    const byte = text[at] ?? 0;
    if (byte !== 0) into[to++] = byte;
  }
  return to;
}

/**
 * Replaces references to the characters of an address (`&#58;` is a colon), which programs that
 * show HTML read as these. All others stay: honest text is full of quotation marks and dashes.
 */
function withoutReferences(text: Buffer, into: Buffer): Buffer {
  let [from, to, at] = [0, 0, 0];
  for (let nth = 0; nth < referencesMax; nth++) {
    const start = text.indexOf(referenceStart, at);
    if (start < 0) break;
    at = start + 2;
    const { code, end } = reference(text, at);
    if (!isOfAddress(code)) continue;
    // Writes behind what is read, also where both are the same buffer.
    text.copy(into, to, from, start);
    to += start - from;
    into[to++] = code;
    from = end;
    at = end;
  }
  if (from === 0) return text;
  text.copy(into, to, from);
  return into.subarray(0, to + text.length - from);
}

/** The number of the reference whose `&#` ends at `start`; 0 for none that matters. */
function reference(text: Buffer, start: number): { readonly code: number; readonly end: number } {
  const isHex = ((text[start] ?? 0) | 0x20) === 0x78;
  const base = isHex ? 16 : 10;
  let code = 0;
  let at = isHex ? start + 1 : start;
  // Zeros in front do not count, so a reference may be long.
  for (; at < text.length; at++) {
    const digit = hexValue[text[at] ?? 0] ?? 255;
    if (digit >= base) break;
    code = code * base + digit;
    if (code > 0x7f) return { code: 0, end: at };
  }
  return { code, end: text[at] === semicolon ? at + 1 : at };
}

/** Alphabetic, a digit, or one of `- . / :`. */
function isOfAddress(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x2d && code <= 0x3a) || (lower >= 0x61 && lower <= 0x7a);
}
