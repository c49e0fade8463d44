/**
 * Reads values of MIME fields (RFC 2045 section 5.1, RFC 2231), and the few other fields that tell
 * about the program that wrote a message. Pure, bounded, never throws: it walks over each value
 * once, and uses no pattern that could search back.
 */
import { bareMessageId, readableSubject } from '../message/header.ts';

/** A MIME field: `text/plain; charset=utf-8` has the value `text/plain`. */
export type MimeField = {
  /** In lower case. */
  readonly value: string;
  /** In order, names in lower case. */
  readonly params: readonly MimeParam[];
};
export type MimeParam = { readonly name: string; readonly value: string };

/** Characters of a field that are read. */
const fieldLengthMax = 2_048;
const paramsMax = 40;
/** Characters of an extension. */
const extensionLengthMax = 10;
const messageIdLengthMax = 256;
/** The offset stands at the end of a date. */
const zoneWithin = 64;

const noField: MimeField = { value: '', params: [] };

/** Parses a MIME field. */
export function mimeField(text: string): MimeField {
  if (text === '') return noField;
  const field = text.length > fieldLengthMax ? text.slice(0, fieldLengthMax) : text;
  const semicolon = field.indexOf(';');
  const value = (semicolon < 0 ? field : field.slice(0, semicolon)).trim().toLowerCase();
  if (semicolon < 0) return { value, params: [] };
  const params: MimeParam[] = [];
  let at = semicolon + 1;
  while (at < field.length && params.length < paramsMax) {
    const equals = field.indexOf('=', at);
    if (equals < 0) break;
    const next = field.indexOf(';', at);
    if (next >= 0 && next < equals) {
      at = next + 1;
      continue;
    }
    const name = field.slice(at, equals).trim().toLowerCase();
    const read = paramValue(field, equals + 1);
    params.push({ name, value: read.value });
    at = read.end;
  }
  return { value, params };
}

/** A token or a quoted string from `from` on, and where the next parameter begins. */
function paramValue(text: string, from: number): { readonly value: string; readonly end: number } {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;
  if (text[at] !== '"') {
    const next = text.indexOf(';', at);
    const end = next < 0 ? text.length : next;
    return { value: text.slice(at, end).trim(), end: end + 1 };
  }
  let value = '';
  let start = ++at;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') {
      value += text.slice(start, at);
      start = ++at;
    }
    at++;
  }
  value += text.slice(start, at);
  const next = text.indexOf(';', at);
  return { value, end: next < 0 ? text.length : next + 1 };
}

/** The value of the first parameter with this name; empty without one. */
export function paramOf({ params }: MimeField, name: string): string {
  for (const param of params) if (param.name === name) return param.value;
  return '';
}

/**
 * The name of a file, in its pieces (`filename*0*=`), with its escapes (`%2E`), or as an encoded
 * word.
 */
export function fileNameOf(field: MimeField, name: string): string {
  let text = '';
  for (const param of field.params) {
    if (param.name !== name && !param.name.startsWith(`${name}*`)) continue;
    // Some programs write the name twice: for old readers, and as RFC 2231 wants it.
    if (param.name === name || param.name === `${name}*`) text = '';
    text += param.name.endsWith('*') ? unescaped(param.value) : param.value;
  }
  return text.includes('=?') ? readableSubject(text) : text;
}

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%2e/gi, '.');
  }
}

/** The extension of a file's name in lower case, without its dot; empty without one. */
export function extensionOf(fileName: string): string {
  let end = fileName.length;
  // Windows ignores dots and spaces at the end of a name.
  while (end > 0 && (fileName[end - 1] === '.' || fileName[end - 1] === ' ')) end--;
  const dot = fileName.lastIndexOf('.', end - 1);
  if (dot < 0 || end - dot - 1 > extensionLengthMax) return '';
  const extension = fileName.slice(dot + 1, end).toLowerCase();
  return /^[a-z0-9]+$/.test(extension) ? extension : '';
}

/** Names of zones in RFC 5322 section 4.3. */
const oldZones: Readonly<Record<string, string>> = {
  UT: '+0000',
  GMT: '+0000',
  UTC: '+0000',
  Z: '+0000',
  EST: '-0500',
  EDT: '-0400',
  CST: '-0600',
  CDT: '-0500',
  MST: '-0700',
  MDT: '-0600',
  PST: '-0800',
  PDT: '-0700',
};

/** The offset at the end of a Date: `+0100`; empty without one. */
export function zoneOf(date: string): string {
  let text = date.trimEnd();
  const comment = text.endsWith(')') ? text.lastIndexOf('(') : -1;
  if (comment >= 0) text = text.slice(0, comment).trimEnd();
  text = text.slice(-zoneWithin);
  const zone = text.slice(text.lastIndexOf(' ') + 1);
  if (/^[+-]\d{4}$/.test(zone)) return zone;
  return Object.hasOwn(oldZones, zone) ? (oldZones[zone] ?? '') : '';
}

/** The first Message-ID in a field such as In-Reply-To, without its brackets. */
export function firstMessageId(field: string): string {
  const text = field.slice(0, fieldLengthMax);
  const open = text.indexOf('<');
  const close = open < 0 ? -1 : text.indexOf('>', open);
  const id = close < 0 ? bareMessageId(text) : text.slice(open + 1, close);
  return id.replace(/[\s\p{C}]+/gu, '').slice(0, messageIdLengthMax);
}
