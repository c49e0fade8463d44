/**
 * What a script wrote, as far as rules look at it: the fields as they are, and the beginning of the
 * body. Pure.
 */
import type { ScriptHeader, ScriptMail } from '../script-mail.ts';

/** Of the body, kept for the rules. */
const bodyBytesMax = 4_096;

/** `bytes`: a message from its first line on, cut off where it is long. */
export function writtenMail(bytes: Buffer): Pick<ScriptMail, 'header' | 'bodyStart'> {
  const header: { name: string; value: string }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const line = bytes.toString('latin1', at, withoutReturns(bytes, at, end));
    const next = lineEnd < 0 ? bytes.length : lineEnd + 1;
    const last = header.at(-1);
    // The first line of a message in a mailbox file is no field; Postfix's sendmail leaves such
    // lines out, too.
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
    // Text where a field should be: the mail server takes it for the body.
    else if (name === undefined || value === undefined) break;
    else header.push({ name, value });
    at = next;
  }
  const fields: readonly ScriptHeader[] = header;
  return { header: fields, bodyStart: Buffer.from(bytes.subarray(at, at + bodyBytesMax)) };
}

/**
 * Where a line ends without its carriage returns. By a pattern it would take seconds where somebody
 * writes 65,000 of them.
 */
function withoutReturns(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === 0x0d) at--;
  return at;
}
