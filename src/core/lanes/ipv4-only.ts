/** What to type when a provider refuses mail that comes by IPv6 and takes it by IPv4. Pure. */
import { providerById } from '../deliverability/providers.ts';

/** Commands for Postfix: a transport that connects by IPv4 only, for mail to this provider. */
export function ipv4OnlyCommands(provider: string): readonly string[] {
  const domains = providerById(provider)?.domains ?? [];
  const named = domains.length > 0 ? domains : ['DOMAIN-OF-THE-RECIPIENTS'];
  return [
    'postconf -M smtp-ipv4/unix="smtp-ipv4 unix - - n - - smtp -o inet_protocols=ipv4"',
    ...named.map((domain) => `echo '${domain} smtp-ipv4:' >>/etc/postfix/transport`),
    'postmap /etc/postfix/transport',
    'postconf transport_maps   # add hash:/etc/postfix/transport if it is not there',
    'postfix reload',
  ];
}
