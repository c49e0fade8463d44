/**
 * Whose mail it is, as one name: `Bob`, ` bob ` and `bob@example.org` are the same account where
 * example.org is the default domain. Pure, never throws; whatever a peer sends becomes a name that
 * is safe to show, store and type.
 */

import { addressKey } from '../formats/message/address.ts';
import { clientAddress } from '../formats/postfix/client-address.ts';
import type { Brand } from '../lib/brand.ts';

/**
 * Whose mail it is: a login `joe@example.org`, an
 * unauthenticated client that Postfix lets relay `client:10.0.0.7`, local mail by envelope sender
 * `local:www-data@host`; by the sendmail door, a script `script:/var/www/…` or else the user
 * `user:joe` (core/scripts/speaker.ts).
 */
export type Account = Brand<string, 'Account'>;

/**
 * Longer than any login: names are keys in memory, and a peer must not fill it with one of them.
 */
const nameLengthMax = 256;
/**
 * Controls, and what changes how the text around it looks (bidirectional marks, zero widths), lone
 * surrogates.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Names that only Postern gives. */
const reserved = /^(?:client|local|script|user|login):/;

/** The account of an authenticated login. */
export function accountOf(login: string, defaultDomain: string): Account {
  const name = clean(login);
  const whole =
    name === '' || name.includes('@') || defaultDomain === '' ? name : `${name}@${defaultDomain}`;
  if (whole === '') return 'login:?' as Account;
  // A login must not be able to pass for a client or a script by its name.
  return (reserved.test(whole) ? `login:${whole}` : whole).slice(0, nameLengthMax) as Account;
}

/** The account of a host that may relay by its address alone. */
export function clientAccount(ip: string): Account {
  const address = clientAddress(ip);
  return `client:${address === '' ? '?' : address}` as Account;
}

/**
 * The account of mail that came through sendmail(1) or another way without a login, by envelope
 * sender.
 */
export function localAccount(sender: string): Account {
  const key = clean(addressKey(sender));
  return `local:${key === '' ? '<>' : key}` as Account;
}

/**
 * `+XX` back to the character it stands for (xtext, RFC 3461 section 4), for mail servers that
 * write logins so.
 */
export function fromXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Nearly all logins: nothing to clean. */
const plain = /^[a-z0-9._+@-]{0,199}[a-z0-9]$/;

function clean(text: string): string {
  if (plain.test(text)) return text;
  const name = text
    .slice(0, nameLengthMax)
    .trim()
    .normalize('NFC')
    .toLowerCase()
    .replace(unsafe, '?')
    .slice(0, nameLengthMax)
    .toWellFormed();
  // A domain with its root dot is the same domain.
  return name.includes('@') && name.endsWith('.') ? name.slice(0, -1) : name;
}
