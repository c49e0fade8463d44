/** A list of IP addresses and networks as an operator writes it: `192.0.2.0/24`, `2001:db8::/32`, `127.0.0.1`. Pure. */
import { type IpAddress, inNetwork, parseClientIp, parseIpv4, parseIpv6 } from './spf/network.ts';

export type Network = { readonly address: IpAddress; readonly bits: number };

/** Undefined where it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [, name = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const address = parseIpv4(name) ?? parseIpv6(name);
  if (address === undefined) return undefined;
  const all = address.octets.length * 8;
  const bits = digits === undefined ? all : Number(digits);
  return bits <= all ? { address, bits } : undefined;
}

/** Is this client one of them? Text that is no address never is. */
export function isAmong(client: string, networks: readonly Network[]): boolean {
  const ip = parseClientIp(client);
  return ip !== undefined && networks.some(({ address, bits }) => inNetwork(ip, address, bits));
}
