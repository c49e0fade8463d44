/**
 * IP addresses and networks as SPF records write them (RFC 7208 section 5.6): octets to compare,
 * text to show. Pure, never throws.
 */
import { addressOf, ipv4Octets, ipv6Octets } from '../dns/address-octets.ts';

export type IpAddress = {
  /** 4 or 16. */
  readonly octets: readonly number[];
  /** In its shortest form (RFC 5952). */
  readonly text: string;
};

export function parseIpv4(text: string): IpAddress | undefined {
  const octets = ipv4Octets(text);
  return octets === undefined ? undefined : { octets, text };
}

export function parseIpv6(text: string): IpAddress | undefined {
  const octets = ipv6Octets(text);
  return octets === undefined ? undefined : { octets, text: addressOf(octets) ?? text };
}

/**
 * A client's address; an IPv4 address inside an IPv6 one is an IPv4 address (RFC 7208 section 5).
 */
export function parseClientIp(text: string): IpAddress | undefined {
  const ip = parseIpv4(text) ?? parseIpv6(text);
  if (ip === undefined || ip.octets.length === 4) return ip;
  const mapped = ip.octets.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
  return mapped ? parseIpv4(ip.octets.slice(12).join('.')) : ip;
}

/** Are the first `bits` of both the same? Addresses of different families never are. */
export function inNetwork(ip: IpAddress, network: IpAddress, bits: number): boolean {
  if (ip.octets.length !== network.octets.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (ip.octets[at] !== network.octets[at]) return false;
  const mask = 0xff00 >> (bits & 7);
  return (((ip.octets[whole] ?? 0) ^ (network.octets[whole] ?? 0)) & mask & 255) === 0;
}

/**
 * The parts of an address as macros and reverse names count them: octets, or nibbles (RFC 7208
 * section 7.3).
 */
export function dottedParts(ip: IpAddress): readonly string[] {
  if (ip.octets.length === 4) return ip.octets.map(String);
  return ip.octets.flatMap((value) => [(value >> 4).toString(16), (value & 15).toString(16)]);
}

/** `in-addr` or `ip6`, as in the name under which PTR records are. */
export function arpaWord(ip: IpAddress): 'in-addr' | 'ip6' {
  return ip.octets.length === 4 ? 'in-addr' : 'ip6';
}

/** The name under which the PTR records of an address are. */
export function reverseName(ip: IpAddress): string {
  return `${dottedParts(ip).toReversed().join('.')}.${arpaWord(ip)}.arpa`;
}
