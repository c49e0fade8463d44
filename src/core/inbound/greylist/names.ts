/** What the names and addresses of a client say without a look-up. */
import { parseClientIp } from '../../../formats/spf/network.ts';

/** The network to which a client counts: /24 of IPv4, /48 of IPv6. Other text counts as it is. */
export function clientNetworkOf(client: string): string {
  const ip = parseClientIp(client);
  if (ip === undefined) return client;
  const known = ip.octets.slice(0, ip.octets.length === 4 ? 3 : 6);
  return `${ip.octets.length === 4 ? 'v4' : 'v6'}:${[...known].join('.')}`;
}

/** The domain of an envelope sender in lower case, as SPF reads it; empty for a bounce. */
export function senderDomain(sender: string): string {
  return plainName(sender.slice(sender.lastIndexOf('@') + 1));
}

/** A name in lower case without the dot at its end. */
export function plainName(name: string): string {
  const small = name.toLowerCase();
  return small.endsWith('.') ? small.slice(0, -1) : small;
}

/** Words that providers put into the names of lines and machines of their customers. */
const lineWords = new Set([
  ...['adsl', 'broadband', 'cable', 'client', 'cpe', 'cust', 'customer', 'customers', 'dhcp'],
  ...[
    'dial',
    'dialin',
    'dialup',
    'dip',
    'dsl',
    'dyn',
    'dynamic',
    'dynip',
    'fiber',
    'fibre',
    'ftth',
  ],
  ...['home', 'hsd', 'isp', 'lte', 'mobile', 'pool', 'ppp', 'pppoe', 'res', 'residential', 'vdsl'],
  ...['wifi', 'wimax', 'xdsl'],
]);

/**
 * Whether a provider seems to have made the name from the address: mail servers usually have a name
 * that their owner chose. `static-192-0-2-7.example` counts too, because nobody chose that name.
 */
export function isMadeName(name: string, client: string): boolean {
  const ip = parseClientIp(client);
  if (ip === undefined || name === '') return false;
  const small = plainName(name);
  const parts = small.split(/[^a-z0-9]+/);
  if (ip.octets.length === 4) {
    const hex = [...ip.octets].map((octet) => octet.toString(16).padStart(2, '0')).join('');
    if (small.includes(hex)) return true;
    const padded = [...ip.octets].map((octet) => String(octet).padStart(3, '0')).join('');
    if (small.includes(padded)) return true;
  }
  const numbers = parts.flatMap((part) => (/\d/.test(part) ? [part.replace(/^[a-z]+0*/, '')] : []));
  const spelled =
    ip.octets.length === 4
      ? [...ip.octets].map(String)
      : [6, 8, 10, 12, 14].map((at) => quad(ip.octets, at));
  const met = spelled.filter((one) => numbers.some((number) => bare(number) === one)).length;
  if (met >= spelled.length) return true;
  return met >= 2 && parts.some((part) => lineWords.has(part.replace(/\d+$/, '')));
}

/** A group of an IPv6 address as people write it. */
function quad(octets: ArrayLike<number>, at: number): string {
  return (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)).toString(16);
}

/** A number without zeros in front. */
const bare = (number: string): string => number.replace(/^0+(?=.)/, '');

/** Last labels of names that no one can look up from outside. */
const privateEnds = new Set([
  ...['arpa', 'corp', 'domain', 'home', 'internal', 'intranet', 'lan', 'local'],
  ...['localdomain', 'localhost', 'private', 'workgroup'],
]);

/**
 * Why a HELO name is no name that a mail server has (RFC 5321 section 4.1.1.1 asks for a name that
 * resolves, or an address in brackets). Undefined: it may be right. `isOurs` tells our own names.
 */
export function heloFault(
  helo: string,
  client: string,
  isOurs: (domain: string) => boolean,
): string | undefined {
  const name = plainName(helo);
  if (name === '') return 'it gave no name';
  if (name.startsWith('[')) {
    const inside = parseClientIp(name.slice(1, -1).replace(/^ipv6:/, ''));
    return inside?.text === parseClientIp(client)?.text
      ? 'it gave an address as its name'
      : 'it gave an address that is not its own';
  }
  if (parseClientIp(name) !== undefined) return 'it gave an address without brackets';
  if (!name.includes('.')) return 'its name has no dot';
  if (!/^[a-z0-9._-]+$/.test(name)) return 'its name has characters that names do not have';
  const end = name.slice(name.lastIndexOf('.') + 1);
  if (/^\d+$/.test(end) || privateEnds.has(end)) return 'its name is for private networks';
  return isOurs(name) ? 'it gave a name of this server' : undefined;
}
