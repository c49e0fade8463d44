/** Asks blocklists by the resolvers of [dns], all at once and within a time limit. */
import type { Config } from '../../config/schema.ts';
import { askLists, type ListedRow } from '../../core/listed/ask.ts';
import { type BlockList, blockListOf, blockLists } from '../../core/listed/lists.ts';
import { answeredLater, type DnsAnswer } from '../../formats/dns/question.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import { durationOption } from '../terminal/options.ts';

/** For one question: a list that is slower is unknown, and a person waits. */
const questionMsMax = 8 * secondMs;

/** The lists to ask; none if the operator wants none asked. */
export function listsOf({ listed }: Config): readonly BlockList[] {
  const { lists } = listed;
  return lists.length === 0 ? blockLists : lists.filter((one) => one !== 'none').map(blockListOf);
}

export async function listedRows(
  config: Config,
  subjects: readonly string[],
): Promise<readonly ListedRow[]> {
  const { dns } = config;
  using resolver = openResolver({
    ...dnsServers(dns.servers),
    clock: { now: () => Date.now() as Millis },
    totalMs: Math.min(questionMsMax, durationOption(dns.timeout)),
  });
  const answer: (question: Parameters<typeof resolver>[0]) => Promise<DnsAnswer> = resolver;
  return await answeredLater(askLists(subjects, listsOf(config)), answer);
}
