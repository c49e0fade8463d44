/**
 * Makes keys of mail addresses: all spellings of one mailbox get the same key (RFC 5321 section
 * 4.1.2). It accepts what servers really pass on: brackets or none, source routes, unneeded quotes,
 * a dot after the domain. Pure, never throws; the key of a key is the same key.
 *
 * The local part is lower-cased although RFC 5321 allows it to be case-sensitive. No common server
 * uses that, and a sender must not make one recipient look like many by changing the case.
 */

/** How much of a text is read; Postfix accepts no longer lines (line_length_limit). */
const textLengthMax = 2_048;
/** RFC 5321 section 4.5.3.1 allows 64 and 255 octets, but longer local parts occur (VERP, SRS). */
const localLengthMax = 256;
const domainLengthMax = 255;

/** Matches nearly all addresses: ASCII, no quotes, a domain name. */
const plain = /^[\w.!#$%&'*+/=?^`{|}~-]{1,200}@[\w-]+(?:\.[\w-]+)*$/;
const plainLengthMax = 320;
/** Characters that a local part may have without quotes. */
const bare = /^[^\s"\\<>(),:;@[\]]+$/;
const controls = /\p{Cc}/gu;

/** The key of an envelope address; empty for the null sender. */
export function addressKey(text: string): string {
  const inner =
    text.charCodeAt(0) === 0x3c && text.charCodeAt(text.length - 1) === 0x3e
      ? text.slice(1, -1)
      : text;
  if (inner.length <= plainLengthMax && plain.test(inner)) return inner.toLowerCase();
  return print(mailbox(text.slice(0, textLengthMax)));
}

/** The domain of an address key; empty if it has none. */
export function domainOf(key: string): string {
  const at = lastAt(key);
  return at < 0 ? '' : key.slice(at + 1);
}

/** The domains above this one: `b.c` and `c` for `a.b.c`. */
export function domainsAbove(domain: string): readonly string[] {
  const labels = domain.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
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

/** Removes brackets: `<x>` → x, also if a bracket is missing or doubled. */
function withoutBrackets(text: string): string {
  let start = 0;
  while (start < text.length && (text[start] === '<' || text[start] === ' ')) start++;
  if (start === 0) return text;
  const close = find(text, '>', start);
  return text.slice(start, close < 0 ? undefined : close).trim();
}

/** Removes a source route: `@relay1,@relay2:a@b` → a@b (RFC 5321 appendix F.2: it is ignored). */
function withoutRoute(text: string): string {
  let rest = text;
  while (rest.startsWith('@')) {
    const colon = find(rest, ':', 0);
    if (colon < 0) break;
    rest = rest.slice(colon + 1).trimStart();
  }
  return rest;
}

/** Removes dots and white space at the end of a domain. */
function withoutDots(domain: string): string {
  let end = domain.length;
  while (end > 0 && (domain[end - 1] === '.' || domain[end - 1]?.trim() === '')) end--;
  return domain.slice(0, end);
}

/** The position of the first `wanted` outside quotes, from `start` on; -1 if it is missing. */
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

/** The last `@` outside quotes, where Postfix splits an address. */
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

/** Decodes a quoted string. */
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
