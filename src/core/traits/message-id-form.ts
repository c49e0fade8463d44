/**
 * The form of a Message-ID: what stays the same in all ids that one program makes. Numbers, random
 * characters and the sender's own domain are made alike, so `<4F2A-…@here>` of today and tomorrow
 * are one form, and those of another program are another. Pure, bounded, never throws.
 *
 * Which kind a run of characters has is decided for the whole id: eight hexadecimal digits are
 * sometimes all numbers, and must not look like a number then.
 *
 *   <1b2c3d4e-5f60-7a8b-9c0d-1e2f3a4b5c6d@here>   f-f-f-f-f@own
 *   <000001dc5e1b$0a1b2c3d$9e8f7a6b$@here>        f$f$f$@own
 *   <CAF3kz+Xq_0-9abcDEF=g@mail.gmail.com>        z@mail.gmail.com
 *   <1764416700.12.7@web1.example>                9.9.9@web9.example
 */

/** What the id may name as its own place. */
export type IdOwner = {
  /** Domains of the sender. */
  readonly domains: readonly string[];
  /** What the client said in EHLO; empty if it is not known. */
  readonly helo: string;
};

/** Longer ids are cut. */
const idLengthMax = 256;
const formLengthMax = 100;
/** A run of random characters this long is made by a program with a fixed length. */
const fixedLengthMin = 16;

// Bits: what a run of letters and digits has.
const digits = 1;
const hexLower = 2;
const hexUpper = 4;
const lower = 8;
const upper = 16;
const alphabetic = hexLower | hexUpper | lower | upper;

/** Characters of base64 and of its form in URLs, besides letters and digits. */
const joiners = '+/=_-';

/** `id` with or without its brackets. Empty for an empty id. */
export function messageIdForm(id: string, owner: IdOwner): string {
  const text = bare(id.trim().slice(0, idLengthMax));
  if (text === '') return '';
  const split = text.lastIndexOf('@');
  const local = localForm(split < 0 ? text : text.slice(0, split));
  if (split < 0) return local.slice(0, formLengthMax);
  const domain = domainForm(text.slice(split + 1).toLowerCase(), owner);
  return `${local.slice(0, formLengthMax)}@${domain.slice(0, formLengthMax)}`;
}

function bare(id: string): string {
  const start = id.startsWith('<') ? 1 : 0;
  return id.slice(start, id.endsWith('>') ? -1 : undefined);
}

type Run = { readonly has: number; readonly length: number; readonly mark: string };

function localForm(local: string): string {
  const runs = runsOf(local);
  let any = 0;
  let isHex = false;
  let isRandom = false;
  let isBase64 = false;
  for (const { has } of runs) {
    any |= has;
    if ((has & digits) === 0 || (has & alphabetic) === 0) continue;
    const isMixed = (has & (hexUpper | upper)) !== 0 && (has & (hexLower | lower)) !== 0;
    if (isMixed) isBase64 = true;
    else if ((has & (lower | upper)) !== 0) isRandom = true;
    else isHex = true;
  }
  if (isBase64) return base64Form(runs);
  const isUpper = (any & (hexUpper | upper)) !== 0 && (any & (hexLower | lower)) === 0;
  let form = '';
  for (const { has, length, mark } of runs) {
    form += mark;
    if (has === 0) continue;
    const kind = kindOf(has, isHex, isRandom);
    form += isUpper ? kind.toUpperCase() : kind;
    if (length >= fixedLengthMin && kind !== '9' && kind !== 'a') form += String(length);
  }
  return form;
}

/** 9: a number. f: hexadecimal. x: letters and digits. a: a word. */
function kindOf(has: number, isHex: boolean, isRandom: boolean): string {
  if (isRandom) return 'x';
  const isWord = (has & (lower | upper)) !== 0;
  if (isHex && !isWord) return 'f';
  return (has & alphabetic) === 0 ? '9' : 'a';
}

/** The characters of base64 stand anywhere in random text, so they count as such text. */
function base64Form(runs: readonly Run[]): string {
  let form = '';
  for (const { has, mark } of runs) {
    for (const char of mark) {
      const joined = joiners.includes(char) ? 'z' : char;
      if (joined !== 'z' || !form.endsWith('z')) form += joined;
    }
    if (has !== 0 && !form.endsWith('z')) form += 'z';
  }
  return form;
}

/** Runs of letters and digits, each with the marks in front; the last may be marks only. */
function runsOf(local: string): readonly Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < local.length; ) {
    const markStart = at;
    while (at < local.length && bitOf(local.charCodeAt(at)) === 0) at++;
    const start = at;
    let has = 0;
    for (let bit = 0; at < local.length; at++) {
      bit = bitOf(local.charCodeAt(at));
      if (bit === 0) break;
      has |= bit;
    }
    runs.push({ has, length: at - start, mark: local.slice(markStart, start) });
  }
  return runs;
}

function bitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return digits;
  if (code >= 0x61 && code <= 0x7a) return code <= 0x66 ? hexLower : lower;
  if (code >= 0x41 && code <= 0x5a) return code <= 0x46 ? hexUpper : upper;
  return 0;
}

function domainForm(domain: string, { domains, helo }: IdOwner): string {
  if (domain.startsWith('[')) return '[ip]';
  for (const own of domains) {
    if (own === '') continue;
    if (domain === own || domain.endsWith(`.${own}`) || own.endsWith(`.${domain}`)) return 'own';
  }
  if (domain !== '' && domain === helo.toLowerCase()) return 'host';
  // Machines of one service have numbers: web1, web2.
  return domain.replace(/\d+/g, '9');
}
