/**
 * Writes header fields in the form that is hashed (RFC 6376 sections 3.4.1, 3.4.2). Texts are
 * Latin-1, one octet a character. A value is everything after the colon, with its leading space and
 * without the line end. It may be folded with CRLF or, as in the milter protocol, with LF.
 */
import type { Canonicalization } from './body-hash.ts';

export type HeaderField = { readonly name: string; readonly value: string };

/** The canonical field, without the line end that follows it. */
export function canonicalHeader(how: Canonicalization, { name, value }: HeaderField): string {
  return how === 'simple' ? `${name}:${value.replace(/\r?\n/g, '\r\n')}` : relaxed(name, value);
}

function relaxed(name: string, value: string): string {
  const unfolded = value.replace(/\r?\n/g, '').replace(/[ \t]+/g, ' ');
  const start = unfolded.startsWith(' ') ? 1 : 0;
  const end = unfolded.length > start && unfolded.endsWith(' ') ? -1 : unfolded.length;
  return `${headerKey(name)}:${unfolded.slice(start, end)}`;
}

/** A name in the form that is compared: ASCII in lower case, without white space at the end. */
export function headerKey(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === ' ' || name[end - 1] === '\t')) end--;
  return name.slice(0, end).replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}
