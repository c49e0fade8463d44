/**
 * Reads lists of IP addresses and networks, as operators and Postfix write them: `192.0.2.0/24`,
 * `2001:db8::/32`, `[2001:db8::]/32`, `127.0.0.1`. Pure.
 */
import { type IpAddress, inNetwork, parseClientIp, parseIpv4, parseIpv6 } from '../spf/network.ts';

export type Network = { readonly address: IpAddress; readonly bits: number };

/** Parses a network; undefined if the text is not one. */
export function parseNetwork(text: string): Network | undefined {
  const [, written = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const name = written.replace(/^\[(.*:.*)\]$/, '$1');
  const address = parseIpv4(name) ?? parseIpv6(name);
  if (address === undefined) return undefined;
  const all = address.octets.length * 8;
  const bits = digits === undefined ? all : Number(digits);
  return bits <= all ? { address, bits } : undefined;
}

/** Whether the text is the address of one host, not of a whole network. */
export function isHostAddress(text: string): boolean {
  const network = parseNetwork(text);
  return network !== undefined && network.bits === network.address.octets.length * 8;
}

/** Whether the client is in one of the networks; false for text that is not an address. */
export function isAmong(client: string, networks: readonly Network[]): boolean {
  const ip = parseClientIp(client);
  return ip !== undefined && networks.some((network) => holds(network, ip));
}

function holds({ address, bits }: Network, ip: IpAddress): boolean {
  return inNetwork(ip, address, bits);
}

/** One item of a list like Postfix's mynetworks, in which `!10.0.0.5` excludes an address. */
export type NetworkRule = { readonly network: Network; readonly not: boolean };

/** Parses a rule; undefined if the text is not one. */
export function parseNetworkRule(text: string): NetworkRule | undefined {
  const not = text.startsWith('!');
  const network = parseNetwork(not ? text.slice(1) : text);
  return network && { network, not };
}

/**
 * Whether the list contains the client. The first rule that matches decides; text that is not an
 * address is in no list.
 */
export function isListed(client: string, rules: readonly NetworkRule[]): boolean {
  const ip = parseClientIp(client);
  return ip !== undefined && rules.find(({ network }) => holds(network, ip))?.not === false;
}
