/**
 * Splits a server's reply into a shape, which many replies share, and the parts that differ (ids,
 * times). Addresses in it are taken out: the recipient's is put back for who may read it. Pure.
 */
export type ShapedReply = { readonly shape: string; readonly parts: string };

/** In a shape: one part of the text is in `parts`. */
const gap = '\u0001';
/** In a shape or a part: the address as delivered, and as the message named it. */
const asDelivered = '\u0002';
const asNamed = '\u0003';
/** Between parts. */
const border = '\u0004';

/** A reply of RFC 5321 can be long; what says why is at its begin. */
const replyLengthMax = 600;
const sentLengthMax = 240;
const marks = /\p{Cc}/gu;
/**
 * The local part of an address, within a text: also in a link (`id=joe%40here.test`), and where one
 * address is inside another (`bounce+joe=here.test@list.test`).
 */
const foreign = /[^\s<>"'(),;:@&?/]+(?:@|%40)(?=[\w[])/gi;
const plainNumber =
  /^[<(]?(?:\d{1,4}-?|\d{3}[- ]\d\.\d{1,3}\.\d{1,3}|#?\d\.\d{1,3}\.\d{1,3})[)>:,.]?$/;
const wordLengthMax = 32;

export function shapeReply(
  reply: string,
  of: { readonly recipient: string; readonly original: string; readonly isSent: boolean },
): ShapedReply {
  const cut = reply.slice(0, of.isSent ? sentLengthMax : replyLengthMax).toWellFormed();
  let text = cut.replace(marks, ' ');
  text = without(text, of.recipient, asDelivered);
  if (of.original !== of.recipient) text = without(text, of.original, asNamed);
  text = text.replace(foreign, (found) => (found.endsWith('@') ? '*@' : '*%40'));
  const parts: string[] = [];
  const shape = text
    .split(' ')
    .map((word) => {
      if (!differs(word)) return word;
      parts.push(word);
      return gap;
    })
    .join(' ');
  return { shape, parts: parts.join(border) };
}

/** `recipient` and `original`: texts for the addresses, where they are known. */
export function replyOf(
  { shape, parts }: ShapedReply,
  of: { readonly recipient: string; readonly original: string },
): string {
  let next = 0;
  const all = parts.split(border);
  return shape
    .replaceAll(gap, () => all[next++] ?? '')
    .replaceAll(asDelivered, of.recipient)
    .replaceAll(asNamed, of.original);
}

function differs(word: string): boolean {
  if (word.length > wordLengthMax) return true;
  return /\d/.test(word) && !plainNumber.test(word);
}

/** Replaces an address, in any case. */
function without(text: string, address: string, by: string): string {
  if (address === '') return text;
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return text;
  const found = address.toLowerCase();
  let out = '';
  let from = 0;
  for (let at = lower.indexOf(found); at >= 0; at = lower.indexOf(found, from)) {
    out += text.slice(from, at) + by;
    from = at + found.length;
  }
  return out + text.slice(from);
}
