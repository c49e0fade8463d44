/** What the decision needs to know of the mail server, and addresses as it compares them. Pure. */
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { asciiDomain } from '../../formats/message/author-domains.ts';

/** A set of domains, which may change while the guard runs. */
export type DomainSet = Pick<ReadonlySet<string>, 'has'>;

export type MailPlace = {
  /** Names of this machine: myhostname and myorigin of Postfix. */
  readonly hostNames: DomainSet;
  /** Domains of which `joe@domain` is the local user joe (mydestination). */
  readonly localUserDomains: DomainSet;
  /** Domains of this server, or with a key here. One below another one is a domain of its own. */
  readonly ownDomains: DomainSet;
  /** Added to an address without a domain in a table (myorigin); empty if it is not known. */
  readonly origin: string;
  /** recipient_delimiter of Postfix: `joe+shop` is joe. Empty: nothing is. */
  readonly delimiters: string;
  /** masquerade_domains of Postfix. */
  readonly masqueraded: readonly string[];
};

/** Matches nearly all addresses: one such address is its own key. */
const plain = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,190}[a-z0-9]$/;

/**
 * The form in which addresses are compared: an address key whose domain is in A-labels. All
 * spellings of one address have the same form.
 */
export function authorKey(text: string): string {
  // `@domain` is some address of the domain.
  if (plain.test(text) || /^@[a-z0-9.-]{1,253}$/.test(text)) return text;
  const key = addressKey(text);
  const domain = domainOf(key);
  if (domain === '') return key;
  const ascii = asciiDomain(domain);
  return ascii === undefined || ascii === domain ? key : key.slice(0, -domain.length) + ascii;
}

/** The local part of an address key, as it stands in the key. */
export function localPartOf(key: string): string {
  const domain = domainOf(key);
  return domain === '' ? key.replace(/@$/, '') : key.slice(0, -domain.length - 1);
}

/**
 * The address without its extension (`joe+shop@a.test` is joe@a.test), as Postfix splits it
 * (split_addr(3)). The same address if it has none.
 */
export function withoutExtension(key: string, delimiters: string): string {
  if (delimiters === '') return key;
  const local = localPartOf(key);
  const cut = extensionStart(local, delimiters);
  return cut < 0 ? key : local.slice(0, cut) + key.slice(local.length);
}

/** Where the extension of a local part begins; -1 if it has none. */
function extensionStart(local: string, delimiters: string): number {
  if (/^(?:mailer-daemon|double-bounce)$/.test(local)) return -1;
  const isListName = /^owner-|-request$/.test(local);
  for (let at = 1; at < local.length - 1; at++) {
    const char = local[at] ?? '';
    if (delimiters.includes(char) && !(char === '-' && isListName)) return at;
  }
  return -1;
}

/** The domain as masquerade_domains shows it: without the names below a listed domain. */
export function asMasqueraded(domain: string, { masqueraded }: MailPlace): string {
  // As in Postfix, the first match counts; `!name` keeps that name.
  for (const entry of masqueraded) {
    const name = entry.replace(/^!/, '');
    if (domain !== name && !domain.endsWith(`.${name}`)) continue;
    return entry.startsWith('!') ? domain : name;
  }
  return domain;
}
