/** What to type when a provider refuses mail that comes by IPv6 and takes it by IPv4. Pure. */

/** Recipients' domains of providers whose domains are few. */
const domains: Readonly<Record<string, readonly string[]>> = {
  google: ['gmail.com', 'googlemail.com'],
  'ms-consumer': ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'],
  yahoo: ['yahoo.com', 'aol.com'],
  apple: ['icloud.com', 'me.com', 'mac.com'],
  comcast: ['comcast.net'],
  spectrum: ['charter.net', 'rr.com'],
};

/** Commands for Postfix: a transport that connects by IPv4 only, for mail to this provider. */
export function ipv4OnlyCommands(provider: string): readonly string[] {
  const own = domains[provider] ?? ['DOMAIN-OF-THE-RECIPIENTS'];
  return [
    'postconf -M smtp-ipv4/unix="smtp-ipv4 unix - - n - - smtp -o inet_protocols=ipv4"',
    ...own.map((domain) => `echo '${domain} smtp-ipv4:' >>/etc/postfix/transport`),
    'postmap /etc/postfix/transport',
    'postconf transport_maps   # add hash:/etc/postfix/transport if it is not there',
    'postfix reload',
  ];
}
