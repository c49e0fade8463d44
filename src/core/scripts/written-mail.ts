/**
 * Reads a message as a script wrote it: the header fields, and the beginning of the body, for the
 * rules. Pure.
 */
import type { ScriptHeader, ScriptMail } from '../script-mail.ts';

/** Bytes of the body that are kept for the rules. */
const bodyBytesMax = 4_096;

/** `bytes`: a message from its first line on, cut if it is long. */
export function writtenMail(bytes: Buffer): Pick<ScriptMail, 'header' | 'bodyStart'> {
  const header: { name: string; value: string }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const line = bytes.toString('latin1', at, withoutReturns(bytes, at, end));
    const next = lineEnd < 0 ? bytes.length : lineEnd + 1;
    const last = header.at(-1);
    // The first line of a message in a mailbox file is not a field. Postfix's sendmail drops it
    // too.
    if (last === undefined && /^>?from /i.test(line)) {
      at = next;
      continue;
    }
    if (line === '') {
      at = next;
      break;
    }
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (last !== undefined && /^[ \t]/.test(line)) last.value += `\n${line}`;
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
