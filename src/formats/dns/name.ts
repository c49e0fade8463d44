/**
 * Domain names in the form that records use: lower case, no final dot, the empty text for the root.
 * A character is an octet (Latin-1). Only a dot or a backslash inside a label has a backslash
 * before it (RFC 1035 section 5.1).
 */
import { fault, ok, type Result } from '../../lib/result.ts';

/** The longest label (RFC 1035 section 2.3.4). */
const labelOctetsMax = 63;
/**
 * The longest name: 255 octets on the wire are 253 characters, because each label and the root have
 * a length octet.
 */
const nameOctetsMax = 253;

/** Lower-cases ASCII only; other octets have no case (RFC 4343). */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

/** The labels of a name, each as its octets. */
export function labelsOf(name: string): readonly string[] {
  if (name === '') return [];
  if (!name.includes('\\')) return name.split('.');
  const labels: string[] = [];
  let label = '';
  for (let at = 0; at < name.length; at++) {
    const char = name[at] ?? '';
    if (char === '.') {
      labels.push(label);
      label = '';
    } else if (char === '\\') label += name[++at] ?? '';
    else label += char;
  }
  return [...labels, label];
}

/** The name with these labels. */
export function nameOf(labels: readonly string[]): string {
  return lowerCase(labels.map((label) => label.replace(/[.\\]/g, '\\$&')).join('.'));
}

/** The name without its first label; empty for a name of one label. */
export function parentOf(name: string): string {
  return nameOf(labelsOf(name).slice(1));
}

/** Whether a name has labels of its own before those of `above`. */
export function isBelow(name: string, above: string): boolean {
  const [own, top] = [labelsOf(name), labelsOf(above)];
  return own.length > top.length && endsWith(own, top);
}

/** What is wrong with labels from outside; undefined if they are valid. */
function labelsFault(labels: readonly string[]): string | undefined {
  if (labels.includes('')) return 'has two dots in a row, or begins with a dot';
  if (labels.some((label) => label.length > labelOctetsMax)) {
    return `has a part of more than ${labelOctetsMax} octets`;
  }
  const octets = labels.reduce((sum, label) => sum + label.length + 1, -1);
  return octets > nameOctetsMax ? `has more than ${nameOctetsMax} octets` : undefined;
}

/** Whether the name is valid in a DNS question. */
export function askable(name: string): boolean {
  return labelsFault(labelsOf(name)) === undefined;
}

/** The longest name with every octet written as `\DDD`. */
const writtenLengthMax = 1_100;
const shownLengthMax = 60;

/** Parses a name from a master file; `origin` completes a name without a final dot. */
export function parseName(raw: string, origin: string | undefined): Result<string, string> {
  if (raw === '@') return origin === undefined ? fault('@, and there is no $ORIGIN') : ok(origin);
  if (raw === '.') return ok('');
  const shown = raw.length > shownLengthMax ? `${raw.slice(0, shownLengthMax)}...` : raw;
  if (raw.length > writtenLengthMax) return fault(`${shown} is far too long for a name`);
  const labels: string[] = [];
  let label = '';
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at] ?? '';
    if (char === '.') {
      labels.push(label);
      label = '';
    } else if (char === '\\') {
      const read = escapeAt(raw, at);
      if (read === undefined) return fault(`${shown} has an invalid backslash`);
      label += read.octet;
      at += read.length - 1;
    } else label += char;
  }
  const absolute = label === '' && labels.length > 0;
  if (!absolute) {
    if (origin === undefined) return fault(`${shown} has no final dot, and there is no $ORIGIN`);
    labels.push(label, ...labelsOf(origin));
  }
  const wrong = labelsFault(labels);
  return wrong === undefined ? ok(nameOf(labels)) : fault(`${shown} ${wrong}`);
}

/** The octet that the escape at `at` means, and the length of the escape. */
export function escapeAt(
  raw: string,
  at: number,
): { readonly octet: string; readonly length: number } | undefined {
  const digits = /^\d{3}/.exec(raw.slice(at + 1, at + 4))?.[0];
  if (digits !== undefined) {
    const code = Number(digits);
    return code > 255 ? undefined : { octet: String.fromCharCode(code), length: 4 };
  }
  const next = raw[at + 1];
  return next === undefined || /\d/.test(next) ? undefined : { octet: next, length: 2 };
}

/** Prints a name for a master file: relative if it is below `origin`, else with the final dot. */
export function printName(name: string, origin: string | undefined): string {
  const labels = labelsOf(name);
  const above = origin === undefined ? undefined : labelsOf(origin);
  if (above !== undefined && above.length > 0 && endsWith(labels, above)) {
    const own = labels.slice(0, labels.length - above.length);
    return own.length === 0 ? '@' : own.map(printLabel).join('.');
  }
  return `${labels.map(printLabel).join('.')}.`;
}

function endsWith(labels: readonly string[], above: readonly string[]): boolean {
  const from = labels.length - above.length;
  return from >= 0 && above.every((label, nth) => labels[from + nth] === label);
}

function printLabel(label: string): string {
  return label
    .replace(/[.\\"();@$]/g, '\\$&')
    .replace(/[^!-~]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`);
}
