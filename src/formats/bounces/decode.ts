/**
 * Text of a message part as people see it: transfer encoding and charset undone, HTML without its
 * marks. Pure, never throws, linear in the length of the text.
 */

/** Decodes octets, given one a character. */
export function decodePart(body: string, encoding: string, charset: string): string {
  return inCharset(withoutEncoding(body, encoding.trim().toLowerCase()), charset);
}

function withoutEncoding(body: string, encoding: string): string {
  if (encoding === 'quoted-printable') return quotedPrintable(body);
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1');
  return body;
}

/** RFC 2045 section 6.7; a `=` without two digits stays as it is. */
function quotedPrintable(body: string): string {
  return body
    .replace(/=[ \t]{0,80}\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}

/** What Japanese mail programs begin a word of two-octet characters with, named or not. */
const jisMark = '\u001b$';

function inCharset(octets: string, charset: string): string {
  const name = octets.includes(jisMark) ? 'iso-2022-jp' : charset.trim().toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is from 0 to 127.
  if (name !== 'iso-2022-jp' && /^[\x00-\x7f]*$/.test(octets) && !name.startsWith('utf-16')) {
    return octets;
  }
  const bytes = Buffer.from(octets, 'latin1');
  for (const label of [name, 'utf-8']) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // An unknown charset, or octets that are not in it: the next one.
    }
  }
  return octets;
}

/** Elements whose end is the end of a line. */
const blocks = new Set(['br', 'p', 'div', 'tr', 'li', 'table', 'h1', 'h2', 'h3', 'pre', 'hr']);
const hidden = new Set(['style', 'script', 'head']);
const named: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** The text of an HTML page. It need not be correct. */
export function pageText(html: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    pieces.push(html.slice(at, open).replace(/\n/g, ' '));
    const close = html.indexOf('>', open);
    if (close < 0) return withEntities(pieces.join(''));
    const tag = /^<(\/?)([A-Za-z][A-Za-z0-9]{0,9})/.exec(html.slice(open, open + 12));
    const name = tag?.[2]?.toLowerCase() ?? '';
    at = close + 1;
    if (tag === null) {
      // No element but an address in brackets, or a comment.
      if (html[open + 1] !== '!') pieces.push(html.slice(open, at));
    } else if (hidden.has(name) && tag[1] === '') {
      const end = html.indexOf(`</${tag[2]}`, at);
      if (end < 0) break;
      at = end;
    } else if (blocks.has(name)) pieces.push('\n');
  }
  pieces.push(html.slice(at).replace(/\n/g, ' '));
  return withEntities(pieces.join(''));
}

function withEntities(text: string): string {
  return text.replace(/&(#\d{1,6}|[a-z]{2,4});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return named[name] ?? whole;
    const code = Number(name.slice(1));
    return code < 0xd800 ? String.fromCharCode(code) : whole;
  });
}
