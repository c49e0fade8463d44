/**
 * Header fields as they are hashed (RFC 6376 sections 3.4.1, 3.4.2). Texts are Latin-1: an octet a
 * character. A value is everything after the colon, its leading space included, without the line
 * end; it may be folded with CRLF or, as the milter protocol has it, LF.
 */
import type { Canonicalization } from './body-hash.ts';

export type HeaderField = { readonly name: string; readonly value: string };

/** Without the line end that follows it. */
export function canonicalHeader(how: Canonicalization, { name, value }: HeaderField): string {
  return how === 'simple' ? `${name}:${value.replace(/\r?\n/g, '\r\n')}` : relaxed(name, value);
}

function relaxed(name: string, value: string): string {
  const unfolded = value.replace(/\r?\n/g, '').replace(/[ \t]+/g, ' ');
  const start = unfolded.startsWith(' ') ? 1 : 0;
  const end = unfolded.length > start && unfolded.endsWith(' ') ? -1 : unfolded.length;
  return `${headerKey(name)}:${unfolded.slice(start, end)}`;
}

/** A name as it is compared: ASCII letters in lower case, no white space at its end. */
export function headerKey(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === ' ' || name[end - 1] === '\t')) end--;
  return name.slice(0, end).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
