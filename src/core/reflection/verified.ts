/** Which recipients Postfix asks the next server about before it accepts mail for them. Pure. */

const restriction = 'reject_unverified_recipient';

/**
 * Domains for which a list of restrictions asks the next server; `all` without a limit to domains.
 * `restrictions`: expanded text of smtpd_recipient_restrictions and similar.
 */
export function verifiedDomains(restrictions: string): 'all' | readonly string[] {
  const named = [
    ...restrictions.matchAll(/([A-Za-z0-9.-]{1,255})\s*=\s*reject_unverified_recipient\b/g),
  ];
  const plain = restrictions.replace(/=\s*reject_unverified_recipient\b/g, '');
  if (new RegExp(String.raw`(?:^|[\s,{])${restriction}(?:$|[\s,}])`).test(plain)) return 'all';
  return named.map(([, domain = '']) => domain.toLowerCase());
}

/** The table that asks the next server for recipients of these domains. */
export function verifyingTable(domains: readonly string[]): string {
  const rows = domains.map((domain) => `{${domain} = ${restriction}}`);
  return `check_recipient_access inline:{ ${rows.join(' ')} }`;
}
