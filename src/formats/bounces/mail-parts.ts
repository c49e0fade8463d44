/**
 * A message as its header fields and parts (RFC 5322, RFC 2045). Bounces are often damaged: lines
 * end with CR, LF or CRLF, boundaries are missing, names of types are misspelt. What cannot be read
 * as MIME is read as text. Pure, never throws; time is linear, with limits for everything.
 */
import { decodePart, pageText } from './decode.ts';

/** Lower-case names and their values, unfolded, in order. */
export type MailFields = readonly (readonly [name: string, value: string])[];

export type MailPart = {
  /** Such as `text/plain`; lower case. */
  readonly type: string;
  /** Decoded; of HTML what people see. */
  readonly text: string;
};

export type Mail = { readonly fields: MailFields; readonly parts: readonly MailPart[] };

/** Octets of a message that are read: the report is at its beginning, the original follows. */
export const mailOctetsMax: number = 4 * 1024 * 1024;
/** Characters that are kept of one part. A report for a thousand recipients has fewer. */
const partLengthMax = 512 * 1024;
const partsMax = 40;
/** Multiparts in multiparts. Each level reads its lines again. */
const depthMax = 6;
const fieldsMax = 500;
const fieldLengthMax = 8_192;

/** The message in these octets, given one a character (latin1). */
export function parseMail(octets: string): Mail {
  const text = octets.slice(0, mailOctetsMax).replace(/\r\n?/g, '\n').replace(/^\n+/, '');
  const lines = text.split('\n');
  // The line before the header in a mailbox file.
  const start = /^>?From /.test(lines[0] ?? '') ? 1 : 0;
  const parts: MailPart[] = [];
  const fields = walk(lines, start, lines.length, 0, parts);
  return { fields, parts };
}

/** The value of the first field of this name; empty without one. */
export function fieldValue(fields: MailFields, name: string): string {
  return fields.find(([one]) => one === name)?.[1] ?? '';
}

/** The fields at the beginning of these lines. */
export function fieldsIn(lines: readonly string[]): MailFields {
  return header(lines, 0, lines.length).fields;
}

function header(
  lines: readonly string[],
  start: number,
  end: number,
): { readonly fields: MailFields; readonly body: number } {
  const fields: [string, string][] = [];
  let at = start;
  for (; at < end; at++) {
    const line = lines[at] ?? '';
    if (line === '') return { fields, body: at + 1 };
    const last = fields.at(-1);
    if ((line[0] === ' ' || line[0] === '\t') && last !== undefined) {
      if (last[1].length < fieldLengthMax) last[1] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    // A body without the empty line before it.
    if (colon < 1 || colon > 80 || /[\s<>@]/.test(line.slice(0, colon).trimEnd())) break;
    if (fields.length >= fieldsMax) continue;
    const value = line.slice(colon + 1, colon + 1 + fieldLengthMax).trim();
    fields.push([line.slice(0, colon).trim().toLowerCase(), value]);
  }
  return { fields, body: at };
}

function walk(
  lines: readonly string[],
  start: number,
  end: number,
  depth: number,
  parts: MailPart[],
): MailFields {
  const { body, fields } = header(lines, start, end);
  const content = fieldValue(fields, 'content-type');
  const type = (/^[^;\s]{1,100}/.exec(content)?.[0] ?? 'text/plain').toLowerCase();
  const boundary = parameter(content, 'boundary');
  if (type.startsWith('multipart/') && boundary !== '' && depth < depthMax) {
    if (multipart(lines, body, end, boundary, depth, parts)) return fields;
  }
  if (parts.length < partsMax) {
    const encoding = fieldValue(fields, 'content-transfer-encoding');
    const charset = parameter(content, 'charset');
    parts.push({ type, text: textOf(lines, body, end, { type, encoding, charset }) });
  }
  return fields;
}

/** Reads the parts between the boundaries; false if there are none. */
function multipart(
  lines: readonly string[],
  start: number,
  end: number,
  boundary: string,
  depth: number,
  parts: MailPart[],
): boolean {
  const open = `--${boundary}`;
  let from = -1;
  let before = start;
  for (let at = start; at < end; at++) {
    const line = lines[at] ?? '';
    if (!line.startsWith(open)) continue;
    if (parts.length >= partsMax) return true;
    const rest = line.slice(open.length).trim();
    if (rest !== '' && rest !== '--') continue;
    if (from >= 0) walk(lines, from, at, depth + 1, parts);
    else before = at;
    from = rest === '--' ? -1 : at + 1;
    if (from < 0) break;
  }
  // Cut off before the last boundary.
  if (from >= 0) walk(lines, from, end, depth + 1, parts);
  if (parts.length === 0) return false;
  // Some servers write the report before the first boundary.
  const preamble = lines.slice(start, before).join('\n').slice(0, partLengthMax);
  if (preamble.includes('@')) parts.unshift({ type: 'text/plain', text: preamble });
  return true;
}

function textOf(
  lines: readonly string[],
  start: number,
  end: number,
  how: { readonly type: string; readonly encoding: string; readonly charset: string },
): string {
  const { charset, encoding, type } = how;
  let length = 0;
  let last = start;
  while (last < end && length < partLengthMax) {
    length += (lines[last]?.length ?? 0) + 1;
    last++;
  }
  const raw = lines.slice(start, last).join('\n').slice(0, partLengthMax);
  const isText = type.startsWith('text/') || type.startsWith('message/') || !type.includes('/');
  if (!isText && !type.startsWith('multipart/')) return '';
  const text = decodePart(raw, encoding, charset).replace(/\r\n?/g, '\n');
  return type === 'text/html' ? pageText(text) : text;
}

/** A parameter of Content-Type, with or without quotes. */
function parameter(content: string, name: string): string {
  const found = new RegExp(`;\\s{0,20}${name}\\s{0,5}=\\s{0,5}("[^"]{0,200}|[^\\s;"]{1,200})`, 'i');
  return (found.exec(content)?.[1] ?? '').replace(/^"/, '').trimEnd();
}
