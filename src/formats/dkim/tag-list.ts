/**
 * Reads and writes tag lists, `a=1; b=2`, the form of signatures and key records (RFC 6376 section
 * 3.2).
 */
import { fault, ok, type Result } from '../../lib/result.ts';

/**
 * Tags in the order of the text. White space around values is removed; white space inside stays.
 */
export type TagList = ReadonlyMap<string, string>;

/** The most tags; no standard has as many. */
const tagsMax = 64;

/**
 * Reads a list. The fault is a sentence. Octets above 0x7f are unchanged (RFC 8616 allows UTF-8).
 */
export function parseTagList(text: string): Result<TagList, string> {
  const tags = new Map<string, string>();
  const specs = text.split(';');
  // A final semicolon is allowed, but an empty list is not.
  if (specs.length > 1 && trim(specs.at(-1) ?? '') === '') specs.pop();
  if (specs.length > tagsMax) return fault(`it has more than ${tagsMax} tags`);
  for (const spec of specs) {
    const equals = spec.indexOf('=');
    if (equals < 0) {
      return fault(trim(spec) === '' ? 'it has an empty tag' : `${quoted(spec)} has no "="`);
    }
    const name = trim(spec.slice(0, equals));
    if (!/^[A-Za-z]\w*$/.test(name)) return fault(`${quoted(name)} is not a tag name`);
    if (tags.has(name)) return fault(`the tag ${name}= occurs twice`);
    const value = trim(spec.slice(equals + 1));
    const bad = /[^\t\n\r !-:<-~\x80-\xff]/.exec(value);
    if (bad !== null) return fault(`the tag ${name}= has a control character`);
    tags.set(name, value);
  }
  return ok(tags);
}

/** Writes `tags` as a list, without tags that have no value. */
export function printTagList(tags: readonly (readonly [string, string | undefined])[]): string {
  return tags
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/** The parts of `a : b`, without white space around them. */
export function colonList(value: string): readonly string[] {
  return value.split(':').map(trim);
}

/** Removes all white space, as for reading base64. */
export function withoutWhite(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}

/**
 * Removes SP, TAB, CR and LF at both ends. Other white space stays, because these texts are octets.
 */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text.charCodeAt(start))) start++;
  while (end > start && isWhite(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** Makes a part of a stranger's text safe to show in a sentence. */
function quoted(text: string): string {
  const plain = trim(text).replace(/[^ -~]/g, '?');
  return `"${plain.length > 30 ? `${plain.slice(0, 30)}…` : plain}"`;
}
