/**
 * What the mail server wrote in a bounce, without the original message that it gives back. Pure;
 * lines and their length are limited.
 */
import { fieldsIn, type Mail, type MailFields } from './mail-parts.ts';

export type BounceNotice = {
  readonly lines: readonly string[];
  /** Lines of the original message, from where it begins. */
  readonly original: readonly string[];
  /** Header of the original message; empty if it is not there. */
  readonly originalFields: MailFields;
};

const linesMax = 4_000;
/** A bounce in a bounce is read from them. */
const originalLinesMax = 2_000;
/** Longer lines are cut. */
const lineLengthMax = 1_000;

/** Parts that hold the original, or its header. */
const originalTypes =
  /^(?:message\/(?:rfc822|partial|global$|global-headers|rfc822-headers)|text\/rfc822)/;
/** Words before the original, in many languages' form: a line with hyphens or the like. */
const originalWords =
  '(?:original|unsent|returned|enclosed|undelivered) (?:message|mail)|' +
  '(?:copy|header|headers|text|body) of (?:the|your) (?:original )?(?:message|mail)|' +
  'message (?:text|headers?|header) follows?|original message|' +
  'below this line is a copy';
const decorated = new RegExp(`^[\\s|>*=#]{0,10}-{2,}[^a-z]{0,20}.{0,40}(?:${originalWords})`, 'i');
const plainWords = new RegExp(
  '^\\s{0,8}(?:(?:(?:the )?original (?:message|mail)(?: headers?)?|message headers?|' +
    'the (?:first part|headers?) of the (?:original )?message|original mail as|' +
    'your message headers)' +
    ' follows?|(?:below|included) is a copy of|message headers follow|received message header)',
  'i',
);
const nested = new RegExp(
  '^\\s{0,4}(?:content-type:\\s{0,4}(?:message/(?:rfc822|partial)|text/rfc822)|' +
    'return-path: ?<|received: (?:from|by)|dkim-signature:|arc-seal:)',
  'i',
);

export function noticeOf(mail: Mail): BounceNotice {
  const lines: string[] = [];
  const original: string[] = [];
  for (const { text, type } of mail.parts) {
    if (text === '') continue;
    const rows = text.split('\n');
    const cut = originalTypes.test(type) ? 0 : whereOriginal(rows);
    for (const row of rows.slice(0, cut)) {
      if (lines.length >= linesMax) break;
      lines.push(row.slice(0, lineLengthMax).trimEnd());
    }
    lines.push('');
    const rest = rows.slice(cut, cut + originalLinesMax);
    if (original.length < originalLinesMax) original.push(...rest);
  }
  return { lines, original, originalFields: fieldsIn(fromFirstField(original)) };
}

/** Index of the line at which the original begins; the number of lines if it is not there. */
function whereOriginal(rows: readonly string[]): number {
  const found = rows.findIndex(
    (row) =>
      row.length > 8 &&
      (decorated.test(row.slice(0, 200)) ||
        plainWords.test(row.slice(0, 200)) ||
        nested.test(row.slice(0, 100))),
  );
  return found < 0 ? rows.length : found;
}

/** Behind the words that announce it, and the empty lines. */
function fromFirstField(rows: readonly string[]): readonly string[] {
  const at = rows.findIndex((row) => /^[A-Za-z][A-Za-z0-9-]{1,60}:(?: |$)/.test(row.slice(0, 70)));
  return at < 0 ? [] : rows.slice(at);
}
