/**
 * Chooses the resolvers to ask: those of the configuration, else those of /etc/resolv.conf
 * (resolv.conf(5)).
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type DnsServer, parseServer } from '../../formats/dns/server-address.ts';

export type DnsServers = {
  readonly servers: readonly DnsServer[];
  /** Whether the AD bit of these servers is trusted. */
  readonly trusted: boolean;
};

/** glibc's MAXNS. */
const serversMax = 3;

/** The servers in `configured`; if there are none, those in `file`. */
export function dnsServers(configured: readonly string[], file = '/etc/resolv.conf'): DnsServers {
  const servers = configured.flatMap((text) => parseServer(text) ?? []);
  // Operators who list resolvers vouch for them and for the network between.
  if (servers.length > 0) return { servers, trusted: true };
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Without the file this machine is asked, as the C library does.
  }
  return parseResolvConf(text);
}

/** The text of a resolv.conf. */
export function parseResolvConf(text: string): DnsServers {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const servers = lines
    .filter(([word]) => word === 'nameserver')
    // accepts fe80::1%eth0 too
    .flatMap(([, address = '']) => (isIP(address) === 0 ? [] : [{ address, port: 53 }]))
    .slice(0, serversMax);
  const used = servers.length > 0 ? servers : [{ address: '127.0.0.1', port: 53 }];
  const trustAd = lines.some(([word, ...more]) => word === 'options' && more.includes('trust-ad'));
  const local = used.every(({ address }) => address === '::1' || address.startsWith('127.'));
  return { servers: used, trusted: trustAd || local };
}
