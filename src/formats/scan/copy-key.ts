/**
 * Makes the key under which a scan result is reused for copies of a message. Two messages get the
 * same key if they differ only in names, links and numbers. The key is stricter than the guard's
 * fingerprint, because a verdict is reused: all text counts and not only its beginning, the digest
 * resists collisions, text in base64 is decoded, and attachments must be identical. The servers to
 * which links lead are returned separately. The length of what was replaced counts too, and an
 * ambiguous message gets no key, so no text can hide in the replaced parts. Pure, never throws.
 */
import { sha256 } from '../../lib/hash.ts';
import { readableSubject, subjectLengthMax } from '../message/header.ts';
import { htmlText, withoutEntities } from './html-text.ts';
import { type MimePart, splitParts } from './mime-parts.ts';

/**
 * The fewest characters in counted words, and their smallest share of all characters. With fewer,
 * two messages that differ only in replaced words could look the same.
 */
const countedMin = 60;
const countedShareMin = 0.4;
/**
 * How many consecutive names, numbers and links are replaced by one mark, so that `John` equals
 * `Maria Magdalena`.
 */
const maskedTogether = 6;
/** The most characters that a link counts for, because links are long but little read. */
const linkCharsMax = 30;
/** The most parts that are read. A message with more gets no key. */
const partsMax = 100;
const depthMax = 8;
/**
 * The most text that is read. Splitting words takes a second for about 7 MB, and all other mail
 * waits meanwhile.
 */
const textOctetsMax = 256 * 1024;

export type CopyKeyInput = {
  /** Names and values alternating, one octet a character. */
  readonly header: readonly string[];
  readonly body: Buffer;
  /** Whether the body is longer than `body`. */
  readonly cut: boolean;
};

export type CopyKey = {
  readonly text: string;
  /** A digest of the servers to which links lead. */
  readonly servers: string;
};

/**
 * The key of a message. Undefined if there is too little text, too much text, or something
 * ambiguous; then only an identical message counts as a copy.
 */
export function copyKeyOf({ header, body, cut }: CopyKeyInput): CopyKey | undefined {
  if (cut) return undefined;
  const walk: TextWalk = {
    words: [],
    counted: 0,
    masked: 0,
    run: 0,
    attachments: [],
    servers: new Set(),
    parts: 0,
    textOctets: 0,
  };
  const subject = subjectOf(header);
  const fields = ['content-type', 'content-transfer-encoding', 'content-disposition'] as const;
  const [type, encoding, disposition] = fields.map((name) => only(header, name));
  if (subject === undefined) return undefined;
  if (type === undefined || encoding === undefined || disposition === undefined) return undefined;
  addWords(walk, subject);
  const whole: MimePart = { type, encoding, disposition, text: '', body };
  if (!readPart(whole, walk, 0)) return undefined;
  const { counted, masked } = walk;
  if (counted < countedMin || counted < countedShareMin * (counted + masked)) {
    return undefined;
  }
  return {
    text: hex([walk.words.join(' '), ...walk.attachments].join('\n')),
    servers: hex([...walk.servers].sort().join('\n')),
  };
}

function hex(content: string | Buffer): string {
  return sha256(Buffer.from(content)).toString('hex');
}

/** The subject; undefined if it is longer than the part that is read. */
function subjectOf(header: readonly string[]): string | undefined {
  const value = only(header, 'subject');
  // Octets outside ASCII are mostly UTF-8, as in the body.
  const subject = value === undefined ? '' : Buffer.from(value, 'latin1').toString();
  const read = readableSubject(subject);
  const isCut = read.endsWith('…') && read.length >= subjectLengthMax - 1;
  return value === undefined || isCut ? undefined : read;
}

type TextWalk = {
  /** Words that count, in order, with `*` for replaced ones. */
  readonly words: string[];
  counted: number;
  masked: number;
  /** How many words were replaced since the last counted word. */
  run: number;
  readonly attachments: string[];
  readonly servers: Set<string>;
  parts: number;
  textOctets: number;
};

/**
 * Matches words, with characters that may occur inside, and pictures. A word with a dot inside is a
 * host name.
 */
const wordsIn = /[\p{L}\p{M}\p{N}\p{So}]+(?:[.'\u2019_-][\p{L}\p{M}\p{N}\p{So}]+)*/gu;

function addWords(walk: TextWalk, text: string): void {
  // Begins a new text, so a name at the end of the text before does not continue.
  walk.words.push('|');
  walk.run = 0;
  for (const chunk of text.split(/[\s<>"()[\],;]+/)) {
    // Replaces links and addresses.
    if (chunk.includes('@') || chunk.includes('://') || /^www\.|\.[a-z]{2,24}[/:?]/i.test(chunk)) {
      pass(walk, Math.min(chunk.length, linkCharsMax));
      continue;
    }
    for (const [word] of chunk.matchAll(wordsIn)) {
      if (/^\p{Lu}|[\p{N}.]/u.test(word)) pass(walk, word.length);
      else {
        walk.words.push(word.toLowerCase());
        walk.counted += word.length;
        walk.run = 0;
      }
    }
  }
}

/**
 * Matches server names after two slashes, and names that mail programs turn into links
 * automatically.
 */
const afterSlashes = /[/\\]{2}([^\s/\\"'<>?#]{1,255})/u;
const bareName = /(?<![\p{L}\p{N}.@-])((?:[\p{L}\p{N}-]{1,63}\.){1,8}[a-z]{2,24})(?![\p{L}\p{N}])/u;
const serversIn = new RegExp(`${afterSlashes.source}|${bareName.source}`, 'giu');

function addServers({ servers }: TextWalk, text: string): void {
  for (const [, linked, named] of text.matchAll(serversIn)) {
    servers.add((linked ?? named ?? '').toLowerCase());
  }
}

function pass(walk: TextWalk, length: number): void {
  if (walk.run % maskedTogether === 0) walk.words.push('*');
  walk.run++;
  walk.masked += length;
}

/** Reads a part; false if the message cannot be read completely. */
function readPart(part: MimePart, walk: TextWalk, depth: number): boolean {
  walk.parts++;
  if (walk.parts > partsMax || depth > depthMax) return false;
  if (part.text !== '' && !readText(Buffer.from(part.text, 'latin1'), '', walk)) return false;
  const kind = /^\s*([\w.+-]+\/[\w.+-]+)/.exec(part.type)?.[1]?.toLowerCase() ?? 'text/plain';
  if (kind.startsWith('multipart/')) {
    const inner = splitParts(part, partsMax);
    return inner?.every((one) => readPart(one, walk, depth + 1)) === true;
  }
  const bytes = decoded(part);
  if (bytes === undefined) return false;
  const isText = kind.startsWith('text/') && !/^\s*attachment/i.test(part.disposition);
  if (isText) return readText(bytes, part.type, walk, kind === 'text/html');
  walk.attachments.push(`${kind} ${hex(bytes)}`);
  return true;
}

function readText(bytes: Buffer, type: string, walk: TextWalk, isHtml = false): boolean {
  walk.textOctets += bytes.length;
  if (walk.textOctets > textOctetsMax) return false;
  const text = inCharset(bytes, type);
  const read = isHtml ? htmlText(text) : text;
  if (read === undefined) return false;
  // Browsers ignore line breaks inside an address.
  addServers(walk, isHtml ? withoutEntities(text).replace(/[\t\r\n]+/g, '') : text);
  addWords(walk, read);
  return true;
}

/** Decodes text in the charset of its type, else as UTF-8, else as Latin-1. */
function inCharset(bytes: Buffer, type: string): string {
  const label = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(type)?.[1] ?? 'utf-8';
  for (const charset of [label, 'utf-8']) {
    try {
      return new TextDecoder(charset, { fatal: true }).decode(bytes);
    } catch {
      // The charset is unknown, or the text is not in this charset.
    }
  }
  return bytes.toString('latin1');
}

/** The decoded body of a part; undefined if readers may decode it differently. */
function decoded({ encoding, body }: MimePart): Buffer | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'base64': {
      const text = body.toString('latin1');
      if (/[^A-Za-z0-9+/=\s]/.test(text) || /=\s*[^=\s]/.test(text)) return undefined;
      return Buffer.from(text, 'base64');
    }
    case 'quoted-printable':
      // Each octet is written as at most three.
      if (body.length > 3 * textOctetsMax) return undefined;
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

/**
 * The value of a field; empty if it is missing; undefined if it occurs more than once, because
 * readers differ in which one they use.
 */
function only(header: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < header.length; at += 2) {
    if (header[at]?.toLowerCase() !== name) continue;
    if (found !== undefined) return undefined;
    found = (header[at + 1] ?? '').replace(/\n[ \t]+/g, ' ').trim();
  }
  return found ?? '';
}
