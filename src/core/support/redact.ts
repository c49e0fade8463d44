/**
 * Removes from text what a bug report must not contain: secrets, addresses, names of accounts,
 * subjects. The same name gets the same stand-in everywhere in one bundle, so that a reader can
 * still follow an account. Pure, but for its own memory of names.
 */

export type Redactor = {
  /** Names of accounts, which are replaced wherever they stand as a word. */
  learn(accounts: Iterable<string>): void;
  /** Values that are replaced wherever they stand. */
  hide(secrets: Iterable<string>): void;
  clean(text: string): string;
  /** What was replaced so far, by kind. */
  counts(): Readonly<Record<string, number>>;
};

const removed = '[removed]';
/** A longer line is no line of a log or a setting, and takes long to search. */
const longLine = /^(.{4000}).+$/gm;
const cutMark = '[cut]';
/** Shorter ones would hit words that are no secret. */
const secretMin = 6;
const nameMin = 3;

/** Fields of a log line whose values are left out, whatever they are. */
const fields =
  'subject|body|text|to|cc|from|sender|recipient|recipients|reached|header|headers|password|' +
  'token|secret|note|detail|script|path|file';
/** The end of a line that was cut counts as the end of the value. */
const jsonField: RegExp = new RegExp(
  `("(?:${fields})"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*(?:"|\\\\?$)|\\[[^\\]]*(?:\\]|$))`,
  'gim',
);
const secretWords =
  '[\\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access)_?key|credential|' +
  'authorization|bearer)[\\w.-]*';
const shortWords = '(?:[\\w.-]*_)?(?:\\w*pass|pw)';
/** `name = value` as in a file of settings: the value is the rest of the line. */
const settingLine: RegExp = new RegExp(
  `(\\b(?:${secretWords}|${shortWords})\\s+=\\s*)(?!\\[removed\\]$)\\S.*$|` +
    `(^\\s*(?:\\*\\s+)?${secretWords}\\s*=\\s*)(?!\\[removed\\]$)\\S.*$`,
  'gim',
);
const setting: RegExp = new RegExp(
  `\\b(${secretWords}\\s*[=:]\\s*|${shortWords}=)(?!\\s*\\[removed\\])` +
    `("[^"]*"|'[^']*'|\\{[^}]*\\}?|\\S+)`,
  'gi',
);
/** `curl -u joe:secret`. */
const loginOption = /((?<![\w-])(?:-u|--user)(?:[\s=]+|"\s*,\s*"))[^\s",]+/g;
const scheme = /\b(bearer|basic)\s+(?=\S{4})\S+/gi;
/** A table that stands in main.cf itself, and not in a file. */
const tableInPlace = /\b(static:|(?:inline|[a-z]{3,12}):(?=\s*\{))/g;
const url = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s"'<>]*)/gi;
const quotedLocal = /"(?:[^"\\\n]|\\.){1,64}"@(?:[\p{L}\p{N}-]+\.)*[\p{L}\p{N}-]+/gu;
const address = /[^\s<>"'()[\]{},;:|\\]+@(?:[\p{L}\p{N}-]+\.)*[\p{L}\p{N}-]+/gu;
/** What may stand before an address in a log. Other words with `=` are part of the address. */
const addressKey = /^(?:from|to|orig_to|cc|user|login|account|sender|recipient|sasl_\w+)=/i;
const subjectLine = /((?:^\s*subject\b\s*[:=]?|\bsubject\s*:)\s*).+$/gim;
const quoted = /“[^”]*”/g;
const ipv4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g;
const ipv6 = /(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![\w:])/gi;
const otherAccount = /\b(script|user|local|client):[^\s"',;)]+/g;
/** Tokens, keys, hashes: long, and made of characters and digits. */
const random = /(?<![\w/+])(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])[\w+/=-]{20,}/gi;

export function openRedactor(): Redactor {
  const names = new Map<string, string>();
  const counts: Record<string, number> = {};
  const known = new Set<string>();
  const hidden = new Set<string>();
  const standIn = (kind: string, name: string): string => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    const key = `${kind} ${name.toLowerCase()}`;
    const found = names.get(key);
    if (found !== undefined) return found;
    const nth = [...names.keys()].filter((one) => one.startsWith(`${kind} `)).length + 1;
    const made = `${kind}-${nth}`;
    names.set(key, made);
    return made;
  };
  const gone = (kind: string): string => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    return removed;
  };
  const clean = (text: string): string => {
    let out = text.replace(longLine, `$1 ${cutMark}`);
    for (const secret of hidden) out = replaceAll(out, secret, () => gone('secret'));
    out = out
      .replace(jsonField, (_, start: string) => `${start}"${gone('field')}"`)
      .replace(subjectLine, (_, start: string) => `${start}${gone('subject')}`)
      .replace(quoted, () => `“${gone('quotation')}”`)
      .replace(scheme, (_, name: string) => `${name} ${gone('secret')}`);
    out = withoutTables(out, () => gone('table'))
      .replace(settingLine, (_, one = '', other = '') => `${one}${other}${gone('secret')}`)
      .replace(setting, (_, start: string) => `${start}${gone('secret')}`)
      .replace(loginOption, (_, start: string) => `${start}${gone('secret')}`)
      .replace(url, (_, start: string, rest: string) => start + placeOf(rest, () => gone('path')))
      .replace(quotedLocal, (one) => standIn('address', one))
      .replace(address, (one) => {
        const start = addressKey.exec(one)?.[0] ?? '';
        return start + standIn('address', one.slice(start.length));
      })
      .replace(otherAccount, (one, kind: string) => `${kind}:${standIn('name', one)}`);
    for (const name of known) out = replaceAll(out, name, () => standIn('account', name));
    return out
      .replace(ipv4, (one) => (isOwnNetwork(one) ? one : standIn('ip', one)))
      .replace(ipv6, (one) => (one === '::1' ? one : standIn('ip', one)))
      .replace(random, () => gone('random'));
  };
  return {
    learn(accounts) {
      for (const name of accounts) if (name.length >= nameMin) known.add(name);
    },
    hide(secrets) {
      for (const secret of secrets) if (secret.length >= secretMin) hidden.add(secret);
    },
    clean,
    counts: () => ({ ...counts }),
  };
}

/** What stands behind `://`: the host, without a login before it and a path behind it. */
function placeOf(rest: string, gone: () => string): string {
  const at = rest.lastIndexOf('@');
  // A password may have a slash or a question mark in it, and then no host can be told from it.
  if (at > rest.search(/[/?#]|$/)) return gone();
  const [host = ''] = /^[^/?#]*/.exec(rest.slice(at + 1)) ?? [];
  const path = rest.slice(at + 1 + host.length);
  const end = /[).,]*$/.exec(path)?.[0] ?? '';
  return path.length > end.length + 1 ? `${host}/${gone()}` : `${host}${path}`;
}

/** `inline:{ … }`, `static:…`: entries may be passwords, and subjects of a table of patterns. */
function withoutTables(text: string, gone: () => string): string {
  let out = '';
  let from = 0;
  for (const found of text.matchAll(tableInPlace)) {
    const start = found.index + found[0].length;
    if (found.index < from) continue;
    out += text.slice(from, start) + gone();
    from = endOfTable(text, start);
  }
  return out + text.slice(from);
}

/** The end of the brace that opens here, else of the word; at most that of the line. */
function endOfTable(text: string, start: number): number {
  const newline = text.indexOf('\n', start);
  const end = newline < 0 ? text.length : newline;
  const open = /^\s*\{/.exec(text.slice(start, end))?.[0];
  if (open === undefined) return start + (/^[^\s,]*/.exec(text.slice(start, end))?.[0].length ?? 0);
  let depth = 0;
  for (let at = start + open.length - 1; at < end; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return end;
}

function replaceAll(text: string, name: string, by: () => string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w@])${escaped}(?![\\w@])`, 'gi'), by);
}

/** Loopback, and addresses that are no one's: they tell nothing about a person. */
function isOwnNetwork(ip: string): boolean {
  return /^(?:127\.|0\.0\.0\.0$|255\.)/.test(ip);
}
