/**
 * Which addresses are an account's own, without asking any table: those of its domain, of its user
 * name, and of this machine. Pure; it runs for every message.
 */
import { domainOf } from '../../formats/message/address.ts';
import { asciiDomain } from '../../formats/message/author-domains.ts';
import { type Account, withoutAutomatic } from '../account-name.ts';
import { asMasqueraded, localPartOf, type MailPlace, withoutExtension } from './place.ts';

const prefixed = /^(client|local|script|user|login):/;

/** What an account is; `login` for one without a prefix. */
export type AccountKind = 'login' | 'client' | 'local' | 'script' | 'user';

export function kindOfAccount(account: Account): AccountKind {
  const prefix = prefixed.exec(account)?.[1];
  return prefix === undefined || prefix === 'login' ? 'login' : (prefix as AccountKind);
}

/** Is the address (a key, place.ts) the account's own? */
export function ownsAddress(account: Account, address: string, place: MailPlace): boolean {
  const domain = domainOf(address);
  if (domain === '') return false;
  switch (kindOfAccount(account)) {
    case 'login':
      return loginOwns(account, address, domain, place);
    case 'user':
      return userOwns(account, address, domain, place);
    case 'local':
      // Nobody has proven the sender of local mail; it may be anything but this machine's own.
      return place.hostNames.has(domain);
    case 'client':
      return isThisMachine(account) && place.hostNames.has(domain);
    default:
      return false;
  }
}

function loginOwns(account: Account, address: string, domain: string, place: MailPlace): boolean {
  const name = account.replace(/^login:/, '');
  const own = loginDomain(name);
  if (own === domain) return true;
  if (own === '') return isLocalUser(name, address, domain, place);
  return isBelow(domain, own, place) || asMasqueraded(own, place) === domain;
}

/** The domain of a login, in A-labels; empty if it has none. */
function loginDomain(name: string): string {
  const domain = name.slice(name.lastIndexOf('@') + 1);
  if (domain === name) return '';
  return /^[a-z0-9.-]+$/.test(domain) ? domain : (asciiDomain(domain) ?? '?');
}

/**
 * A name below the domain belongs to it, unless it is a domain of this server with mail of its own:
 * that may be another customer's.
 */
function isBelow(domain: string, own: string, { ownDomains }: MailPlace): boolean {
  // What is below a name without a dot (`test`) belongs to many.
  if (!own.includes('.') || !domain.endsWith(`.${own}`)) return false;
  let name = domain;
  while (name.length > own.length) {
    if (ownDomains.has(name)) return false;
    name = name.slice(name.indexOf('.') + 1);
  }
  return true;
}

/** Mail to `joe@domain` goes to the local user joe, and programs of joe write with that name. */
function isLocalUser(name: string, address: string, domain: string, place: MailPlace): boolean {
  if (!place.localUserDomains.has(domain) && !place.hostNames.has(domain)) return false;
  const local = localPartOf(withoutExtension(address, place.delimiters));
  return name !== '?' && local === name.toLowerCase();
}

function userOwns(account: Account, address: string, domain: string, place: MailPlace): boolean {
  const name = withoutAutomatic(account).slice('user:'.length);
  // Root's programs (cron, logwatch, mdadm) write with any name of this machine.
  if (name === 'root' && place.hostNames.has(domain)) return true;
  return isLocalUser(name, address, domain, place);
}

function isThisMachine(account: Account): boolean {
  return /^client:(?:127\.[\d.]+|::1)$/.test(account);
}

/** Is it a program of this machine, so neither a login nor another host? */
export function isOfThisMachine(account: Account): boolean {
  const kind = kindOfAccount(account);
  return kind === 'client' ? isThisMachine(account) : kind !== 'login';
}

/**
 * The addresses under which the account gets mail, as tables name them; empty for an account that
 * gets none, such as a host.
 */
export function mailboxesOf(account: Account, { origin }: MailPlace): readonly string[] {
  const kind = kindOfAccount(account);
  if (kind !== 'login' && kind !== 'user') return [];
  const name = withoutAutomatic(account)
    .replace(/^(?:login|user):/, '')
    .toLowerCase();
  if (name === '' || name === '?') return [];
  if (name.includes('@')) {
    const domain = loginDomain(name);
    return [name.slice(0, name.lastIndexOf('@') + 1) + domain];
  }
  return origin === '' ? [name] : [name, `${name}@${origin}`];
}
