/** Keeps who wrote to which mailbox in memory, within limits: for a replay. */
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import { Correspondents } from './correspondents.ts';
import type { DomainUse, UseKind } from './domain-use.ts';

/** The latest entries of each kind that are kept, at least. */
const pairsMax = 500_000;
const usesMax: Readonly<Record<UseKind, number>> = { 'written-to': 100_000, link: 200_000 };

export function correspondentsInMemory(now: () => Millis): Correspondents {
  const pairs = new RecentMap<number, number>(pairsMax);
  const uses: Readonly<Record<UseKind, RecentMap<string, DomainUse>>> = {
    'written-to': new RecentMap(usesMax['written-to']),
    link: new RecentMap(usesMax.link),
  };
  const pairOf = (mailbox: string, sender: string): number => hash53(`${mailbox} ${sender}`, 0);
  const memory = {
    lastDay: (mailbox: string, sender: string) => pairs.get(pairOf(mailbox, sender)),
    wrote: (mailbox: string, sender: string, day: number) =>
      void pairs.set(pairOf(mailbox, sender), day),
    use: (kind: UseKind, domain: string) => uses[kind].get(domain),
    used: (kind: UseKind, domain: string, use: DomainUse) => void uses[kind].set(domain, use),
  };
  // A recording names the mailbox as the account.
  return new Correspondents({ memory, now, seed: () => 0, mailboxesOf: (account) => [account] });
}
