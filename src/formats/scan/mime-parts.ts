/**
 * Splits a multipart body into its parts (RFC 2046 section 5.1). Text outside the bodies of parts
 * is kept too, because readers differ in what they show. Pure, never throws.
 */

export type MimePart = {
  readonly type: string;
  readonly encoding: string;
  readonly disposition: string;
  /** Text in the place of fields that is not one of the usual fields. */
  readonly text: string;
  readonly body: Buffer;
};

/**
 * Usual fields of parts. Other lines may be text for a reader that does not recognize the boundary.
 */
const contentField = /content-(?:type|transfer-encoding|disposition|id|language|location)/;
const usualField = new RegExp(`^(?:${contentField.source}|mime-version|x-attachment-id):`, 'i');

/**
 * The parts. Undefined without exactly one boundary, or if a part has a field twice. If there are
 * more than `most` parts, returns one more than `most`.
 */
export function splitParts(
  { type, body }: MimePart,
  most: number,
): readonly MimePart[] | undefined {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined || type.match(/boundary/gi)?.length !== 1) return undefined;
  const text = body.toString('latin1');
  const mark = `--${name}`;
  const lines: { readonly start: number; readonly end: number }[] = [];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    if (at > 0 && text[at - 1] !== '\n') continue;
    const end = endOfLine(text, at + mark.length);
    if (end !== undefined) lines.push({ start: at, end });
    if (lines.length > most) break;
  }
  // Text before the first boundary and after the last is not shown, but still part of the message.
  const before = body.subarray(0, lines[0]?.start ?? body.length);
  const parts: (MimePart | undefined)[] = [{ ...plain, body: before }];
  lines.forEach(({ end }, index) => {
    parts.push(partOf(text.slice(end, lines[index + 1]?.start ?? text.length)));
  });
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

const plain = { type: '', encoding: '', disposition: '', text: '' } as const;

/**
 * The end of a boundary's line, without its line break. Undefined if the line continues, so it is
 * not a boundary.
 */
function endOfLine(text: string, from: number): number | undefined {
  let at = text.startsWith('--', from) ? from + 2 : from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  if (text[at] === '\r' && text[at + 1] !== '\n') return undefined;
  return at >= text.length || text[at] === '\r' || text[at] === '\n' ? at : undefined;
}

function partOf(inner: string): MimePart | undefined {
  const blank = /\r?\n\r?\n/.exec(inner);
  if (blank === null) return { ...plain, body: Buffer.from(inner, 'latin1') };
  const head = inner.slice(0, blank.index).replace(/\r?\n[ \t]+/g, ' ');
  const lines = head.split(/\r?\n/).filter((one) => one.trim() !== '');
  const [type, encoding, disposition] = [
    fieldOf(lines, 'content-type:'),
    fieldOf(lines, 'content-transfer-encoding:'),
    fieldOf(lines, 'content-disposition:'),
  ];
  if (type === undefined || encoding === undefined || disposition === undefined) return undefined;
  return {
    type,
    encoding,
    disposition,
    text: lines.filter((one) => !usualField.test(one)).join('\n'),
    body: Buffer.from(inner.slice(blank.index + blank[0].length), 'latin1'),
  };
}

/** The value of a field; empty if it is missing; undefined if it occurs more than once. */
function fieldOf(lines: readonly string[], name: string): string | undefined {
  const all = lines.filter((one) => one.slice(0, name.length).toLowerCase() === name);
  return all.length > 1 ? undefined : (all[0] ?? '').slice(name.length).trim();
}
