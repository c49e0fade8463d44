/**
 * Finds header injection: a visitor of a web form types a line break and more fields into a form
 * that puts the text into a header field. The message is examined as the script wrote it, and
 * findings are in plain words.
 *
 * A finding should nearly always be right, because it holds mail. A repeated field is no finding if
 * both say the same, nor is a body that quotes a forwarded message. The line ends of a script do
 * not matter. Pure, linear.
 */
import { addressKey } from '../../formats/message/address.ts';
import type { ScriptHeader } from '../script-mail.ts';

export type InjectionMail = {
  readonly header: readonly ScriptHeader[];
  readonly recipients: readonly string[];
  readonly bodyStart: Buffer;
};

/** This many recipients in Cc and Bcc are normal: a form's owner, a partner, an archive. */
const hiddenMax = 10;
/** Characters of a field, and fields, that are examined. */
const valueLengthMax = 65_536;
const fieldsMax = 500;
/** First lines of a body, in which a displaced header would be. */
const bodyLinesMax = 60;

/**
 * What was found, as ends of the sentence "header injection: …". `manyAllowed`: this script may
 * write to many. `isNamed`: the script's rule names this recipient, so it is expected.
 */
export function headerInjection(
  mail: InjectionMail,
  {
    manyAllowed,
    isNamed = () => false,
  }: { readonly manyAllowed: boolean; readonly isNamed?: (address: string) => boolean },
): readonly string[] {
  const header = mail.header.slice(0, fieldsMax);
  return [
    ...secondBlocks(header, isNamed),
    ...(manyAllowed ? [] : hiddenCrowd(header)),
    ...lineBreaks(header),
    ...displacedHeader(header, mail.bodyStart),
  ];
}

const fieldsOf = (header: readonly ScriptHeader[], name: string): readonly string[] =>
  header
    .filter((field) => field.name.toLowerCase() === name)
    .map(({ value }) => value.slice(0, valueLengthMax));

/**
 * A second To, Cc or Bcc that names others than the first; a second Subject or From that says
 * something else.
 */
function secondBlocks(
  header: readonly ScriptHeader[],
  isNamed: (address: string) => boolean,
): string[] {
  const found: string[] = [];
  for (const name of ['To', 'Cc', 'Bcc']) {
    const [first, ...more] = fieldsOf(header, name.toLowerCase()).map(addressesIn);
    if (first === undefined || more.length === 0) continue;
    const known = new Set(first);
    const others = new Set(
      more.flat().filter((address) => !known.has(address) && !isNamed(address)),
    );
    if (others.size > 0) found.push(`a second ${name} field names ${people(others.size)} more`);
  }
  for (const name of ['Subject', 'From']) {
    const values = fieldsOf(header, name.toLowerCase()).map((value) => value.trim());
    if (new Set(values).size > 1) found.push(`${values.length} ${name} fields that differ`);
  }
  const types = fieldsOf(header, 'content-type').map((value) => value.trim().toLowerCase());
  // Some mailers set it twice. An attack needs one that divides the message into parts.
  if (new Set(types).size > 1 && types.slice(1).some((type) => type.startsWith('multipart/'))) {
    found.push('a second Content-Type field cuts the message into other parts');
  }
  return found;
}

/** Many recipients in Cc and Bcc. */
function hiddenCrowd(header: readonly ScriptHeader[]): string[] {
  const hidden = new Set(
    ['cc', 'bcc'].flatMap((name) => fieldsOf(header, name).flatMap(addressesIn)),
  );
  return hidden.size > hiddenMax ? [`${people(hidden.size)} in its Cc and Bcc fields`] : [];
}

const breakThenField =
  /(?:%0[ad]|[\r\n])[\s>]*(?:b?cc|to|from|subject|content-type|mime-version|reply-to)\s*(?::|%3a)/i;
/** A carriage return that is not part of a line end. */
const bareReturn = /\r(?!\n)/;

/** Line breaks within a field: bare carriage returns, and encoded ones followed by a field. */
function lineBreaks(header: readonly ScriptHeader[]): string[] {
  const found: string[] = [];
  for (const { name, value } of header) {
    const text = value
      .slice(0, valueLengthMax)
      .replace(/\r?\n(?=[ \t])/g, '')
      .replace(/\r$/, '');
    const field = shownName(name);
    if (bareReturn.test(text)) found.push(`a carriage return within the ${field} field`);
    else if (text.includes('\0')) found.push(`a NUL within the ${field} field`);
    else if (breakThenField.test(text))
      found.push(`a line break and a field in the ${field} field`);
    else if (hidesBreak(text)) found.push(`an encoded line break in the ${field} field`);
  }
  return [...new Set(found)].slice(0, 3);
}

const encodedWord = /=\?[^?\s]{1,40}\?([bq])\?([^?\s]{1,1000})\?=/gi;

/** Does an encoded word (RFC 2047) decode to a line break and a field? */
function hidesBreak(text: string): boolean {
  for (const [, encoding = '', body = ''] of text.matchAll(encodedWord)) {
    const decoded =
      encoding.toLowerCase() === 'b'
        ? Buffer.from(body, 'base64').toString('latin1')
        : body.replace(/_/g, ' ').replace(/=([0-9a-f]{2})/gi, (_, hex: string) => char(hex));
    if (breakThenField.test(decoded)) return true;
  }
  return false;
}

const char = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

const bodyField = /^([A-Za-z][A-Za-z0-9-]{1,40}):(?:[ \t]|$)(.*)$/;
/** Fields that a mail program writes for other programs: nobody types them into a form. */
const machineField = new RegExp(
  [
    String.raw`^mime-version:\s*1\.0\s*$`,
    String.raw`^content-type:\s*[a-z]+\/[a-z0-9.+-]+\s*(?:;|$)`,
    String.raw`^content-transfer-encoding:\s*(?:7bit|8bit|binary|base64|quoted-printable)\s*$`,
    '^bcc:.*@',
    '^x-mailer:',
    '^x-php-originating-script:',
  ].join('|'),
  'i',
);
/** Fields that a message gets in transit: then somebody pasted a message that had arrived. */
const transitField = new RegExp(
  '^(?:received|return-path|delivered-to|dkim-signature|arc-[a-z-]+|authentication-results|' +
    'x-received|x-spam-[a-z-]+)$',
  'i',
);

/**
 * Finds the rest of the script's own header at the start of the body: an injected line break ended
 * the header too early. The fields of this rest are missing in the header, unlike those of a
 * message that a visitor quotes.
 */
function displacedHeader(header: readonly ScriptHeader[], bodyStart: Buffer): string[] {
  const type = fieldsOf(header, 'content-type').at(-1)?.trim().toLowerCase() ?? '';
  // Parts have headers of their own, and some programs write no boundary before the first.
  if (type.startsWith('multipart/') || type.startsWith('message/')) return [];
  const have = new Set(header.map(({ name }) => name.toLowerCase()));
  const names: string[] = [];
  let telling = false;
  const lines = bodyStart.toString('latin1').split(/\r?\n/, bodyLinesMax);
  const first = lines.findIndex((line) => line.trim() !== '');
  for (const line of first < 0 ? [] : lines.slice(first)) {
    if (/^[ \t]/.test(line) && line.trim() !== '' && names.length > 0) continue;
    const [, name = ''] = bodyField.exec(line) ?? [];
    if (name === '') break;
    if (transitField.test(name)) return [];
    names.push(name);
    telling ||= machineField.test(line) && !have.has(name.toLowerCase());
  }
  if (!telling) return [];
  return [`the body starts with header fields (${names.slice(0, 4).map(shownName).join(', ')})`];
}

/** Addresses of a list field, as keys. Reads quotes, comments and groups, in linear time. */
export function addressesIn(value: string): readonly string[] {
  return cutList(value.slice(0, valueLengthMax))
    .map((entry) => addressKey(inAngles(entry)))
    .filter((key) => key !== '');
}

/** Cuts at commas outside quotes, comments and angle brackets. */
function cutList(text: string): readonly string[] {
  const entries: string[] = [];
  let entry = '';
  let quoted = false;
  let comments = 0;
  let angle = false;
  for (let at = 0; at < text.length; at++) {
    const one = text[at] ?? '';
    if (one === '\\') {
      if (comments === 0) entry += text.slice(at, at + 2);
      at++;
    } else if (comments > 0) {
      if (one === '(') comments++;
      else if (one === ')') comments--;
    } else if (quoted || one === '"') {
      if (one === '"') quoted = !quoted;
      entry += one;
    } else if (one === '(') comments++;
    else if ((one === ',' || one === ';') && !angle) {
      entries.push(entry);
      entry = '';
    } else if (one === ':' && !entry.includes('@'))
      entry = ''; // the name of a group
    else {
      if (one === '<' || one === '>') angle = one === '<';
      entry += one;
    }
  }
  entries.push(entry);
  return entries;
}

function inAngles(entry: string): string {
  const open = entry.lastIndexOf('<');
  const bare = open < 0 ? entry : entry.slice(open + 1).replace(/>[\s\S]*$/, '');
  return bare.replace(/\s+/g, '');
}

const people = (count: number): string => (count === 1 ? 'one address' : `${count} addresses`);
/** A field name from outside, safe to show. */
const shownName = (name: string): string => name.replace(/[^\x21-\x7e]/g, '?').slice(0, 40);
