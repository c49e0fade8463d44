/**
 * Finds the hosts of the links in a text: `http://` and `https://`. It searches for `://` and reads
 * the few bytes around it, so text without links costs next to nothing. Pure, bounded, never
 * throws.
 *
 * A host is read as browsers read it (WHATWG URL): behind the last `@`, with a backslash as a
 * slash, escapes (`%2e`) decoded. What has no scheme is no link here.
 */
/** Links of one text that are looked at; a newsletter has a hundred. */
const linksMax = 1_000;
/** The part before the path, with a name and a password. */
const authorityBytesMax = 1_024;
/** RFC 1035 section 2.3.4. */
const hostLengthMax = 253;

const schemeEnd = Buffer.from('://');
const at = 0x40;
const bracket = 0x5b;

const isOneOf = (isIn: (byte: number, char: string) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (isIn(byte, String.fromCharCode(byte)) ? 1 : 0));
/** Bytes that end the part of a link before its path. */
const endsAuthority = isOneOf((byte, char) => byte <= 0x20 || '"\'<>`/\\?#'.includes(char));
/** Bytes of a host; bytes outside ASCII are of some script. */
const isHostByte = isOneOf((byte, char) => byte >= 0x80 || /[\w.%-]/.test(char));

/** Adds the hosts of the links to `hosts`, in lower case, until there are `hostsMax`. */
export function addLinkHosts(text: Buffer, hosts: Set<string>, hostsMax: number): void {
  let from = 0;
  for (let nth = 0; nth < linksMax && hosts.size < hostsMax; nth++) {
    const found = text.indexOf(schemeEnd, from);
    if (found < 0) return;
    from = found + schemeEnd.length;
    if (!isHttp(text, found)) continue;
    const host = hostAt(text, from, Math.min(text.length, from + authorityBytesMax));
    if (host !== '') hosts.add(host);
  }
}

/** Whether `http` or `https` ends at `end`, in whatever case. */
function isHttp(bytes: Buffer, end: number): boolean {
  const lower = (back: number): number => (bytes[end - back] ?? 0) | 0x20;
  const last = lower(1) === 0x73 ? 2 : 1;
  return (
    lower(last) === 0x70 &&
    lower(last + 1) === 0x74 &&
    lower(last + 2) === 0x74 &&
    lower(last + 3) === 0x68
  );
}

/** The host of the link whose authority begins at `from`; empty if it has none. */
function hostAt(bytes: Buffer, from: number, most: number): string {
  let start = from;
  let end = from;
  for (; end < most; end++) {
    const byte = bytes[end] ?? 0;
    if (endsAuthority[byte] === 1) break;
    if (byte === at) start = end + 1;
  }
  if (bytes[start] === bracket) return addressIn(bytes, start, end);
  let hostEnd = start;
  let isPlain = true;
  for (; hostEnd < end; hostEnd++) {
    const byte = bytes[hostEnd] ?? 0;
    if (isHostByte[byte] === 0) break;
    if (byte >= 0x80 || byte === 0x25) isPlain = false;
  }
  const host = isPlain
    ? bytes.toString('latin1', start, hostEnd).toLowerCase()
    : unescaped(bytes.toString('utf8', start, hostEnd));
  return host.length > hostLengthMax ? '' : withoutDots(host);
}

/** An IPv6 address: `[2001:db8::1]`. */
function addressIn(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('latin1', start, Math.min(end, start + 48));
  const close = text.indexOf(']');
  return close < 0 ? '' : text.slice(0, close + 1).toLowerCase();
}

/** Browsers take wide characters and wide dots for the plain ones. */
function unescaped(host: string): string {
  let text = host;
  try {
    text = decodeURIComponent(host);
  } catch {
    // A percent sign that escapes nothing: the link leads nowhere, and is kept as it is.
  }
  const plain = text.normalize('NFKC').replaceAll('\u3002', '.').toLowerCase();
  return plain.replace(/[\s\p{C}\p{Zs}/\\?#@"'<>]+/gu, '');
}

function withoutDots(host: string): string {
  let [start, end] = [0, host.length];
  while (host[start] === '.') start++;
  while (end > start && host[end - 1] === '.') end--;
  return start === 0 && end === host.length ? host : host.slice(start, end);
}
