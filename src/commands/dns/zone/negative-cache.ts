/**
 * How long resolvers remember that a record was missing (RFC 2308 section 5): the minimum of the
 * SOA record. So a resolver may not see what the name servers already have.
 */
import { labelsOf, nameOf } from '../../../formats/dns/name.ts';
import { minuteMs, secondMs } from '../../../lib/time.ts';
import type { Resolver } from '../../../ports/world.ts';

/** Names above a domain that are asked for the SOA record of its zone. */
const namesMax = 4;

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

export function negativeText(seconds: number): string {
  const minutes = Math.ceil((seconds * secondMs) / minuteMs);
  return seconds < 60 ? `${seconds} seconds` : `${minutes} minutes`;
}
