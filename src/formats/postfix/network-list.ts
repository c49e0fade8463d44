/**
 * Lists of IP addresses and networks as an operator writes them, or Postfix: `192.0.2.0/24`,
 * `2001:db8::/32`,
 * `[2001:db8::]/32`, `127.0.0.1`. Pure.
 */
import { type IpAddress, inNetwork, parseClientIp, parseIpv4, parseIpv6 } from '../spf/network.ts';

export type Network = { readonly address: IpAddress; readonly bits: number };

/** Undefined where it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [, written = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const name = written.replace(/^\[(.*:.*)\]$/, '$1');
  const address = parseIpv4(name) ?? parseIpv6(name);
  if (address === undefined) return undefined;
  const all = address.octets.length * 8;
  const bits = digits === undefined ? all : Number(digits);
  return bits <= all ? { address, bits } : undefined;
}

/** Is this client one of them? Text that is no address never is. */
export function isAmong(client: string, networks: readonly Network[]): boolean {
  const ip = parseClientIp(client);
  return ip !== undefined && networks.some((network) => holds(network, ip));
}

function holds({ address, bits }: Network, ip: IpAddress): boolean {
  return inNetwork(ip, address, bits);
}

/**
 * One item of a list in which `!10.0.0.5` takes out what stands behind it (Postfix's mynetworks).
 */
export type NetworkRule = { readonly network: Network; readonly not: boolean };

/** Undefined where it is none. */
export function parseNetworkRule(text: string): NetworkRule | undefined {
  const not = text.startsWith('!');
  const network = parseNetwork(not ? text.slice(1) : text);
  return network && { network, not };
}

/**
 * Does the list have this client? The first rule that fits decides; text that is no address is in
 * no list.
 */
export function isListed(client: string, rules: readonly NetworkRule[]): boolean {
  const ip = parseClientIp(client);
  return ip !== undefined && rules.find(({ network }) => holds(network, ip))?.not === false;
}
