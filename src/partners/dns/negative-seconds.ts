/**
 * How long resolvers remember that a record was missing (RFC 2308 section 5): the minimum of the
 * SOA record of its zone. Of the TTL of the SOA record, a resolver only tells what is left.
 */
import { labelsOf, nameOf } from '../../formats/dns/name.ts';
import type { Resolver } from '../../ports/world.ts';

/** Names that are asked for the SOA record: the domain and those above it. */
const namesMax = 10;

/** Undefined if no SOA record is found. */
export async function negativeSeconds(
  domain: string,
  answer: Resolver,
): Promise<number | undefined> {
  const labels = labelsOf(domain);
  for (let from = 0; from < Math.min(labels.length, namesMax); from++) {
    const told = await answer({ name: nameOf(labels.slice(from)), type: 'SOA' });
    const [soa] = told.kind === 'records' ? told.records : [];
    if (soa?.type === 'SOA') return soa.minimum;
    if (told.kind === 'failure') return undefined;
  }
  return undefined;
}
