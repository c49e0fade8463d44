/** Asks blocklists by the resolvers of [dns], all at once and within a time limit. */
import type { Config } from '../../config/schema.ts';
import { askLists, type ListedRow } from '../../core/listed/ask.ts';
import { blockListOf, blockLists } from '../../core/listed/lists.ts';
import { answeredLater, type DnsAnswer } from '../../formats/dns/question.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import { durationOption } from '../terminal/options.ts';

/** For one question: a list that is slower is unknown, and a person waits. */
const questionMsMax = 8 * secondMs;

export async function listedRows(
  config: Config,
  subjects: readonly string[],
): Promise<readonly ListedRow[]> {
  const { dns, listed } = config;
  const lists = listed.lists.length > 0 ? listed.lists.map(blockListOf) : blockLists;
  using resolver = openResolver({
    ...dnsServers(dns.servers),
    clock: { now: () => Date.now() as Millis },
    totalMs: Math.min(questionMsMax, durationOption(dns.timeout)),
  });
  const answer: (question: Parameters<typeof resolver>[0]) => Promise<DnsAnswer> = resolver;
  return await answeredLater(askLists(subjects, lists), answer);
}
