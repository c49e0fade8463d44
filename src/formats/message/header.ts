/**
 * Reads header fields: the first mailbox of From (RFC 5322 section 3.4) and the Subject as people
 * see it (RFC 2047). Pure, bounded, never throws. The values are the sender's claims; they are
 * shown and never trusted.
 */
import { addressKey } from './address.ts';

/** The most characters of a field that are read. */
const fieldLengthMax = 4_096;
/** The most characters of a subject that are kept. */
export const subjectLengthMax = 200;

/** The address key of the first mailbox in a From or Sender value; empty without a mailbox. */
export function firstMailbox(value: string): string {
  const text = value.slice(0, fieldLengthMax);
  let bare = '';
  let comments = 0;
  let quoted = false;
  let literal = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\\') {
      if (comments === 0) bare += text.slice(at, at + 2);
      at++;
    } else if (quoted) {
      bare += char;
      if (char === '"') quoted = false;
    } else if (char === '(') comments++;
    else if (comments > 0) comments -= char === ')' ? 1 : 0;
    else if (char === '<') return addressKey(angle(text, at));
    else if (!literal && (char === ',' || char === ';') && bare.includes('@')) break;
    // `Friends: a@b;` is a group, whose name ends here.
    else if (!literal && (char === ',' || char === ';' || char === ':')) bare = '';
    else {
      if (char === '"') quoted = true;
      if (char === '[' || char === ']') literal = char === '[';
      bare += char;
    }
  }
  const address = bare.trim();
  return address.includes('@')
    ? addressKey(address.replace(/\s+/g, ' ').replace(/ ?@ ?/g, '@'))
    : '';
}

/** The text from `<` to its `>`, respecting quotes. */
function angle(text: string, start: number): string {
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === '>' && !quoted) return text.slice(start, at + 1);
  }
  return text.slice(start);
}

/** A Message-ID without its brackets; also one that is cut off, or typed without them. */
export function bareMessageId(value: string): string {
  return value.trim().replace(/^<|>$/g, '');
}

type EncodedWord = { readonly charset: string; readonly bytes: readonly number[] };

const encodedWord = /=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]*)\?=/g;

/**
 * A Subject as people see it: decoded, on one line, without controls, at most `subjectLengthMax`
 * characters.
 */
export function readableSubject(value: string): string {
  const text = value.slice(0, fieldLengthMax);
  const decoded = text.includes('=?') ? decodeWords(text) : text;
  const line = decoded
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    // Removes characters that reverse or hide the text around them.
    .replace(/[\p{Cf}\p{Cs}]/gu, '')
    .trim();
  return line.length <= subjectLengthMax ? line : cut(line);
}

function cut(line: string): string {
  const end = subjectLengthMax - 1;
  // Never cuts a surrogate pair.
  const whole = (line.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
  return `${line.slice(0, whole)}…`;
}

/** Decodes encoded words. White space between two of them is dropped (RFC 2047 section 6.2). */
function decodeWords(text: string): string {
  let decoded = '';
  let end = 0;
  let open: { charset: string; bytes: number[] } | undefined;
  for (const match of text.matchAll(encodedWord)) {
    const [whole, charset = '', encoding = '', body = ''] = match;
    const between = text.slice(end, match.index);
    const word: EncodedWord = {
      charset: charset.toLowerCase().replace(/\*.*$/, ''),
      bytes: encoding === 'b' || encoding === 'B' ? base64(body) : quoted(body),
    };
    end = match.index + whole.length;
    // Some mailers cut a character in two, so words of one charset are decoded together.
    if (open !== undefined && open.charset === word.charset && between.trim() === '') {
      open.bytes.push(...word.bytes);
      continue;
    }
    if (open !== undefined) decoded += decode(open);
    if (open === undefined || between.trim() !== '') decoded += between;
    open = { charset: word.charset, bytes: [...word.bytes] };
  }
  return decoded + (open === undefined ? '' : decode(open)) + text.slice(end);
}

function decode(word: EncodedWord): string {
  const bytes = Uint8Array.from(word.bytes);
  try {
    return new TextDecoder(word.charset).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

function base64(text: string): number[] {
  return [...Buffer.from(text, 'base64')];
}

function quoted(text: string): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === '=' ? text.slice(at + 1, at + 3) : '';
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(text[at] === '_' ? 0x20 : text.charCodeAt(at) & 0xff);
  }
  return bytes;
}
