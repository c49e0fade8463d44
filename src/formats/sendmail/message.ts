/**
 * Reads a message from standard input as Postfix's sendmail(1) does: finds its start, its end and
 * the recipients in its header. Mailbox separators at the start are skipped. Carriage returns are
 * part of line ends if the first line has one. If there are Resent- fields, only their recipients
 * count. Pure.
 */

export type SendmailMessage = {
  readonly start: number;
  readonly end: number;
  /** Whether lines end in CRLF. */
  readonly crlf: boolean;
};

const lf = 0x0a;
const cr = 0x0d;
const dot = 0x2e;

/** Finds the message. With `dotEnds`, a line with only a dot ends it. */
export function sendmailMessage(
  bytes: Buffer,
  how: { readonly dotEnds: boolean },
): SendmailMessage {
  const firstEnd = bytes.indexOf(lf);
  const crlf = firstEnd > 0 && bytes[firstEnd - 1] === cr;
  let start = 0;
  while (isSeparator(bytes, start)) {
    const end = bytes.indexOf(lf, start);
    if (end < 0) return { start: bytes.length, end: bytes.length, crlf };
    start = end + 1;
  }
  const end = how.dotEnds ? loneDot(bytes, start, crlf) : bytes.length;
  return { start, end, crlf };
}

/** Whether a line is a separator `From somebody …` of a mailbox file, quoted or not. */
function isSeparator(bytes: Buffer, at: number): boolean {
  let from = at;
  while (bytes[from] === 0x3e) from++;
  return bytes.toString('latin1', from, from + 5) === 'From ';
}

function loneDot(bytes: Buffer, start: number, crlf: boolean): number {
  for (let at = start; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(lf, at);
    let end = lineEnd < 0 ? bytes.length : lineEnd;
    if (crlf) while (end > at && bytes[end - 1] === cr) end--;
    if (end - at === 1 && bytes[at] === dot) return at;
    if (lineEnd < 0) break;
    at = lineEnd + 1;
  }
  return bytes.length;
}

/** Fields that name recipients. For a resent message only the Resent- fields count. */
const plainFields = new Set(['to', 'cc', 'bcc']);
const resentFields = new Set(['resent-to', 'resent-cc', 'resent-bcc']);

/** The recipients in the header (-t), as they are written there. */
export function headerRecipients(message: Buffer): readonly string[] {
  const plain: string[] = [];
  const resent: string[] = [];
  let isResent = false;
  for (const { name, value } of fields(message)) {
    if (plainFields.has(name)) plain.push(...addressesIn(value));
    if (!resentFields.has(name)) continue;
    isResent = true;
    resent.push(...addressesIn(value));
  }
  return isResent ? resent : plain;
}

/** The value of the first field with this name (in lower case); empty if it is missing. */
export function fieldOf(message: Buffer, name: string): string {
  for (const field of fields(message)) if (field.name === name) return field.value.trim();
  return '';
}

function* fields(message: Buffer): Generator<{ readonly name: string; readonly value: string }> {
  let field: { name: string; value: string } | undefined;
  for (let at = 0; at < message.length; ) {
    const lineEnd = message.indexOf(lf, at);
    let end = lineEnd < 0 ? message.length : lineEnd;
    while (end > at && message[end - 1] === cr) end--;
    const line = message.toString('utf8', at, end);
    at = lineEnd < 0 ? message.length : lineEnd + 1;
    if (field !== undefined && /^[ \t]/.test(line)) {
      field.value += `\n${line}`;
      continue;
    }
    if (field !== undefined) yield field;
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (name === undefined || value === undefined) return;
    field = { name: name.toLowerCase(), value };
  }
  if (field !== undefined) yield field;
}

/** The addresses of a list, without names, comments and groups. Quotes stay. */
function addressesIn(list: string): readonly string[] {
  const found: string[] = [];
  // Words of addresses without angle brackets. Each word is an address, unless an @ or a dot joins
  // it to the next.
  let words: string[] = [];
  const take = (): void => {
    found.push(...words.filter((word) => word !== ''));
    words = [];
  };
  let joined = true;
  const add = (text: string): void => {
    const last = words.length - 1;
    const glued = last >= 0 && (joined || /[@.]$/.test(words[last] ?? '') || /^[@.]/.test(text));
    if (glued) words[last] += text;
    else words.push(text);
    joined = true;
  };
  for (const [token] of list.matchAll(tokens)) {
    if (token.startsWith('(') || /^\s/.test(token)) joined = false;
    else if (token === ',' || token === ';') take();
    else if (token === ':') words = [];
    else if (token.startsWith('<')) {
      const address = token.replace(/^<\s*|\s*>?$/g, '');
      words = address === '' ? [] : [address];
      take();
    } else add(token);
    if (token === ',' || token === ';' || token === ':') joined = false;
  }
  take();
  return found;
}

/**
 * Matches white space, comment, quoted string, address in brackets, domain literal, special
 * character, or other text.
 */
const tokens = new RegExp(
  [
    /\s+/,
    /\((?:[^()\\]|\\.|\([^()]*\))*\)?/,
    /"(?:[^"\\]|\\.)*"?/,
    /<(?:[^">\\]|\\.|"(?:[^"\\]|\\.)*"?)*>?/,
    /\[[^\]]*\]?/,
    /[,;:]/,
    /[^\s()"<,;:[]+/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gs',
);
