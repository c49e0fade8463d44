/** The addresses of this machine under which others can see it. */
import { networkInterfaces } from 'node:os';
import { clientAddress } from '../../formats/postfix/client-address.ts';

/** The public addresses of its interfaces. */
export function publicAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && isPublicAddress(address))
    .map(({ address }) => clientAddress(address));
}

/**
 * True for an address that is not private, shared, or link-local (RFC 6890). Temporary IPv6
 * addresses cannot be recognised.
 */
export function isPublicAddress(address: string): boolean {
  return !notPublic.some((range) => range.test(address));
}

const notPublic: readonly RegExp[] = [
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./,
  /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^(?:f[cde]|::)/i,
];
