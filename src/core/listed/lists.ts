/**
 * The DNS blocklists that Postern asks about our own addresses and domains: what each answer means,
 * how to be removed, and how long it takes. Put together in November 2026; what a list says itself
 * decides.
 *
 * A list is here because many receiving servers ask it, and because it removes addresses free of
 * charge. Lists that sell removal are left out, and those that closed (SORBS 2024, NiX Spam 2025).
 */

export type BlockList = {
  readonly zone: string;
  /** What it lists. */
  readonly of: 'address' | 'domain';
  /** It also lists IPv6 addresses. */
  readonly hasIpv6: boolean;
  /** So many receivers ask it that without its answer nothing can be said. */
  readonly isDecisive: boolean;
  /** Meaning of the last octets, `2` or `1.102`; or of single bits of the last octet. */
  readonly codes: Readonly<Record<string, string>>;
  readonly areBits: boolean;
  /** Answers by which it says that it does not answer us, besides 127.255.255.0/24. */
  readonly refusals: readonly string[];
  /** The name in front of the zone that is always listed (RFC 5782 section 5). */
  readonly testPoint: string;
  /** The same for one that is never listed. */
  readonly cleanPoint: string;
  /** Why it may not answer. */
  readonly whenSilent: string;
  /** The page where an entry is looked up and removed. */
  readonly removal: string;
  /** How long an entry lasts, and what to do first. */
  readonly lasts: string;
};

const addresses = {
  of: 'address',
  hasIpv6: false,
  isDecisive: false,
  areBits: false,
  refusals: ['127.0.0.1', '127.0.0.255'],
  testPoint: '2.0.0.127',
  cleanPoint: '1.0.0.127',
} as const;
const domains = {
  of: 'domain',
  hasIpv6: false,
  isDecisive: false,
  areBits: false,
  refusals: ['127.0.0.1'],
  testPoint: 'test',
  cleanPoint: 'invalid',
} as const;

const ownResolver =
  'it does not answer public or open resolvers: ask by a resolver of your own (unbound on this ' +
  'machine, and dns.servers in postern.toml)';

export const blockLists: readonly BlockList[] = [
  {
    ...addresses,
    zone: 'zen.spamhaus.org',
    hasIpv6: true,
    isDecisive: true,
    codes: {
      '0.2': 'SBL: spam from this address, or from its network',
      '0.3': 'CSS: bulk mail of bad reputation, often from a hijacked account',
      '0.4': 'XBL: a program on this machine, or behind it, is infected or an open proxy',
      '0.5': 'XBL: a program on this machine, or behind it, is infected or an open proxy',
      '0.6': 'XBL: a program on this machine, or behind it, is infected or an open proxy',
      '0.7': 'XBL: a program on this machine, or behind it, is infected or an open proxy',
      '0.9': 'DROP: the whole network belongs to criminals',
      '0.10': 'PBL: your provider says that this network sends no mail directly; not about spam',
      '0.11': 'PBL: this network is taken for one that sends no mail directly; not about spam',
    },
    whenSilent: ownResolver,
    removal: 'https://check.spamhaus.org',
    lasts:
      'stop the cause first (postern incidents list). CSS and XBL end within days, or at once on ' +
      'request; SBL by your provider; PBL at once on request, if the address is fixed',
  },
  {
    ...addresses,
    zone: 'bl.spamcop.net',
    codes: { '0.2': 'people reported mail from this address as spam, or it met spam traps' },
    whenSilent: 'it answers most resolvers; try again later',
    removal: 'https://www.spamcop.net/bl.shtml',
    lasts: 'ends automatically 24 hours after the last report; nobody can end it sooner',
  },
  {
    ...addresses,
    zone: 'b.barracudacentral.org',
    codes: { '0.2': 'spam from this address reached Barracuda' },
    whenSilent:
      'it answers only registered resolvers: register yours, free of charge, at ' +
      'https://www.barracudacentral.org/account/register',
    removal: 'https://www.barracudacentral.org/rbl/removal-request',
    lasts: 'about 12 hours after a request with a reason; a second entry takes longer',
  },
  {
    ...addresses,
    zone: 'psbl.surriel.com',
    codes: { '0.2': 'mail from this address met a spam trap' },
    whenSilent: 'it answers most resolvers; try again later',
    removal: 'https://psbl.org/remove',
    lasts: 'ends at once on request, or automatically after a few weeks without spam',
  },
  {
    ...addresses,
    zone: 'bl.mailspike.net',
    codes: {
      '0.2': 'spam is leaving this address now',
      '0.10': 'worst possible reputation',
      '0.11': 'very bad reputation',
      '0.12': 'bad reputation',
    },
    whenSilent: 'it answers only up to a number of questions a day, and not all resolvers',
    removal: 'https://mailspike.io/ip_verify',
    lasts: 'ends automatically within days when the spam ends, or on request',
  },
  {
    ...domains,
    zone: 'dbl.spamhaus.org',
    isDecisive: true,
    testPoint: 'dbltest.com',
    refusals: ['127.0.1.255'],
    codes: {
      '1.2': 'domain in spam',
      '1.4': 'domain of phishing',
      '1.5': 'domain of malware',
      '1.6': 'domain of a botnet',
      '1.102': 'honest domain, abused in spam: look for a broken-in web site',
      '1.103': 'honest domain, abused to forward to spam: look for an open redirector',
      '1.104': 'honest domain, abused for phishing: look for a broken-in web site',
      '1.105': 'honest domain, abused for malware: look for a broken-in web site',
      '1.106': 'honest domain, abused by a botnet: look for a broken-in web site',
    },
    whenSilent: ownResolver,
    removal: 'https://check.spamhaus.org',
    lasts: 'clean the web site first; then on request, mostly within a day',
  },
  {
    ...domains,
    zone: 'multi.surbl.org',
    areBits: true,
    testPoint: 'surbl-org-permanent-test-point.com',
    codes: {
      8: 'PH: links to phishing',
      16: 'MW: links to malware',
      64: 'ABUSE: links in spam',
      128: 'CR: a broken-in web site',
    },
    whenSilent: ownResolver,
    removal: 'https://surbl.org/surbl-analysis',
    lasts: 'clean the web site first; then on request, mostly within two days',
  },
  {
    ...domains,
    zone: 'multi.uribl.com',
    areBits: true,
    testPoint: 'test.uribl.com',
    codes: {
      2: 'black: links in spam',
      4: 'grey: links in bulk mail that many did not want',
      8: 'red: new, and looks like a domain of spammers',
    },
    whenSilent: ownResolver,
    removal: 'https://admin.uribl.com',
    lasts: 'on request after registration, within a day',
  },
];

/**
 * A list that the operator set: one of ours by its zone, else any list (RFC 5782). `domain:` in
 * front: it lists domains.
 */
export function blockListOf(text: string): BlockList {
  const isDomain = text.startsWith('domain:');
  const zone = text.replace(/^domain:/, '').toLowerCase();
  const known = blockLists.find((one) => one.zone === zone);
  if (known !== undefined) return known;
  return {
    ...(isDomain ? domains : addresses),
    hasIpv6: !isDomain,
    zone,
    codes: {},
    whenSilent: 'see on its page who may ask it',
    removal: `the page of ${zone}`,
    lasts: 'see on its page how an entry ends',
  };
}

/** What an address that the list answers means, `127.0.0.4`. */
export function meaningOf(list: BlockList, address: string): string {
  const [, , high = '0', low = '0'] = address.split('.');
  if (list.areBits) {
    const bits = Object.entries(list.codes).filter(([bit]) => (Number(low) & Number(bit)) !== 0);
    if (bits.length > 0) return bits.map(([, meaning]) => meaning).join('; ');
  }
  return list.codes[`${high}.${low}`] ?? `listed with ${address}; see its page for the meaning`;
}
