/**
 * Reads a message as a script wrote it: the header fields, and the beginning of the body, for the
 * rules. Pure.
 */
import type { ScriptHeader, ScriptMail } from '../script-mail.ts';

/** Bytes of the body that are kept for the rules. */
const bodyBytesMax = 4_096;

/**
 * What Postfix takes for a field (is_header, mime_state): white space may stand before the colon,
 * and any white space at the start of a line continues the field before.
 */
const fieldLine = /^([^\0- :\x7f]+)[ \t\r\v\f]*:(.*)$/s;
const continued = /^[ \t\r\v\f]/;

/**
 * `bytes`: a message from its first line on, cut if it is long. `crlf`: its lines end in CRLF, so
 * carriage returns at their ends are not part of them.
 */
export function writtenMail(
  bytes: Buffer,
  { crlf }: { readonly crlf: boolean },
): Pick<ScriptMail, 'header' | 'bodyStart'> {
  const header: { name: string; value: string }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const bare = withoutReturns(bytes, at, end);
    const isEmpty = (crlf ? bare : end) === at;
    const line = bytes.toString('latin1', at, bare);
    const next = lineEnd < 0 ? bytes.length : lineEnd + 1;
    const last = header.at(-1);
    if (isEmpty) {
      at = next;
      break;
    }
    const [, name, value] = fieldLine.exec(line) ?? [];
    if (last !== undefined && (line === '' || continued.test(line))) last.value += `\n${line}`;
    // Text instead of a field: the mail server takes it for the body.
    else if (name === undefined || value === undefined) break;
    else header.push({ name, value });
    at = next;
  }
  const fields: readonly ScriptHeader[] = header;
  return { header: fields, bodyStart: Buffer.from(bytes.subarray(at, at + bodyBytesMax)) };
}

/** Where a line ends without its carriage returns. A regular expression is slow with 65,000. */
function withoutReturns(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === 0x0d) at--;
  return at;
}
