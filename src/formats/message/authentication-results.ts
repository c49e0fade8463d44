/**
 * Reads and prints Authentication-Results (RFC 8601 section 2.2), in which a server tells later
 * readers what it found out about a message. Reading is lenient, because others write `action=none`
 * and leave strings unquoted. Printing is strict, in lines of at most 78 characters unless a word
 * is longer. Unknown methods and properties are kept. Pure, never throws; one octet a character.
 */
import { fault, ok, type Result } from '../../lib/result.ts';

export type ResultProperty = {
  /** smtp, header, body, policy; empty for a property outside the grammar (`action=none`). */
  readonly type: string;
  readonly name: string;
  readonly value: string;
};

export type ResultInfo = {
  /** In lower case, like all keywords. */
  readonly method: string;
  readonly methodVersion?: number;
  readonly result: string;
  /** The first comment after the result, without its brackets. */
  readonly comment?: string;
  readonly reason?: string;
  readonly properties: readonly ResultProperty[];
};

export type AuthenticationResults = {
  readonly authservId: string;
  readonly version?: number;
  /** Empty for `none`: nothing was checked. */
  readonly results: readonly ResultInfo[];
};

/**
 * The longest field that is read. Postfix passes up to 100 KB, but real fields have less than 4 KB.
 */
const fieldLengthMax = 32_768;
/** The most results of one field; no real message has as many signatures. */
const resultsMax = 100;
const propertiesMax = 50;
const commentDepthMax = 20;

/** Reads the value of an Authentication-Results field. The error is one clause for people. */
export function parseAuthenticationResults(field: string): Result<AuthenticationResults, string> {
  if (field.length > fieldLengthMax) return fault(`longer than ${fieldLengthMax} characters`);
  const cursor: Cursor = { text: unfolded(field), at: 0 };
  if (skip(cursor) === undefined) return fault('a comment that does not end');
  const authservId = value(cursor, idWord);
  if (authservId === undefined || authservId === '') return fault('no authserv-id');
  if (skip(cursor) === undefined) return fault('a comment that does not end');
  const version = take(cursor, /\d{1,9}(?=[\s;(]|$)/y);
  if (skip(cursor) === undefined) return fault('a comment that does not end');
  const results = resultInfos(cursor);
  if (!results.ok) return results;
  return ok({
    authservId,
    ...(version === undefined ? {} : { version: Number(version) }),
    results: results.value,
  });
}

type Cursor = { readonly text: string; at: number };

const idWord = /[^\s;()"=]+/y;
const keyword = /[A-Za-z0-9_-]+/y;
/** Properties are keywords, but some programs write dots in them. */
const propertyName = /[A-Za-z0-9_.-]+/y;
/**
 * A value is a token or an address, but unquoted values such as `header.b=ab/c=` are accepted too.
 */
const bareValue = /[^\s;()"]+/y;

function resultInfos(cursor: Cursor): Result<readonly ResultInfo[], string> {
  const results: ResultInfo[] = [];
  while (cursor.at < cursor.text.length) {
    if (take(cursor, /;/y) === undefined) return fault(`“${shown(cursor)}” where “;” belongs`);
    if (skip(cursor) === undefined) return fault('a comment that does not end');
    // Many programs end the field with a semicolon.
    if (cursor.at >= cursor.text.length) break;
    if (results.length === 0 && take(cursor, /none(?=\s*(?:\(|;|$))/iy) !== undefined) {
      return skip(cursor) !== undefined && /^;?\s*$/.test(cursor.text.slice(cursor.at))
        ? ok([])
        : fault('results beside “none”');
    }
    if (results.length >= resultsMax) return fault(`more than ${resultsMax} results`);
    const info = resultInfo(cursor);
    if (!info.ok) return info;
    results.push(info.value);
  }
  return ok(results);
}

function resultInfo(cursor: Cursor): Result<ResultInfo, string> {
  const method = take(cursor, keyword)?.toLowerCase();
  if (method === undefined) return fault(`“${shown(cursor)}” where a method belongs`);
  skip(cursor);
  let methodVersion: string | undefined;
  if (take(cursor, /\//y) !== undefined) {
    skip(cursor);
    methodVersion = take(cursor, /\d{1,9}/y);
    skip(cursor);
  }
  if (take(cursor, /=/y) === undefined) return fault(`${method} without a result`);
  skip(cursor);
  const result = take(cursor, keyword)?.toLowerCase();
  if (result === undefined) return fault(`${method} without a result`);
  const comment = skip(cursor);
  if (comment === undefined) return fault('a comment that does not end');
  let reason: string | undefined;
  const properties: ResultProperty[] = [];
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== ';') {
    if (properties.length >= propertiesMax) return fault(`more than ${propertiesMax} properties`);
    const found = property(cursor);
    if (found === undefined) return fault(`“${shown(cursor)}” where a property belongs`);
    if (found.type === '' && found.name === 'reason') reason ??= found.value;
    else properties.push(found);
    if (skip(cursor) === undefined) return fault('a comment that does not end');
  }
  return ok({
    method,
    ...(methodVersion === undefined ? {} : { methodVersion: Number(methodVersion) }),
    result,
    ...(comment === '' ? {} : { comment }),
    ...(reason === undefined ? {} : { reason }),
    properties,
  });
}

/** `smtp.mailfrom=a@b`, `reason="…"`, `action=none`. */
function property(cursor: Cursor): ResultProperty | undefined {
  let type = '';
  let name = take(cursor, keyword)?.toLowerCase();
  if (name === undefined) return undefined;
  skip(cursor);
  if (take(cursor, /\./y) !== undefined) {
    skip(cursor);
    type = name;
    name = take(cursor, propertyName)?.toLowerCase();
    if (name === undefined) return undefined;
    skip(cursor);
  }
  if (take(cursor, /=/y) === undefined) return undefined;
  skip(cursor);
  // Some programs write nothing for the null sender.
  return { type, name, value: value(cursor, bareValue) ?? '' };
}

/**
 * Reads a word, a quoted string, or an address with a quoted local part, which keeps its quotes.
 */
function value(cursor: Cursor, word: RegExp): string | undefined {
  if (cursor.text[cursor.at] !== '"') {
    const bare = take(cursor, word);
    return bare === undefined ? undefined : cleaned(bare);
  }
  const quoted = take(cursor, /"(?:[^"\\]|\\[\s\S])*"/y);
  if (quoted === undefined) return undefined;
  const domain = take(cursor, addressRest);
  return cleaned(domain === undefined ? unquoted(quoted) : quoted + domain);
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\([\s\S])/g, '$1');
}

/** Takes the text that `pattern` (sticky) matches here. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

/**
 * Skips white space and comments. Returns the text of the first comment, or undefined if a comment
 * does not end.
 */
function skip(cursor: Cursor): string | undefined {
  let first = '';
  for (;;) {
    take(cursor, /\s+/y);
    if (cursor.text[cursor.at] !== '(') return first;
    const comment = commentText(cursor);
    if (comment === undefined) return undefined;
    if (first === '') first = comment;
  }
}

function commentText(cursor: Cursor): string | undefined {
  const { text } = cursor;
  let depth = 0;
  let said = '';
  for (let at = cursor.at; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '(' && ++depth > commentDepthMax) return undefined;
    if (char === ')' && --depth === 0) {
      cursor.at = at + 1;
      return cleaned(said.slice(1)).replace(/ +/g, ' ').trim();
    }
    if (char === '\\') at++;
    said += char === '\\' ? (text[at] ?? '') : char;
  }
  return undefined;
}

function unfolded(text: string): string {
  return text.replace(/\r?\n(?=[ \t])/g, '').replace(/[\r\n]+/g, ' ');
}

/** Replaces controls and line ends, which a field must not contain. */
function cleaned(text: string): string {
  return text.replace(/[\t\r\n]/g, ' ').replace(/\p{Cc}/gu, '?');
}

function shown({ text, at }: Cursor): string {
  return cleaned(text.slice(at, at + 20));
}

// ---------------------------------------------------------------- forged fields

/**
 * Whether a field claims to come from `authservId`. In mail from outside such a field is forged and
 * must be removed (RFC 8601 section 5). All spellings count: other case, quotes, comments before
 * it, a version or other text after it.
 */
export function isForged(field: string, authservId: string): boolean {
  const cursor: Cursor = { text: unfolded(field), at: 0 };
  const name = authservId.toLowerCase();
  // A comment that never ends hides the name here, but perhaps not from a careless reader.
  if (skip(cursor) === undefined) return field.toLowerCase().includes(name);
  const quoted = take(cursor, /"(?:[^"\\]|\\[\s\S])*"/y);
  const claimed = quoted === undefined ? take(cursor, claimWord) : unquoted(quoted);
  // A much longer name is another name.
  if (claimed === undefined || claimed.length > name.length + 10) return false;
  return claimed.toLowerCase().replace(/^[".\s]+|[".\s]+$/g, '') === name;
}

/**
 * Like idWord, but ends at every character that names do not have. An unclosed quotation mark is
 * skipped.
 */
const claimWord = /"?[^\s;()"=/:,<>@[\]?\\\p{Cc}]+/uy;

// ---------------------------------------------------------------- printing

/** The longest line (RFC 5322 section 2.1.1). */
const lineLengthMax = 78;
const fieldName = 'Authentication-Results:';

const token = /^[\w.!#$%&'*+^`{|}~-]+$/;
const address =
  /^(?:[\w.!#$%&'*+/=?^`{|}~-]*|"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*")@[\w-]+(?:\.[\w-]+)*$/u;
/** The part of an address after a quoted local part. */
const addressRest = /@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*/y;

/**
 * Prints the value of the field, folded with LF. The first line leaves room for `before`, the name
 * of the field.
 */
export function printAuthenticationResults(
  { authservId, version, results }: AuthenticationResults,
  before: string = fieldName,
): string {
  const id = token.test(authservId) ? authservId : quoted(authservId);
  const head = version === undefined ? [id] : [id, String(version)];
  const words = results.length === 0 ? [head, ['none']] : [head, ...results.map(wordsOf)];
  return folded(before, words);
}

function wordsOf(info: ResultInfo): readonly string[] {
  const version = info.methodVersion === undefined ? '' : `/${info.methodVersion}`;
  const words = [`${info.method}${version}=${info.result}`];
  if (info.comment !== undefined) words.push(...commentWords(info.comment));
  if (info.reason !== undefined) words.push(`reason=${valueWord(info.reason)}`);
  for (const { type, name, value } of info.properties) {
    words.push(`${type === '' ? name : `${type}.${name}`}=${valueWord(value)}`);
  }
  return words;
}

function valueWord(text: string): string {
  return token.test(text) || address.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${cleaned(text).replace(/["\\]/g, '\\$&')}"`;
}

function commentWords(text: string): readonly string[] {
  const words = cleaned(text)
    .replace(/[()\\]/g, '\\$&')
    .split(' ')
    .filter((word) => word !== '');
  return words.length === 0 ? [] : `(${words.join(' ')})`.split(' ');
}

/** Folds the words: each group begins a new line, and semicolons separate groups. */
function folded(before: string, groups: readonly (readonly string[])[]): string {
  let text = '';
  let column = before.length;
  groups.forEach((words, group) => {
    words.forEach((word, index) => {
      const whole = index === words.length - 1 && group < groups.length - 1 ? `${word};` : word;
      const fresh = group > 0 && index === 0;
      if (fresh || column + 1 + whole.length > lineLengthMax) {
        text += '\n\t';
        column = tabColumns;
      } else {
        text += ' ';
        column++;
      }
      text += whole;
      column += whole.length;
    });
  });
  return text;
}

/** The most columns that a tab takes. */
const tabColumns = 8;
