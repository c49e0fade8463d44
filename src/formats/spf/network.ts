/**
 * IP addresses and networks as in SPF records (RFC 7208 section 5.6), with octets to compare and
 * text to show. Pure, never throws.
 */
import { addressOf, ipv4Octets, ipv6Octets } from '../dns/address-octets.ts';

export type IpAddress = {
  /** 4 or 16 octets. */
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
 * Parses a client's address. An IPv4 address inside an IPv6 address counts as IPv4 (RFC 7208
 * section 5).
 */
export function parseClientIp(text: string): IpAddress | undefined {
  const ip = parseIpv4(text) ?? parseIpv6(text);
  if (ip === undefined || ip.octets.length === 4) return ip;
  const mapped = ip.octets.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
  return mapped ? parseIpv4(ip.octets.slice(12).join('.')) : ip;
}

/** Whether the first `bits` of both are the same; false for different families. */
export function inNetwork(ip: IpAddress, network: IpAddress, bits: number): boolean {
  if (ip.octets.length !== network.octets.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (ip.octets[at] !== network.octets[at]) return false;
  const mask = 0xff00 >> (bits & 7);
  return (((ip.octets[whole] ?? 0) ^ (network.octets[whole] ?? 0)) & mask & 255) === 0;
}

/**
 * The parts of an address for macros and reverse names: octets, or nibbles (RFC 7208 section 7.3).
 */
export function dottedParts(ip: IpAddress): readonly string[] {
  if (ip.octets.length === 4) return ip.octets.map(String);
  return ip.octets.flatMap((value) => [(value >> 4).toString(16), (value & 15).toString(16)]);
}

/** `in-addr` or `ip6`, as in names of PTR records. */
export function arpaWord(ip: IpAddress): 'in-addr' | 'ip6' {
  return ip.octets.length === 4 ? 'in-addr' : 'ip6';
}

/** The name that has the PTR records of an address. */
export function reverseName(ip: IpAddress): string {
  return `${dottedParts(ip).toReversed().join('.')}.${arpaWord(ip)}.arpa`;
}
