/**
 * Messages as they come, and as they should not: for tests of what signs and verifies. Octets are
 * Latin-1.
 */
import fc from 'fast-check';
import type { HeaderField } from '../../src/formats/dkim/header-canonical.ts';

export type OddMessage = {
  /** Values begin with what stands after the colon, folded with CRLF. */
  readonly headers: readonly HeaderField[];
  /** Lines end with CRLF, except perhaps the last. */
  readonly body: Buffer;
};

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const words = fc.constantFrom(
  'hello',
  'a',
  'two  spaces',
  'tab\there',
  '=?utf-8?q?caf=C3=A9?=',
  utf8('Grüße'),
  utf8('日本語'),
  '\xe9\xff',
  'x'.repeat(120),
  '"quoted, name"',
  'trailing ',
  'a;b=c:d',
);
const gaps = fc.constantFrom(' ', '  ', '\t', '\r\n ', '\r\n\t', ' \r\n   ');

const text = fc
  .array(fc.tuple(gaps, words), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.map(([gap, word]) => gap + word).join(''))
  // A line of white space only ends the header for some programs.
  .map((value) => (/^[ \t]*\r\n/.test(value) ? ` x${value}` : value));

const names = fc.constantFrom(
  'Subject',
  'subject',
  'To',
  'Cc',
  'CC',
  'Date',
  'Message-ID',
  'Message-Id',
  'Reply-To',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Id',
  'References',
  'In-Reply-To',
  'X-Mailer',
  'Received',
  'Resent-From',
  'Return-Path',
);

const header = fc.record({ name: names, value: text });
const from = fc.constantFrom(
  ' a@example.org',
  '\ta@example.org (comment)',
  utf8(' Jörg <jörg@example.org>'),
  ' "long name"\r\n\t<a@example.org>',
);

const line = fc.oneof(
  fc.constantFrom(
    '',
    '',
    '.',
    '..',
    ' ',
    '\t',
    'text',
    'text ',
    'text \t ',
    ' indented',
    'a\tb  c',
    'From here',
    '--boundary',
    'Content-Type: text/plain',
    utf8('Schöne Grüße'),
    '\xff\xfe\x80',
    'x'.repeat(998),
    'word '.repeat(150),
  ),
  fc.string({ maxLength: 90 }).map((value) => value.replace(/[^ -~]/g, '~')),
);

const body = fc
  .record({
    lines: fc.array(line, { maxLength: 12 }),
    blank: fc.constantFrom(0, 0, 1, 2, 40),
    ended: fc.constantFrom(true, true, true, false),
  })
  .map(({ lines, blank, ended }) => {
    const all = [...lines, ...Array.from({ length: blank }, () => '')];
    const whole = all.join('\r\n');
    return Buffer.from(ended && all.length > 0 ? `${whole}\r\n` : whole, 'latin1');
  });

export const oddMessages: fc.Arbitrary<OddMessage> = fc
  .record({
    before: fc.array(header, { maxLength: 8 }),
    from,
    after: fc.array(header, { maxLength: 4 }),
    body,
  })
  .map(({ before, from: value, after, body: octets }) => ({
    headers: [...before, { name: 'From', value }, ...after],
    body: octets,
  }));
