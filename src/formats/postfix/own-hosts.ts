/**
 * The hosts that belong to the server itself: this machine, its web server, its webmail. Their
 * clients are programs of the server, so they are never a new network for an account.
 */
import { isListed, type NetworkRule, parseNetworkRule } from './network-list.ts';

/** This machine, and private networks (RFC 1918, RFC 4193, RFC 3927, RFC 4291). */
const always: readonly string[] = [
  '127.0.0.0/8',
  '::1',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];
const alwaysRules = rulesOf(always);

/** Whether the client is an own host where the operator named none. */
export function isOwnByDefault(client: string): boolean {
  return isListed(client, alwaysRules);
}

/**
 * Tells the own hosts. `named` are the operator's addresses and networks, and addresses of this
 * machine; `!10.0.0.0/8` excludes a private network. The first entry that matches decides.
 */
export function ownHosts(named: readonly string[]): (client: string) => boolean {
  if (named.length === 0) return isOwnByDefault;
  const rules = [...rulesOf(named), ...alwaysRules];
  return (client) => isListed(client, rules);
}

function rulesOf(texts: readonly string[]): readonly NetworkRule[] {
  return texts.flatMap((text) => parseNetworkRule(text) ?? []);
}
