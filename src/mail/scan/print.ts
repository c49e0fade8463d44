/**
 * By which a scanned message is known again: two messages with the same print say the same, whatever names, links and
 * numbers stand in them. Stricter than the guard's fingerprint, since a verdict is taken over by it: all of the text
 * counts and not its beginning, a digest stands for it that nobody can hit by chance or on purpose, text in base64 is
 * read, and attachments must be the same octet for octet. Pure, never throws.
 */
import { sha256 } from '../../lib/sha256.ts';
import { readableSubject } from '../header.ts';

/**
 * Letters besides names that a text must have, and their share of all, at least: with fewer, two messages that differ in
 * what counts could seem to be one.
 */
const lettersMin = 60;
const lettersShareMin = 0.4;
/** Parts looked at; a message with more is known by its octets alone. */
const partsMax = 100;
const depthMax = 8;

export type PrintedMessage = {
  /** Names and values, in turn, as octets. */
  readonly header: readonly string[];
  readonly body: Buffer;
  /** The body goes on behind what is here. */
  readonly cut: boolean;
};

/** Undefined: too little text, or too much of it, to know it by; then only the very same octets are the same message. */
export function messagePrint({ header, body, cut }: PrintedMessage): string | undefined {
  if (cut) return undefined;
  const walk: Walk = {
    words: [],
    letters: 0,
    nameLetters: 0,
    attachments: [],
    parts: 0,
  };
  // Octets outside ASCII are mostly UTF-8, as in the body.
  const subject = Buffer.from(field(header, 'subject'), 'latin1').toString();
  addWords(walk, readableSubject(subject));
  const whole: Part = {
    type: field(header, 'content-type'),
    encoding: field(header, 'content-transfer-encoding'),
    body,
  };
  if (!readPart(whole, walk, 0)) return undefined;
  const { letters, nameLetters } = walk;
  if (letters < lettersMin || letters < lettersShareMin * (letters + nameLetters)) return undefined;
  return hex([walk.words.join(' '), ...walk.attachments].join('\n'));
}

function hex(content: string | Buffer): string {
  return sha256(Buffer.from(content)).toString('hex');
}

type Part = { readonly type: string; readonly encoding: string; readonly body: Buffer };
type Walk = {
  /** Words that are no names, as they follow one another. */
  readonly words: string[];
  letters: number;
  nameLetters: number;
  readonly attachments: string[];
  parts: number;
};

/** Words, with what may stand within one: what has a dot inside is a host's name. Bytes that are no UTF-8 are letters. */
const wordsIn = /[\p{L}\p{M}\p{N}\ufffd]+(?:[.'\u2019_-][\p{L}\p{M}\p{N}\ufffd]+)*/gu;

function addWords(walk: Walk, text: string): void {
  for (const chunk of text.split(/[\s<>"()[\],;]+/)) {
    // Links and addresses.
    if (chunk.includes('@') || chunk.includes('://') || /^www\.|\.[a-z]{2,24}[/:?]/i.test(chunk)) {
      continue;
    }
    for (const [word] of chunk.matchAll(wordsIn)) {
      if (/[\p{N}.]/u.test(word)) continue;
      // In an older charset a word that begins outside ASCII may be a name.
      if (/^[\p{Lu}\ufffd]/u.test(word)) walk.nameLetters += word.length;
      else {
        walk.words.push(word.toLowerCase());
        walk.letters += word.length;
      }
    }
  }
}

/** What is read of HTML: no tags, comments, styles or scripts. One pass, whatever is unclosed. */
function readable(html: string): string {
  const shown: string[] = [];
  const lower = html.toLowerCase();
  for (let at = 0; at < html.length; ) {
    const tag = html.indexOf('<', at);
    if (tag < 0) {
      shown.push(html.slice(at));
      break;
    }
    shown.push(html.slice(at, tag), ' ');
    const hidden = /^<(style|script|title|!--)/.exec(lower.slice(tag, tag + 8))?.[1];
    const end = hidden === undefined ? '>' : hidden === '!--' ? '-->' : `</${hidden}`;
    const close = lower.indexOf(end, tag);
    if (close < 0) break;
    at = close + (end.startsWith('<') ? 0 : end.length);
  }
  return shown.join('').replace(/&#?\w{1,10};/g, ' ');
}

/** False: this message cannot be walked through. */
function readPart(part: Part, walk: Walk, depth: number): boolean {
  walk.parts++;
  if (walk.parts > partsMax || depth > depthMax) return false;
  const kind = /^\s*([\w.+-]+\/[\w.+-]+)/.exec(part.type)?.[1]?.toLowerCase() ?? 'text/plain';
  if (kind.startsWith('multipart/')) {
    const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(part.type);
    const name = boundary?.[1] ?? boundary?.[2];
    if (name === undefined) return false;
    return split(part.body, name).every((inner) => readPart(inner, walk, depth + 1));
  }
  const bytes = decoded(part);
  if (!kind.startsWith('text/')) walk.attachments.push(hex(bytes));
  else addWords(walk, kind === 'text/html' ? readable(bytes.toString()) : bytes.toString());
  return true;
}

function split(body: Buffer, boundary: string): readonly Part[] {
  const parts: Part[] = [];
  const text = body.toString('latin1');
  const mark = `--${boundary}`;
  const starts: number[] = [];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    if (at === 0 || text[at - 1] === '\n') starts.push(at);
    if (starts.length > partsMax + 1) break;
  }
  // What stands before the first boundary and behind the last is shown to nobody, and still is part of the message.
  parts.push({ type: '', encoding: '', body: body.subarray(0, starts[0] ?? body.length) });
  starts.forEach((start, index) => {
    const from = start + mark.length;
    const inner = text.slice(from, starts[index + 1] ?? text.length);
    const blank = /\r?\n\r?\n/.exec(inner);
    const head = blank === null ? '' : inner.slice(0, blank.index).replace(/\r?\n[ \t]+/g, ' ');
    const behind = blank === null ? 0 : blank.index + blank[0].length;
    parts.push({
      type: line(head, 'content-type'),
      encoding: line(head, 'content-transfer-encoding'),
      body: Buffer.from(inner.slice(behind), 'latin1'),
    });
  });
  return parts;
}

function line(head: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.{0,1000})$`, 'im').exec(head)?.[1]?.trim() ?? '';
}

function decoded({ encoding, body }: Part): Buffer {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(body.toString('latin1'), 'base64');
    case 'quoted-printable':
      return Buffer.from(
        body
          .toString('latin1')
          .replace(/=[ \t]*\r?\n/g, '')
          .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          ),
        'latin1',
      );
    default:
      return body;
  }
}

function field(header: readonly string[], name: string): string {
  for (let at = 0; at + 1 < header.length; at += 2) {
    if (header[at]?.toLowerCase() === name) {
      return (header[at + 1] ?? '').replace(/\n[ \t]+/g, ' ').trim();
    }
  }
  return '';
}
