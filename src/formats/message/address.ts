/**
 * Mail addresses as keys: every way of writing one mailbox gives one key (RFC 5321 section 4.1.2,
 * with what servers really pass on: brackets or none, source routes, quotes that need not be there,
 * a dot after the domain). Pure, never throws, and printing a key and reading it again gives the
 * same key.
 *
 * The local part is lower-cased although RFC 5321 lets it be case-sensitive: no server of note
 * makes use of that, and a sender must not be able to make one correspondent look like many, or a
 * stranger like a friend, with the Shift key.
 */

/** What is looked at: Postfix itself takes no line longer than this (line_length_limit). */
const textLengthMax = 2_048;
/**
 * RFC 5321 section 4.5.3.1 allows 64 and 255; longer local parts (VERP, SRS) are seen in the wild.
 */
const localLengthMax = 256;
const domainLengthMax = 255;

/** Nearly all addresses: ASCII, no quotes, a domain name. */
const plain = /^[\w.!#$%&'*+/=?^`{|}~-]{1,200}@[\w-]+(?:\.[\w-]+)*$/;
const plainLengthMax = 320;
/** Characters that a local part may have without quotes. */
const bare = /^[^\s"\\<>(),:;@[\]]+$/;
const controls = /\p{Cc}/gu;

/** The key of one address as it stands in an envelope; empty for the null sender. */
export function addressKey(text: string): string {
  const inner =
    text.charCodeAt(0) === 0x3c && text.charCodeAt(text.length - 1) === 0x3e
      ? text.slice(1, -1)
      : text;
  if (inner.length <= plainLengthMax && plain.test(inner)) return inner.toLowerCase();
  return print(mailbox(text.slice(0, textLengthMax)));
}

/** The domain of an address key; empty where it has none. */
export function domainOf(key: string): string {
  const at = lastAt(key);
  return at < 0 ? '' : key.slice(at + 1);
}

/** Local part without its quotes, and domain. */
type Mailbox = { readonly local: string; readonly domain: string };

function mailbox(text: string): Mailbox {
  const route = withoutBrackets(text.toWellFormed().replace(controls, '?').trim());
  const path = withoutRoute(route);
  const at = lastAt(path);
  const local = unquote(at < 0 ? path : path.slice(0, at)).toLowerCase();
  const domain = at < 0 ? '' : path.slice(at + 1).toLowerCase();
  return {
    local: local.slice(0, localLengthMax).toWellFormed(),
    domain: withoutDots(domain.trimStart().slice(0, domainLengthMax).toWellFormed()),
  };
}

function print({ local, domain }: Mailbox): string {
  if (local === '' && domain === '') return '';
  const left = bare.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
  if (domain === '') return local === '' ? '' : left;
  return `${left}@${domain}`;
}

/** `<x>` → x, also where a bracket is missing or doubled. */
function withoutBrackets(text: string): string {
  let start = 0;
  while (start < text.length && (text[start] === '<' || text[start] === ' ')) start++;
  if (start === 0) return text;
  const close = find(text, '>', start);
  return text.slice(start, close < 0 ? undefined : close).trim();
}

/** `@relay1,@relay2:a@b` → a@b (RFC 5321 appendix F.2: the route is ignored). */
function withoutRoute(text: string): string {
  let rest = text;
  while (rest.startsWith('@')) {
    const colon = find(rest, ':', 0);
    if (colon < 0) break;
    rest = rest.slice(colon + 1).trimStart();
  }
  return rest;
}

/** The name without the dots of the root, and without white space at the end. */
function withoutDots(domain: string): string {
  let end = domain.length;
  while (end > 0 && (domain[end - 1] === '.' || domain[end - 1]?.trim() === '')) end--;
  return domain.slice(0, end);
}

/** Where the first `wanted` stands outside quotes, from `start` on; -1 where it does not. */
function find(text: string, wanted: string, start: number): number {
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === wanted && !quoted) return at;
  }
  return -1;
}

/** The last `@` outside quotes and address literals: that is where Postfix splits. */
function lastAt(text: string): number {
  let found = -1;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === '@' && !quoted) found = at;
  }
  return found;
}

/** The characters that a quoted string stands for. */
function unquote(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return text;
  let plainText = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') continue;
    if (char === '\\') at++;
    plainText += text[at] ?? '';
  }
  return plainText;
}
