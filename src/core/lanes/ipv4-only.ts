/** What to type when a provider refuses mail that comes by IPv6 and takes it by IPv4. Pure. */
import { providerById } from '../deliverability/providers.ts';

const file = '/etc/postfix/transport-ipv4';
const table = `$(postconf -hx default_database_type):${file}`;

/**
 * Commands for Postfix: a transport that connects by IPv4 only, for mail to this provider. They
 * work as typed, also when they are repeated, and keep the transports that are there.
 */
export function ipv4OnlyCommands(provider: string): readonly string[] {
  const known = providerById(provider)?.domains ?? [];
  const domains = known.length > 0 ? known : ['DOMAIN-OF-THE-RECIPIENTS'];
  return [
    'postconf -M smtp-ipv4/unix="smtp-ipv4 unix - - n - - smtp -o inet_protocols=ipv4"',
    `printf '%s smtp-ipv4:\\n' ${domains.join(' ')} >>${file}`,
    `sort -u -o ${file} ${file}`,
    `postmap "${table}"`,
    `postconf -h transport_maps | grep -q ${file} ||\n` +
      `  postconf -e "transport_maps = ${table} $(postconf -h transport_maps)"`,
    'postfix reload',
  ];
}
