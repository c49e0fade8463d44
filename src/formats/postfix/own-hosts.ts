/**
 * The hosts that belong to the server itself: this machine, its web server, its webmail. Their
 * clients are programs of the server, so they are never a new network for an account.
 */
import { RecentMap } from '../../lib/recent-map.ts';
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
/** Clients whose answer is remembered: the same ones come again and again. */
const clientsMax = 2_000;

/** Whether the client is an own host where the operator named none. */
export const isOwnByDefault: (client: string) => boolean = listed(alwaysRules);

/**
 * Tells the own hosts. `named` are the operator's addresses and networks, and addresses of this
 * machine; `!10.0.0.0/8` excludes a private network. The first entry that matches decides.
 */
export function ownHosts(named: readonly string[]): (client: string) => boolean {
  if (named.length === 0) return isOwnByDefault;
  return listed([...rulesOf(named), ...alwaysRules]);
}

function listed(rules: readonly NetworkRule[]): (client: string) => boolean {
  const known = new RecentMap<string, boolean>(clientsMax);
  return (client) => {
    const before = known.get(client);
    if (before !== undefined) return before;
    const found = isListed(client, rules);
    known.set(client, found);
    return found;
  };
}

function rulesOf(texts: readonly string[]): readonly NetworkRule[] {
  return texts.flatMap((text) => parseNetworkRule(text) ?? []);
}
