/** Asks DNS lists of addresses (RFC 5782): who is known for spam, or for honest mail. Pure. */

import type { DnsLookup, DnsQuestion } from '../dns/question.ts';
import { parseClientIp, reverseName } from './network.ts';

/** Which of these lists have the address. */
export type ListedIn = {
  readonly lists: readonly string[];
  /** Lists that gave no answer. */
  readonly silent: readonly string[];
};

/**
 * Lists answer with an address of 127.0.0.0/8. Answers of 127.255.255.0/24 are errors: the list
 * does not want to be asked by this resolver. Any other answer comes from a resolver that lies.
 */
const isListing = (address: string): boolean =>
  address.startsWith('127.') && !address.startsWith('127.255.255.');

export function* listedIn(client: string, zones: readonly string[]): DnsLookup<ListedIn> {
  const ip = parseClientIp(client);
  if (ip === undefined || zones.length === 0) return { lists: [], silent: [] };
  const reversed = reverseName(ip).replace(/\.(?:in-addr|ip6)\.arpa\.?$/, '');
  const answers = yield zones.map(
    (zone): DnsQuestion => ({ name: `${reversed}.${zone.toLowerCase()}`, type: 'A' }),
  );
  const lists: string[] = [];
  const silent: string[] = [];
  for (const [nth, zone] of zones.entries()) {
    const answer = answers[nth];
    if (answer === undefined || answer.kind === 'failure') silent.push(zone);
    else if (answer.kind === 'records') {
      const addresses = answer.records.flatMap((one) => (one.type === 'A' ? [one.address] : []));
      if (addresses.some(isListing)) lists.push(zone);
    }
  }
  return { lists, silent };
}
