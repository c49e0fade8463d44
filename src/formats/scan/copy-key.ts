/**
 * The key under which a scan result is reused for copies of a message. Two messages get the same
 * key if they differ only in names, links and numbers.
 *
 * It is stricter than the guard's fingerprint, because a verdict is taken over by it. The whole
 * text counts and not only its beginning; the key is a digest that nobody can hit by chance or on
 * purpose; text in base64 is read; attachments must be the same octet for octet. The servers that
 * links lead to are a second part of the key. Placeholders show how many names, links or numbers
 * they replace, in steps of six. A message that mail programs could show in different ways has no
 * key, because text could hide in what is passed over. Pure, never throws.
 */
import { sha256 } from '../../lib/sha256.ts';
import { readableSubject, subjectLengthMax } from '../message/header.ts';
import { htmlText, withoutEntities } from './html-text.ts';
import { type MimePart, splitParts } from './mime-parts.ts';

/**
 * Characters that count: how many a text must have, and their share of all characters. With fewer,
 * two messages that differ in what is passed over could seem to be one.
 */
const countedMin = 60;
const countedShareMin = 0.4;
/**
 * Names, numbers and links in a row that share one placeholder: `John` and `Maria Magdalena` give
 * the same key.
 */
const maskedTogether = 6;
/** Characters that a link counts for, at most: links are long, and people read little of them. */
const linkCharsMax = 30;
/** A message with more parts is known by its octets alone. */
const partsMax = 100;
const depthMax = 8;
/**
 * Octets of text that are read: 256 KiB. Words are found at about 7 MB a second, and all other mail
 * waits meanwhile.
 */
const textOctetsMax = 256 * 1024;

export type KeyedMessage = {
  /** Names and values of the fields, alternating, as octets. */
  readonly header: readonly string[];
  readonly body: Buffer;
  /** True if `body` is only the beginning. */
  readonly cut: boolean;
};

export type CopyKey = {
  readonly text: string;
  /** Digest of the servers that its links lead to. */
  readonly servers: string;
};

/**
 * Undefined if the message has too little or too much text for a key. Then only the same octets are
 * a copy.
 */
export function copyKeyOf({ header, body, cut }: KeyedMessage): CopyKey | undefined {
  if (cut) return undefined;
  const walk: Walk = {
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
  if (counted < countedMin || counted < countedShareMin * (counted + masked)) return undefined;
  return {
    text: hex([walk.words.join(' '), ...walk.attachments].join('\n')),
    servers: hex([...walk.servers].sort().join('\n')),
  };
}

function hex(content: string | Buffer): string {
  return sha256(Buffer.from(content)).toString('hex');
}

/** Undefined if the subject is longer than what is read, or if there are several. */
function subjectOf(header: readonly string[]): string | undefined {
  const value = only(header, 'subject');
  // Octets outside ASCII are mostly UTF-8, as in the body.
  const subject = value === undefined ? '' : Buffer.from(value, 'latin1').toString();
  const read = readableSubject(subject);
  const isCut = read.endsWith('…') && read.length >= subjectLengthMax - 1;
  return value === undefined || isCut ? undefined : read;
}

type Walk = {
  /** Words that count, in their order; `*` for what is passed over. */
  readonly words: string[];
  /** Characters of the words that count, and of what is passed over. */
  counted: number;
  masked: number;
  /** Names, numbers and links passed over since the last word. */
  run: number;
  readonly attachments: string[];
  readonly servers: Set<string>;
  parts: number;
  textOctets: number;
};

/** Words, with signs that may be inside, and pictures. A word with a dot inside is a host name. */
const wordsIn = /[\p{L}\p{M}\p{N}\p{So}]+(?:[.'\u2019_-][\p{L}\p{M}\p{N}\p{So}]+)*/gu;

function addWords(walk: Walk, text: string): void {
  // A new text begins: no name of the text before continues here.
  walk.words.push('|');
  walk.run = 0;
  for (const chunk of text.split(/[\s<>"()[\],;]+/)) {
    // Links and addresses.
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

/** Names behind two slashes, and bare names that mail programs turn into links. */
const linkedServer = /[/\\]{2}([^\s/\\"'<>?#]{1,255})/;
const bareServer =
  /(?<![\p{L}\p{N}.@-])((?:[\p{L}\p{N}-]{1,63}\.){1,8}[a-z]{2,24})(?![\p{L}\p{N}])/iu;
const serversIn = new RegExp(`${linkedServer.source}|${bareServer.source}`, 'giu');

function addServers({ servers }: Walk, text: string): void {
  for (const [, linked, named] of text.matchAll(serversIn)) {
    servers.add((linked ?? named ?? '').toLowerCase());
  }
}

function pass(walk: Walk, characters: number): void {
  if (walk.run % maskedTogether === 0) walk.words.push('*');
  walk.run++;
  walk.masked += characters;
}

/** False if the message cannot be read to its end, so that it has no key. */
function readPart(part: MimePart, walk: Walk, depth: number): boolean {
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

function readText(bytes: Buffer, type: string, walk: Walk, isHtml = false): boolean {
  walk.textOctets += bytes.length;
  if (walk.textOctets > textOctetsMax) return false;
  const text = inCharset(bytes, type);
  const read = isHtml ? htmlText(text) : text;
  if (read === undefined) return false;
  // Browsers ignore line breaks within an address.
  addServers(walk, isHtml ? withoutEntities(text).replace(/[\t\r\n]+/g, '') : text);
  addWords(walk, read);
  return true;
}

/** Decoded as its type says, else as UTF-8, else as Latin-1, where each octet is one character. */
function inCharset(bytes: Buffer, type: string): string {
  const label = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(type)?.[1] ?? 'utf-8';
  for (const charset of [label, 'utf-8']) {
    try {
      return new TextDecoder(charset, { fatal: true }).decode(bytes);
    } catch {
      // An unknown charset, or the octets are not in this charset.
    }
  }
  return bytes.toString('latin1');
}

/** Undefined if mail programs could decode the body in different ways. */
function decoded({ encoding, body }: MimePart): Buffer | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'base64': {
      const text = body.toString('latin1');
      if (/[^A-Za-z0-9+/=\s]/.test(text) || /=\s*[^=\s]/.test(text)) return undefined;
      return Buffer.from(text, 'base64');
    }
    case 'quoted-printable':
      // One octet is written with at most three characters.
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
 * The value of the only field with this name; empty without such a field. Undefined if there are
 * several, because mail programs differ in which they take.
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
