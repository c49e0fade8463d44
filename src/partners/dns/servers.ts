/**
 * Which resolvers to ask: those of the configuration, else those of /etc/resolv.conf
 * (resolv.conf(5)).
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type DnsServer, parseServer } from '../../formats/dns/server-address.ts';

export type DnsServers = {
  readonly servers: readonly DnsServer[];
  /** AD of these servers is believed. */
  readonly trusted: boolean;
};

/** glibc's MAXNS. */
const serversMax = 3;

/** From the configuration's texts; empty: from the machine's own file. */
export function dnsServers(configured: readonly string[], file = '/etc/resolv.conf'): DnsServers {
  const servers = configured.flatMap((text) => parseServer(text) ?? []);
  // Who lists his resolvers here vouches for them and for the way to them.
  if (servers.length > 0) return { servers, trusted: true };
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // As the C library: without the file, this machine is asked.
  }
  return parseResolvConf(text);
}

/** The text of a resolv.conf. */
export function parseResolvConf(text: string): DnsServers {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const servers = lines
    .filter(([word]) => word === 'nameserver')
    // fe80::1%eth0 too
    .flatMap(([, address = '']) => (isIP(address) === 0 ? [] : [{ address, port: 53 }]))
    .slice(0, serversMax);
  const used = servers.length > 0 ? servers : [{ address: '127.0.0.1', port: 53 }];
  const trustAd = lines.some(([word, ...more]) => word === 'options' && more.includes('trust-ad'));
  const local = used.every(({ address }) => address === '::1' || address.startsWith('127.'));
  return { servers: used, trusted: trustAd || local };
}
