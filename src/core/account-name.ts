/**
 * Account names. `Bob`, ` bob ` and `bob@example.org` become the same name if example.org is the
 * default domain. Whatever a peer sends becomes a name that is safe to show, store and type. Pure,
 * never throws.
 */

import { addressKey } from '../formats/message/address.ts';
import { clientAddress } from '../formats/postfix/client-address.ts';
import { isOwnDomain } from '../formats/postfix/own-domains.ts';
import type { Brand } from '../lib/type-tools.ts';

/**
 * The account that mail counts for: a login `joe@example.org`; a client that Postfix allows to
 * relay without a login `client:10.0.0.7`; an envelope sender of local mail `local:www-data@host`.
 * For mail from the sendmail door, a script `script:/var/www/…` or a user `user:joe`
 * (core/scripts/submitter.ts).
 */
export type Account = Brand<string, 'Account'>;

/** Longer than any login. Names are keys in memory, and a peer must not fill it with one name. */
const nameLengthMax = 256;
/** Stands where a name was cut. No domain has it. */
const cutMark = '?';
/** Of a longer text, only this much is read. */
const textLengthMax = 4_096;
/**
 * Control characters, characters that change how text looks (bidirectional marks, zero widths), and
 * lone surrogates.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Prefixes that only Postern gives. */
const reserved = /^(?:client|local|script|user|login):/;
/** Those of mail from the sendmail door. */
const submitter = /^(?:script|user):/;

/** Which domain a login belongs to. The values may change while the guard runs. */
export type LoginDomains = {
  /** Added to logins without a domain; empty: none is. */
  readonly defaultDomain: string;
  /**
   * Domains of logins (formats/postfix/own-domains.ts). A login in any other domain is that of the
   * user without a domain. Undefined: every domain counts.
   */
  readonly domains: ReadonlySet<string> | undefined;
};
/** A text alone is the default domain; every domain counts then. */
export type DefaultDomain = string | LoginDomains;

/** The account of an authenticated login. */
export function accountOf(login: string, known: DefaultDomain): Account {
  const { defaultDomain, domains } =
    typeof known === 'string' ? { defaultDomain: known, domains: undefined } : known;
  const typed = clean(login);
  const name = domains === undefined ? typed : withoutStrangeDomain(typed, domains);
  const whole =
    name === '' || name.includes('@') || defaultDomain === '' ? name : `${name}@${defaultDomain}`;
  if (whole === '') return 'login:?' as Account;
  // The name of a login must not look like that of a client or a script.
  return shortened(reserved.test(whole) ? `login:${whole}` : whole) as Account;
}

/** The same; undefined if the client gave no login. */
export function accountNamed(login: string, known: DefaultDomain): Account | undefined {
  return login.trim() === '' ? undefined : accountOf(login, known);
}

/** Does the name have a path or a user in it, which may have capitals? Logins have none. */
export function keepsCapitals(name: string): boolean {
  return submitter.test(name);
}

/**
 * At most as long as a name may be. Its domain stays: cut at its end, `…@one.example.two.example`
 * would be of another domain.
 */
function shortened(name: string): string {
  if (name.length <= nameLengthMax) return name;
  const at = name.lastIndexOf('@');
  const domain = at < 0 ? '' : name.slice(at);
  const room = nameLengthMax - domain.length - cutMark.length;
  if (room < 1) return name.slice(0, nameLengthMax - cutMark.length).toWellFormed() + cutMark;
  return name.slice(0, room).toWellFormed() + cutMark + domain;
}

/** `joe@anything` is `joe` where the password service does not look at the domain. */
function withoutStrangeDomain(name: string, domains: ReadonlySet<string>): string {
  // The first `@`: joe@x@here.example would else be a name of its own.
  const at = name.indexOf('@');
  const domain = name.slice(at + 1);
  return at <= 0 || isOwnDomain(domains, domain) ? name : name.slice(0, at);
}

/** The account of a host that may relay because of its address. */
export function clientAccount(ip: string): Account {
  const address = clientAddress(ip);
  return `client:${address === '' ? '?' : address}` as Account;
}

/** The account of mail without a login, such as from sendmail(1): its envelope sender. */
export function localAccount(sender: string): Account {
  const key = clean(addressKey(sender));
  return `local:${key === '' ? '<>' : key}` as Account;
}

/** Is it an account of mail from sendmail(1)? Such mail is held where other mail is put off. */
export function isLocal(account: string): boolean {
  return account.startsWith('local:');
}

const automatic = ':<>';

/**
 * The account of what a user of this machine sends with the null sender: automatic answers of mail
 * programs. Whoever writes to this server causes them, so they count apart from the user's mail.
 */
export function automaticAccount(user: Account): Account {
  return `${user}${automatic}` as Account;
}

/** The user's own account, of one that `automaticAccount` may have named. */
export function withoutAutomatic(account: Account): Account {
  const isNamed = account.startsWith('user:') && account.endsWith(automatic);
  return isNamed ? (account.slice(0, -automatic.length) as Account) : account;
}

/** Is it an account of automatic answers? */
export function isAutomatic(account: Account): boolean {
  return account === localAccount('') || withoutAutomatic(account) !== account;
}

/** Decodes xtext (`+XX`, RFC 3461 section 4): some mail servers write logins in this form. */
export function fromXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** What nearly all logins look like: nothing to clean. */
const plain = /^[a-z0-9._+@-]{0,199}[a-z0-9]$/;

function clean(text: string): string {
  if (plain.test(text)) return text;
  const read = text.length <= textLengthMax ? text : text.slice(0, textLengthMax) + cutMark;
  const name = shortened(
    read.trim().normalize('NFC').toLowerCase().replace(unsafe, '?').toWellFormed(),
  );
  // A domain with its root dot is the same domain.
  return name.includes('@') && name.endsWith('.') ? name.slice(0, -1) : name;
}
