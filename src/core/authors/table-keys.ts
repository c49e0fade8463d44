/**
 * What the mail server's tables are asked about an address, and how their answers are read. The
 * order is that of Postfix: virtual(5), aliases(5), canonical(5), postconf(5). Pure.
 */
import { domainOf } from '../../formats/message/address.ts';
import { authorKey, localPartOf, type MailPlace, withoutExtension } from './place.ts';

/** Parameters of Postfix whose tables say which addresses belong to an account. */
export const tableNames = [
  'smtpd_sender_login_maps',
  'virtual_alias_maps',
  'alias_maps',
  'sender_canonical_maps',
  'canonical_maps',
  'smtp_generic_maps',
  'virtual_mailbox_maps',
] as const;
/** Dovecot’s userdb is asked as a table: the folder of a user's mail. */
export type TableName = (typeof tableNames)[number] | 'dovecot userdb';

/** `isWhole`: also for tables of patterns. Postfix asks those for complete addresses only. */
export type TableKey = { readonly key: string; readonly isWhole: boolean };

/** Longer keys are not asked; Postfix's own limit for an address is about as long. */
const keyLengthMax = 320;
/** Targets of one entry. More make it a list, which gives nobody a right. */
export const targetsMax = 100;

/** The keys under which Postfix looks up an address; the first that has an entry counts. */
export function addressKeys(address: string, place: MailPlace): readonly TableKey[] {
  const domain = domainOf(address);
  const base = withoutExtension(address, place.delimiters);
  const isLocal = domain === place.origin || isLocalUserDomain(domain, place);
  const bare = isLocal ? [localPartOf(address), localPartOf(base)] : [];
  return askable([
    { key: address, isWhole: true },
    ...[base, ...bare, `@${domain}`].map((key) => ({ key, isWhole: false })),
  ]);
}

/** The keys under which local(8) looks up the alias of a local user; none for other addresses. */
export function aliasKeys(address: string, place: MailPlace): readonly TableKey[] {
  const domain = domainOf(address);
  if (domain !== '' && domain !== place.origin && !isLocalUserDomain(domain, place)) return [];
  const names = [address, withoutExtension(address, place.delimiters)].map(localPartOf);
  return askable(names.map((key) => ({ key, isWhole: true })));
}

function isLocalUserDomain(domain: string, place: MailPlace): boolean {
  return place.localUserDomains.has(domain);
}

/** Without what postmap(1) cannot be asked, each key once. */
function askable(keys: readonly TableKey[]): readonly TableKey[] {
  const known = new Set<string>();
  return keys.filter(({ key }) => {
    const isNew = !known.has(key);
    known.add(key);
    const isPlain = key !== '' && key !== '@' && key.length <= keyLengthMax;
    return isNew && isPlain && !/[\s\p{Cc}]/u.test(key);
  });
}

/** Words of a value: divided by commas and white space, but not inside quotes. */
function wordsOfValue(value: string): readonly string[] {
  return value.match(/(?:"(?:[^"\\]|\\.)*"|[^\s,"])+/g) ?? [];
}

/**
 * The addresses that an entry leads to, as address keys; an entry without a domain stays without
 * one. Undefined if it has more than `targetsMax`. Files, commands and `:include:` lists lead to
 * nobody. `asked`: the address that was looked up; `@other.test` means the same name there.
 */
export function targetsOf(value: string, asked: string): readonly string[] | undefined {
  const words = wordsOfValue(value);
  if (words.length > targetsMax) return undefined;
  return words.flatMap((word) => {
    const text = word.replace(/^\\/, '');
    if (/^"?[|/]|^:include:/i.test(text)) return [];
    const key = text.startsWith('@') ? `${localPartOf(asked)}${text}` : text;
    return [authorKey(key)];
  });
}

/** The logins that an entry of smtpd_sender_login_maps names. */
export function loginsOf(value: string): readonly string[] {
  return wordsOfValue(value);
}

/**
 * Do two entries name the mailbox of this user? Equal values alone do not say so: many servers have
 * `OK`, or one folder, for all users, or one for all that have the same name in different domains.
 * So it must be a path that ends with the user's address, or with its domain and later its name.
 */
export function isSameMailbox(value: string, other: string, mailbox: string): boolean {
  if (value !== other || !value.includes('/')) return false;
  const parts = value
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '');
  const isTheirs = (name: string | undefined, above: readonly string[]): boolean =>
    name === mailbox || (name === localPartOf(mailbox) && above.includes(domainOf(mailbox)));
  const last = parts.at(-1) ?? '';
  if (isTheirs(last, parts.slice(0, -1))) return true;
  return insideMailbox.test(last) && isTheirs(parts.at(-2), parts.slice(0, -2));
}

/** Folders in a user's own folder that hold the mail. */
const insideMailbox = /^(?:maildir|mdbox|sdbox|dbox|mail|mbox)$/;
