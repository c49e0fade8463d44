/** What the operator declared: this account may write as that address. Pure. */
import { domainOf } from '../../formats/message/address.ts';
import { asciiDomain } from '../../formats/message/author-domains.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { isAmong, type Network, parseNetwork } from '../../formats/postfix/network-list.ts';
import { type Account, accountOf, type DefaultDomain, withoutAutomatic } from '../account-name.ts';
import { matchesPath, patternFault } from '../scripts/path-glob.ts';
import { entryOf } from '../scripts/rule-text.ts';
import { kindOfAccount } from './own.ts';
import { authorKey, withoutExtension } from './place.ts';

export type Declaration = {
  /**
   * An account; or many: `@example.org` all logins of a domain, `client:10.0.0.0/24`,
   * `script:/var/www/**`, `local:*`.
   */
  readonly account: string;
  /**
   * An address key; `@example.org`; `@*.example.org` for all names below it; `*` for every address,
   * such as for a host or a program that sends for all.
   */
  readonly address: string;
};

/** In a declaration: every address. */
export const anyAddress = '*';
/** No control characters and nothing that changes how text looks; at most as long as an account. */
const nameMax = 512;

/** The account of a declaration as it is stored, or why it cannot be one. */
export function declaredAccount(
  text: string,
  known: DefaultDomain,
): { readonly account: string } | { readonly fault: string } {
  const name = text.trim();
  if (name === '' || name.length > nameMax || /[\p{Cc}\p{Cf}]/u.test(name)) {
    return { fault: 'it is not the name of an account' };
  }
  if (name.startsWith('@')) {
    const domain = asciiDomain(name.slice(1));
    return domain === undefined ? { fault: `${name} is not a domain` } : { account: `@${domain}` };
  }
  if (name.startsWith('client:')) return declaredClient(name.slice('client:'.length));
  if (name.startsWith('script:')) {
    const fault = patternFault(name.slice('script:'.length));
    return fault === undefined ? { account: name } : { fault };
  }
  if (name === 'local:*') return { account: name };
  if (name === '*') return { fault: 'name an account, or @DOMAIN for all its logins' };
  if (parseNetwork(name) !== undefined) return { fault: `a host is named client:${name}` };
  if (name.startsWith('local:')) return { account: `local:${authorKey(name.slice(6))}` };
  if (name.startsWith('user:')) {
    return name.length > 'user:'.length ? { account: name } : { fault: 'user: needs a name' };
  }
  return { account: accountOf(name, known) };
}

function declaredClient(text: string): { readonly account: string } | { readonly fault: string } {
  const network = parseNetwork(text);
  if (network === undefined) return { fault: `${text} is not an IP address or a network` };
  const { address, bits } = network;
  const isOne = bits === address.octets.length * 8;
  return { account: `client:${isOne ? clientAddress(address.text) : `${address.text}/${bits}`}` };
}

/** The address of a declaration as it is stored; undefined if it is not one. */
export function declaredAddress(text: string): string | undefined {
  if (text.trim() === anyAddress) return anyAddress;
  const entry = entryOf(text);
  if (entry === undefined || /[\p{Cc}\p{Cf}]/u.test(entry)) return undefined;
  // No pattern: all addresses of a domain are @domain.
  if (entry.startsWith('*@')) return undefined;
  if (!entry.startsWith('@')) {
    const key = authorKey(entry);
    const isWhole = !key.startsWith('""@') && asciiDomain(domainOf(key)) !== undefined;
    return isWhole ? key : undefined;
  }
  const name = asciiDomain(entry.replace(/^@(?:\*\.)?/, ''));
  if (name === undefined || !name.includes('.')) return undefined;
  return entry.startsWith('@*.') ? `@*.${name}` : `@${name}`;
}

export type Declarations<One extends Declaration> = {
  /** The declaration that lets the account write as the address (a key); undefined without one. */
  find(account: Account, address: string, delimiters: string): One | undefined;
};

/** Puts declarations in order, so that finding one does not look at all of them. */
export function orderDeclarations<One extends Declaration>(rows: Iterable<One>): Declarations<One> {
  const exact = new Map<string, One[]>();
  const networks: { readonly network: Network; readonly row: One }[] = [];
  const globs: { readonly glob: string; readonly row: One }[] = [];
  for (const row of rows) {
    const { account } = row;
    const network = account.startsWith('client:') ? parseNetwork(account.slice(7)) : undefined;
    if (network !== undefined && account.includes('/')) networks.push({ network, row });
    else if (account.startsWith('script:') && /[*?]/.test(account)) {
      globs.push({ glob: account.slice('script:'.length), row });
    } else {
      const same = exact.get(account);
      if (same === undefined) exact.set(account, [row]);
      else same.push(row);
    }
  }
  const namesOf = (account: Account): readonly string[] => {
    const name = withoutAutomatic(account);
    const kind = kindOfAccount(name);
    if (kind === 'local') return [name, 'local:*'];
    const at = kind === 'login' ? name.lastIndexOf('@') : -1;
    if (at < 0) return [name];
    const domain = name.slice(at + 1);
    return [name, `@${asciiDomain(domain) ?? domain}`];
  };
  return {
    find(account, address, delimiters) {
      const base = withoutExtension(address, delimiters);
      const fits = (row: One): boolean =>
        covers(row.address, address) || (base !== address && covers(row.address, base));
      for (const name of namesOf(account)) {
        const found = exact.get(name)?.find(fits);
        if (found !== undefined) return found;
      }
      if (networks.length > 0 && account.startsWith('client:')) {
        const client = account.slice('client:'.length);
        const found = networks.find(({ network, row }) => fits(row) && isAmong(client, [network]));
        if (found !== undefined) return found.row;
      }
      if (globs.length > 0 && account.startsWith('script:')) {
        const path = account.slice('script:'.length);
        return globs.find(({ glob, row }) => fits(row) && matchesPath(glob, path))?.row;
      }
      return undefined;
    },
  };
}

/** `address`: an address key, or `@domain`: some address of the domain. */
export function isDeclaredIn(
  declarations: Declarations<Declaration>,
  account: Account,
  address: string,
  delimiters: string,
): boolean {
  // Only a declaration for the whole domain has this name in it.
  const one = address.startsWith('@') ? `any${address}` : address;
  return declarations.find(account, one, delimiters) !== undefined;
}

function covers(declared: string, address: string): boolean {
  if (declared === anyAddress) return address !== '';
  if (!declared.startsWith('@')) return declared === address;
  const domain = domainOf(address);
  if (domain === '') return false;
  return declared.startsWith('@*.')
    ? domain.endsWith(declared.slice(2))
    : declared.slice(1) === domain;
}
