/**
 * Reads the beginning of a message's body (MIME, RFC 2045 and 2046): the hosts of the links in its
 * text, and which kinds of files are attached. It looks at what mail programs show; a broken or
 * hostile structure costs nothing but missing links and kinds. Pure but for the buffer that it is
 * lent, never throws; depth, parts, fields and searches have limits.
 */
import { extensionOf, fileNameOf, type MimeField, mimeField, paramOf } from './field.ts';
import { addLinkHosts } from './links.ts';
import { partText } from './text.ts';

/** What the fields of a message or of a part say about its body. */
export type ContentFields = {
  readonly type: string;
  readonly encoding: string;
  readonly disposition: string;
};

export type Content = {
  /** Hosts of links, once each, in lower case, in order. */
  readonly links: readonly string[];
  /** Kinds of attached files, once each, in order: `pdf`, `zip`. */
  readonly attachments: readonly string[];
};

/** The most bytes of a body that are read: what Postfix sends in its first packet. */
export const contentBytesMax = 65_535;
const linksMax = 50;
const attachmentsMax = 50;
const depthMax = 8;
const partsMax = 100;
/** Lines of the fields of a part, and octets of one line that are read. */
const fieldLinesMax = 100;
const lineBytesMax = 1_024;
/** Places that look like the end of a part. */
const searchesMax = 1_000;
const kindLengthMax = 20;

const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;
const dash = 0x2d;

const nothing: readonly string[] = [];
const noFields: ContentFields = { type: '', encoding: '', disposition: '' };

/** `scratch`: of `contentBytesMax` octets; it is overwritten. */
export function readContent(body: Buffer, fields: ContentFields, scratch: Buffer): Content {
  const whole = body.length > contentBytesMax ? body.subarray(0, contentBytesMax) : body;
  const reader = new ContentReader(scratch);
  reader.read(whole, fields, 0);
  return reader.content();
}

class ContentReader {
  readonly #scratch: Buffer;
  readonly #links = new Set<string>();
  #kinds: Set<string> | undefined;
  #partsLeft = partsMax;
  #searchesLeft = searchesMax;

  constructor(scratch: Buffer) {
    this.#scratch = scratch;
  }

  content(): Content {
    return {
      links: this.#links.size === 0 ? nothing : [...this.#links],
      attachments: this.#kinds === undefined ? nothing : [...this.#kinds],
    };
  }

  /** Reads one message or part without its fields. */
  read(body: Buffer, fields: ContentFields, depth: number): void {
    const type = mimeField(fields.type);
    if (type.value.startsWith('multipart/') && depth < depthMax) {
      const boundary = paramOf(type, 'boundary');
      if (boundary !== '' && this.#parts(body, boundary, depth)) return;
      // Without its boundaries, programs show it as text.
      this.#text(body, '', 'plain');
      return;
    }
    this.#attached(type, fields.disposition);
    if (type.value.startsWith('message/') && depth < depthMax) this.#part(body, depth + 1);
    else if (type.value === '' || type.value.startsWith('text')) {
      const encoding = fields.encoding.trim().toLowerCase();
      this.#text(body, encoding, type.value === 'text/html' ? 'html' : 'plain');
    }
  }

  #text(body: Buffer, encoding: string, kind: 'html' | 'plain'): void {
    if (this.#links.size >= linksMax) return;
    addLinkHosts(partText(body, encoding, kind, this.#scratch), this.#links, linksMax);
  }

  #attached(type: MimeField, dispositionText: string): void {
    const isText = type.value === '' || type.value.startsWith('text');
    if (isText && dispositionText === '' && type.params.length === 0) return;
    const disposition = mimeField(dispositionText);
    const name = fileNameOf(disposition, 'filename') || fileNameOf(type, 'name');
    if (isText && name === '' && disposition.value !== 'attachment') return;
    this.#kinds ??= new Set();
    if (this.#kinds.size < attachmentsMax) this.#kinds.add(kindOf(name, type.value));
  }

  /** Reads the parts between the boundaries. False: there are no boundaries. */
  #parts(body: Buffer, boundary: string, depth: number): boolean {
    const delimiter = Buffer.from(`--${boundary}`, 'latin1');
    let start = this.#delimiter(body, delimiter, 0);
    if (start < 0) return false;
    while (start >= 0 && this.#partsLeft-- > 0) {
      const after = start + delimiter.length;
      if (body[after] === dash && body[after + 1] === dash) return true;
      const next = this.#delimiter(body, delimiter, after);
      const lineEnd = body.indexOf(lf, after);
      if (lineEnd < 0) return true;
      const end = next < 0 ? body.length : next;
      if (lineEnd + 1 < end) this.#part(body.subarray(lineEnd + 1, end), depth + 1);
      start = next;
    }
    return true;
  }

  /** Where the next boundary begins, at the start of a line; -1 for none. */
  #delimiter(body: Buffer, delimiter: Buffer, from: number): number {
    for (let at = from; this.#searchesLeft-- > 0; at++) {
      at = body.indexOf(delimiter, at);
      if (at <= 0 || body[at - 1] === lf) return at;
    }
    return -1;
  }

  /** Reads a part that begins with its fields. */
  #part(part: Buffer, depth: number): void {
    const { fields, end } = partFields(part);
    this.read(part.subarray(end), fields, depth);
  }
}

/** The fields of a part that matter, and where its body begins. */
function partFields(part: Buffer): { readonly fields: ContentFields; readonly end: number } {
  if (part[0] === lf) return { fields: noFields, end: 1 };
  const fields = { type: '', encoding: '', disposition: '' };
  let open: keyof ContentFields | undefined;
  let at = 0;
  for (let line = 0; line < fieldLinesMax && at < part.length; line++) {
    const lineEnd = part.indexOf(lf, at);
    const next = lineEnd < 0 ? part.length : lineEnd + 1;
    const end = lineEnd > at && part[lineEnd - 1] === cr ? lineEnd - 1 : next;
    const first = part[at] ?? 0;
    if (first === lf || (first === cr && part[at + 1] === lf)) return { fields, end: next };
    const text = part.toString('latin1', at, Math.min(end, at + lineBytesMax));
    at = next;
    if (first === 0x20 || first === 0x09) {
      if (open !== undefined && fields[open].length < lineBytesMax) fields[open] += text;
      continue;
    }
    open = undefined;
    const split = text.indexOf(String.fromCharCode(colon));
    const name = fieldNames.get(text.slice(0, Math.max(split, 0)).trimEnd().toLowerCase());
    // The first field of a name counts, as it does for most programs.
    if (name === undefined || fields[name] !== '') continue;
    fields[name] = text.slice(split + 1).trim();
    open = name;
  }
  return { fields, end: at };
}

const fieldNames: ReadonlyMap<string, keyof ContentFields> = new Map([
  ['content-type', 'type'],
  ['content-transfer-encoding', 'encoding'],
  ['content-disposition', 'disposition'],
]);

/** Kinds of files without a name, and other spellings. */
const kinds: Readonly<Record<string, string>> = {
  'octet-stream': 'bin',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  msword: 'doc',
  'vnd.ms-excel': 'xls',
  'vnd.ms-powerpoint': 'ppt',
  'zip-compressed': 'zip',
  jpeg: 'jpg',
  htm: 'html',
  calendar: 'ics',
  rfc822: 'eml',
  plain: 'txt',
};

/** By the extension, which decides what opens the file; else by the content type. */
function kindOf(fileName: string, type: string): string {
  const found = extensionOf(fileName) || type.slice(type.indexOf('/') + 1).replace(/^x-/, '');
  const kind = Object.hasOwn(kinds, found) ? kinds[found] : found.replace(/[^a-z0-9.+-]+/g, '');
  return (kind ?? '').slice(0, kindLengthMax) || 'bin';
}
