/**
 * The beginning of a body with its base64 text decoded (RFC 2045 section 6.8), for the fingerprint:
 * letters in base64 are not the letters of the text, and one changed name moves all that follow.
 * Attachments stay as they are; so does quoted-printable, which leaves most text readable. Pure,
 * never throws.
 */

/** From a part's headers to its body, where it is base64. Bounded: headers of a part are short. */
const base64Part = /^content-transfer-encoding:[ \t]*base64[ \t]*\r?$/im;
const textPart = /^content-type:[ \t]*text\//im;

/** `head` is the first bytes of a body, `encoding` the Content-Transfer-Encoding of the message. */
export function readableBody(head: Buffer, encoding: string): Buffer {
  if (encoding.trim().toLowerCase() === 'base64') return decoded(head.toString('latin1'));
  // Nearly all bodies end here.
  if (!head.includes('base64') && !head.includes('BASE64')) return head;
  const parts = head.toString('latin1').split(/^(?=--)/m);
  return Buffer.concat(parts.map(readablePart));
}

function readablePart(part: string): Buffer {
  const blank = /\r?\n\r?\n/.exec(part);
  if (blank === null) return Buffer.from(part, 'latin1');
  const headers = part.slice(0, blank.index);
  const body = part.slice(blank.index + blank[0].length);
  if (!base64Part.test(headers) || !textPart.test(headers)) return Buffer.from(part, 'latin1');
  return Buffer.concat([Buffer.from(`${headers}\r\n\r\n`, 'latin1'), decoded(body), lineEnd]);
}

const lineEnd = Buffer.from('\r\n');

function decoded(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
