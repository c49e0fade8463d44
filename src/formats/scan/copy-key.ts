/**
 * By which a scanned message is known again: two messages with the same print say the same,
 * whatever names, links and numbers stand in them. Stricter than the guard's fingerprint, since a
 * verdict is taken over by it: all of the text counts and not its beginning, a digest stands for it
 * that nobody can hit by chance or on purpose, text in base64 is read, and attachments must be the
 * same octet for octet. Where links lead to is told beside it. What stands in for a name says how
 * long it is, and what is not clear has no print: else a letter could hide in what is passed over.
 * Pure, never throws.
 */
import { sha256 } from '../../lib/sha256.ts';
import { readableSubject, subjectLengthMax } from '../message/header.ts';
import { htmlText, withoutEntities } from './html-text.ts';
import { type MimePart, splitParts } from './mime-parts.ts';

/**
 * Letters that count a text must have, and their share of all, at least: with fewer, two messages
 * that differ in what is passed over could seem to be one.
 */
const lettersMin = 60;
const lettersShareMin = 0.4;
/**
 * Names, numbers and links that follow one another and stand for each other, as `John` does for
 * `Maria Magdalena`.
 */
const maskedTogether = 6;
/** A link counts for so many letters at most: it is long, and little of it is read. */
const linkLettersMax = 30;
/** Parts looked at; a message with more is known by its octets alone. */
const partsMax = 100;
const depthMax = 8;
/**
 * Text that is looked at: words are told apart at some 7 MB a second, and all other mail waits
 * meanwhile.
 */
const textOctetsMax = 256 * 1024;

export type CopyKeyInput = {
  /** Names and values, in turn, as octets. */
  readonly header: readonly string[];
  readonly body: Buffer;
  /** The body goes on behind what is here. */
  readonly cut: boolean;
};

export type CopyKey = {
  readonly text: string;
  /** The servers that its links lead to. */
  readonly servers: string;
};

/**
 * Undefined: too little text, or too much of it, to know it by; then only the very same octets are
 * the same message.
 */
export function copyKeyOf({ header, body, cut }: CopyKeyInput): CopyKey | undefined {
  if (cut) return undefined;
  const walk: TextWalk = {
    words: [],
    letters: 0,
    maskedLetters: 0,
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
  const { letters, maskedLetters } = walk;
  if (letters < lettersMin || letters < lettersShareMin * (letters + maskedLetters)) {
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

/** Undefined: it is longer than what is read of it. */
function subjectOf(header: readonly string[]): string | undefined {
  const value = only(header, 'subject');
  // Octets outside ASCII are mostly UTF-8, as in the body.
  const subject = value === undefined ? '' : Buffer.from(value, 'latin1').toString();
  const read = readableSubject(subject);
  const isCut = read.endsWith('…') && read.length >= subjectLengthMax - 1;
  return value === undefined || isCut ? undefined : read;
}

type TextWalk = {
  /** Words that count, as they follow one another; `*` for what is passed over. */
  readonly words: string[];
  letters: number;
  maskedLetters: number;
  /** How much was passed over since the last word. */
  run: number;
  readonly attachments: string[];
  readonly servers: Set<string>;
  parts: number;
  textOctets: number;
};

/** Words, with what may stand within one, and pictures: what has a dot inside is a host's name. */
const wordsIn = /[\p{L}\p{M}\p{N}\p{So}]+(?:[.'\u2019_-][\p{L}\p{M}\p{N}\p{So}]+)*/gu;

function addWords(walk: TextWalk, text: string): void {
  // A text of its own: no name of the one before it goes on here.
  walk.words.push('|');
  walk.run = 0;
  for (const chunk of text.split(/[\s<>"()[\],;]+/)) {
    // Links and addresses.
    if (chunk.includes('@') || chunk.includes('://') || /^www\.|\.[a-z]{2,24}[/:?]/i.test(chunk)) {
      pass(walk, Math.min(chunk.length, linkLettersMax));
      continue;
    }
    for (const [word] of chunk.matchAll(wordsIn)) {
      if (/^\p{Lu}|[\p{N}.]/u.test(word)) pass(walk, word.length);
      else {
        walk.words.push(word.toLowerCase());
        walk.letters += word.length;
        walk.run = 0;
      }
    }
  }
}

/** Wherever two slashes are, and where a mail reader makes a link of a name by itself. */
const serversIn =
  /[/\\]{2}([^\s/\\"'<>?#]{1,255})|(?<![\p{L}\p{N}.@-])((?:[\p{L}\p{N}-]{1,63}\.){1,8}[a-z]{2,24})(?![\p{L}\p{N}])/giu;

function addServers({ servers }: TextWalk, text: string): void {
  for (const [, linked, named] of text.matchAll(serversIn)) {
    servers.add((linked ?? named ?? '').toLowerCase());
  }
}

function pass(walk: TextWalk, letters: number): void {
  if (walk.run % maskedTogether === 0) walk.words.push('*');
  walk.run++;
  walk.maskedLetters += letters;
}

/** False: this message cannot be walked through. */
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
  // Browsers pass over line breaks within an address.
  addServers(walk, isHtml ? withoutEntities(text).replace(/[\t\r\n]+/g, '') : text);
  addWords(walk, read);
  return true;
}

/** As its type says, else UTF-8, else the charset in which each octet is a letter of its own. */
function inCharset(bytes: Buffer, type: string): string {
  const label = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(type)?.[1] ?? 'utf-8';
  for (const charset of [label, 'utf-8']) {
    try {
      return new TextDecoder(charset, { fatal: true }).decode(bytes);
    } catch {
      // Unknown, or it is not what it says.
    }
  }
  return bytes.toString('latin1');
}

/** Undefined: it is not clear what a reader makes of it. */
function decoded({ encoding, body }: MimePart): Buffer | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'base64': {
      const text = body.toString('latin1');
      if (/[^A-Za-z0-9+/=\s]/.test(text) || /=\s*[^=\s]/.test(text)) return undefined;
      return Buffer.from(text, 'base64');
    }
    case 'quoted-printable':
      // An octet is three at most.
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
 * Its value; empty: there is none; undefined: there are more, and readers differ in which they
 * take.
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
