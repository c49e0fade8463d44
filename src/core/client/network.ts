/**
 * Client networks: /24 for IPv4, /48 for IPv6. Within a network, a person's address changes without
 * meaning anything.
 */
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';

/**
 * A client network (/24, /48) the account was seen from. Times in minutes since 1970. `days`: on
 * how many days it was used without anything odd; absent in profiles of earlier versions: enough.
 */
export type SeenNetwork = {
  readonly network: string;
  readonly first: number;
  last: number;
  days?: number;
  /** The last of these days; absent: that of `last`. Logins say nothing about days. */
  counted?: number;
  /** When mail was last read from there, with IMAP or webmail; absent: never. */
  read?: number;
  /** When mail was last handed in from there; absent: never, or in an earlier version. */
  sent?: number;
};

type WithNetworks = { networks: SeenNetwork[] };

/** A network that was used on so many days may be the account's own. */
export const longDays = 3;
/** Networks remembered for each account: a person uses a few, a botnet brings hundreds. */
const networksMax = 32;

/** IPv4, also mapped into IPv6 (`::ffff:192.0.2.1`). */
const dotted = /^(?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}$/i;

/** The network of an address: `192.0.2.0/24`, `2001:db8:1::/48`. Empty for anything else. */
export function networkOf(client: string): string {
  if (client !== last.client) last = { client, network: findNetwork(client) };
  return last.network;
}

/** The last answer: each message asks for the same client several times. */
let last = { client: '', network: '' };

function findNetwork(client: string): string {
  if (dotted.test(client)) {
    return `${client.slice(client.lastIndexOf(':') + 1, client.lastIndexOf('.'))}.0/24`;
  }
  const bare = client.toLowerCase().replace(/^ipv6:/, '');
  if (!/^[0-9a-f:]{2,39}$/.test(bare) || !bare.includes(':')) return '';
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  return `${groups
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/48`;
}

/**
 * Says whether the account knows this network. `known`: first seen at least a day ago.
 * `no-history`: the account has no known network to compare with.
 */
export function networkStanding(
  profile: WithNetworks,
  network: string,
  at: Millis,
): 'known' | 'new' | 'no-history' {
  const ripe = (at - dayMs) / minuteMs;
  let any = false;
  for (const seen of profile.networks) {
    if (seen.first > ripe) continue;
    if (seen.network === network) return 'known';
    any = true;
  }
  return any ? 'new' : 'no-history';
}

/** Networks with failed logins, remembered for all accounts together. */
const failedNetworksMax = 20_000;
const failedNetworksMs = 7 * dayMs;

/**
 * The networks from which logins failed in the last seven days, of whatever account. A login that
 * succeeds from elsewhere was not guessed there.
 */
export class FailedNetworks {
  readonly #last = new RecentMap<string, Millis>(failedNetworksMax);

  note(network: string, at: Millis): void {
    if (network !== '') this.#last.set(network, at);
  }

  has(network: string, at: Millis): boolean {
    const last = this.#last.get(network);
    return last !== undefined && Math.abs(at - last) < failedNetworksMs;
  }
}

/**
 * Different networks within the last hour, this one included. Networks of own hosts are left out:
 * programs of the server run there, on any number of them.
 */
export function networksAtOnce(
  profile: WithNetworks,
  network: string,
  at: Millis,
  isOwnHost: (client: string) => boolean,
): number {
  const since = (at - hourMs) / minuteMs;
  let count = 1;
  for (const seen of profile.networks) {
    if (seen.last < since || seen.network === network) continue;
    if (!isOwnHost(firstAddress(seen.network))) count++;
  }
  return count;
}

/** The first address of a network that `networkOf` has named. */
function firstAddress(network: string): string {
  return network.slice(0, network.lastIndexOf('/'));
}

/**
 * Remembers that the account was seen from there. `teaches`: nothing was odd, so the day counts for
 * the network. `reads`, `sends`: what was done from there.
 */
export function noteNetwork(
  profile: WithNetworks,
  network: string,
  at: Millis,
  {
    teaches = true,
    reads = false,
    sends = false,
  }: { readonly teaches?: boolean; readonly reads?: boolean; readonly sends?: boolean } = {},
): void {
  const minute = Math.floor(at / minuteMs);
  const day = Math.floor(at / dayMs);
  const seen = profile.networks.find((one) => one.network === network);
  if (seen !== undefined) {
    const counted = seen.counted ?? Math.floor((seen.last * minuteMs) / dayMs);
    if (teaches && (day > counted || seen.days === 0)) {
      seen.days = (seen.days ?? longDays) + 1;
      seen.counted = day;
    }
    seen.last = minute;
    if (reads) seen.read = minute;
    if (sends) seen.sent = minute;
    return;
  }
  const days = teaches ? 1 : 0;
  profile.networks.push({
    network,
    first: minute,
    last: minute,
    days,
    ...(teaches ? { counted: day } : {}),
    ...(reads ? { read: minute } : {}),
    ...(sends ? { sent: minute } : {}),
  });
  if (profile.networks.length <= networksMax) return;
  const oldest = profile.networks.reduce((a, b) => (b.last < a.last ? b : a));
  profile.networks = profile.networks.filter((one) => one !== oldest);
}

/**
 * Forgets the networks first seen since then, and returns them: after a hijack they may be the
 * attacker's.
 */
export function forgetNetworks(profile: WithNetworks, since: Millis): readonly SeenNetwork[] {
  const minute = Math.floor(since / minuteMs);
  const forgotten = profile.networks.filter((seen) => seen.first >= minute);
  profile.networks = profile.networks.filter((seen) => seen.first < minute);
  return forgotten;
}

/**
 * Remembers networks again that a suspension has forgotten: a person said that their mail was the
 * account's. It keeps the newest.
 */
export function restoreNetworks(profile: WithNetworks, forgotten: readonly SeenNetwork[]): void {
  const known = new Set(profile.networks.map(({ network }) => network));
  const again = forgotten
    .filter(({ network }) => !known.has(network))
    .map((one) => (one.days === 0 && one.sent !== undefined ? { ...one, days: 1 } : one));
  profile.networks = [...profile.networks, ...again]
    .sort((one, other) => other.last - one.last)
    .slice(0, networksMax);
}
