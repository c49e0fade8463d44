/** Counts the addresses in a set of networks, each once. */
import type { IpAddress } from './network.ts';

/** The first and the last address of a network. */
export type AddressRange = {
  readonly family: 'ip4' | 'ip6';
  readonly first: bigint;
  readonly last: bigint;
};

/** The network with the first `bits` of an address. */
export function rangeOf({ octets }: IpAddress, bits: number): AddressRange {
  const free = BigInt(octets.length * 8 - bits);
  const value = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  const first = (value >> free) << free;
  return {
    family: octets.length === 4 ? 'ip4' : 'ip6',
    first,
    last: first | ((1n << free) - 1n),
  };
}

export function permittedAddresses(ranges: readonly AddressRange[]): { ip4: bigint; ip6: bigint } {
  const count = { ip4: 0n, ip6: 0n };
  const next = { ip4: 0n, ip6: 0n };
  for (const { family, first, last } of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const from = first > next[family] ? first : next[family];
    if (last < from) continue;
    count[family] += last - from + 1n;
    next[family] = last + 1n;
  }
  return count;
}
