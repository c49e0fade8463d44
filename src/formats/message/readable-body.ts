/**
 * Decodes base64 text at the beginning of a body (RFC 2045 section 6.8), for the fingerprint. In
 * base64 the characters differ from those of the text, and one changed name shifts all that follow.
 * Attachments stay as they are; so does quoted-printable, in which most text is readable. Pure,
 * never throws.
 */

/** Recognizes parts in base64, and parts with text. */
const base64Part = /^content-transfer-encoding:[ \t]*base64[ \t]*\r?$/im;
const textPart = /^content-type:[ \t]*text\//im;

/** `head` is the beginning of a body, `encoding` the Content-Transfer-Encoding of the message. */
export function readableBody(head: Buffer, encoding: string): Buffer {
  if (encoding.trim().toLowerCase() === 'base64') return decoded(head.toString('latin1'));
  // This is true for nearly all bodies.
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
