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
/** Shorter ones would hit words that are no secret. */
const secretMin = 6;
const nameMin = 3;

/** Fields of a log line whose values are left out, whatever they are. */
const fields =
  'subject|body|text|to|cc|from|sender|recipient|recipients|reached|header|headers|password|' +
  'token|secret|note|detail|script|path|file';
const jsonField: RegExp = new RegExp(
  `("(?:${fields})"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\])`,
  'gi',
);
const secretName =
  '[\\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|credential|authorization|bearer)' +
  '[\\w.-]*';
const setting: RegExp = new RegExp(
  `\\b(${secretName})(\\s*[=:]\\s*)(?!\\[removed\\])("[^"]*"|'[^']*'|\\S+)`,
  'gi',
);
const scheme = /\b(bearer|basic)\s+(?=\S{4})\S+/gi;
const url = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)(?:[^\s/@"']*@)?([^\s/"'?#]+)([^\s"']*)/gi;
const address = /[^\s<>"'()[\]{},;:=|\\]+@(?:[\p{L}\p{N}-]+\.)*[\p{L}\p{N}-]+/gu;
const subjectLine = /^(\s*subject\b\s*[:=]?\s*).+$/gim;
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
    let out = text;
    for (const secret of hidden) out = replaceAll(out, secret, () => gone('secret'));
    out = out
      .replace(jsonField, (_, start: string) => `${start}"${gone('field')}"`)
      .replace(subjectLine, (_, start: string) => `${start}${gone('subject')}`)
      .replace(quoted, () => `“${gone('quotation')}”`)
      .replace(scheme, (_, name: string) => `${name} ${gone('secret')}`)
      .replace(setting, (_, name: string, sign: string) => `${name}${sign}${gone('secret')}`)
      .replace(url, (_, start: string, host: string, rest: string) => {
        const end = /[).,]*$/.exec(rest)?.[0] ?? '';
        return `${start}${host}${rest.length > end.length + 1 ? `/${gone('path')}` : rest}`;
      })
      .replace(address, (one) => standIn('address', one))
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

function replaceAll(text: string, name: string, by: () => string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w@])${escaped}(?![\\w@])`, 'gi'), by);
}

/** Loopback, and addresses that are no one's: they tell nothing about a person. */
function isOwnNetwork(ip: string): boolean {
  return /^(?:127\.|0\.0\.0\.0$|255\.)/.test(ip);
}
