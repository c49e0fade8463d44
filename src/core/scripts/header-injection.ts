/**
 * Header injection: a form that puts what a visitor typed into a header field, and a visitor who
 * typed a line break and more fields behind it. What comes out is looked at here, as the script
 * wrote it, and named in plain words.
 *
 * A finding should be right nearly always: it holds mail. So a field that is there twice is none
 * while both say the same, a body that quotes a forwarded letter is none, and nothing is made of
 * which line ends a script uses. Pure, linear.
 */

import { addressKey } from '../../formats/message/address.ts';
import type { ScriptHeader } from '../script-mail.ts';

export type InjectionMail = {
  readonly header: readonly ScriptHeader[];
  readonly recipients: readonly string[];
  readonly bodyStart: Buffer;
};

/**
 * Hidden recipients of one message that need no explanation: a form copies to its owner, his
 * partner, an archive.
 */
const hiddenMax = 10;
/** Characters of a field, and fields, that are looked at. */
const valueLengthMax = 65_536;
const fieldsMax = 500;
/** Lines of a body in which its own header would stand. */
const bodyLinesMax = 60;

/**
 * What was found, as ends of the sentence "header injection: …". `manyAllowed`: this script may
 * write to a list. `isNamed`: its rule names this recipient, so that it needs no other explanation.
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
  // Some mailers set it twice; that one of them makes parts of the message is what an attack needs.
  if (new Set(types).size > 1 && types.slice(1).some((type) => type.startsWith('multipart/'))) {
    found.push('a second Content-Type field cuts the message into other parts');
  }
  return found;
}

/** Many in Cc and Bcc, whom those in To do not see or did not ask for. */
function hiddenCrowd(header: readonly ScriptHeader[]): string[] {
  const hidden = new Set(
    ['cc', 'bcc'].flatMap((name) => fieldsOf(header, name).flatMap(addressesIn)),
  );
  return hidden.size > hiddenMax ? [`${people(hidden.size)} in its Cc and Bcc fields`] : [];
}

const breakThenField =
  /(?:%0[ad]|[\r\n])[\s>]*(?:b?cc|to|from|subject|content-type|mime-version|reply-to)\s*(?::|%3a)/i;
/** A carriage return that belongs to no line end. */
const bareReturn = /\r(?!\n)/;

/** Line breaks within a field: bare carriage returns, encoded ones with a field behind them. */
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

/** An encoded word (RFC 2047) that becomes a line break and a field once it is decoded. */
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
const machineField =
  /^(?:mime-version:\s*1\.0\s*$|content-type:\s*[a-z]+\/[a-z0-9.+-]+\s*(?:;|$)|content-transfer-encoding:\s*(?:7bit|8bit|binary|base64|quoted-printable)\s*$|bcc:.*@|x-mailer:|x-php-originating-script:)/i;
/** Fields that a letter gets on its way: then somebody pasted one that had arrived. */
const travelled =
  /^(?:received|return-path|delivered-to|dkim-signature|arc-[a-z-]+|authentication-results|x-received|x-spam-[a-z-]+)$/i;

/**
 * The rest of the script's own header at the start of the body: somebody ended the header before
 * its end. The fields of such a rest are missing in the header, which tells it from a letter that a
 * visitor quotes.
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
    if (travelled.test(name)) return [];
    names.push(name);
    telling ||= machineField.test(line) && !have.has(name.toLowerCase());
  }
  if (!telling) return [];
  return [`the body starts with header fields (${names.slice(0, 4).map(shownName).join(', ')})`];
}

/**
 * Addresses of a list field as keys: quotes, comments and groups do not confuse it, and nothing
 * makes it slow.
 */
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
/** A name from outside, fit to be shown. */
const shownName = (name: string): string => name.replace(/[^\x21-\x7e]/g, '?').slice(0, 40);
