/**
 * Remembers the name servers of domains that our records depend on, so that a change of hands is
 * seen. Servers are compared by their own domains: a provider that adds a server changes nothing.
 * Pure.
 */
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { OutsideOwner } from './outside-names.ts';

export type RememberedOwner = {
  readonly servers: readonly string[];
  readonly since: Millis;
  /** Wholly other servers since then; told until `tellMs` are over, then they count as known. */
  readonly changed?: { readonly servers: readonly string[]; readonly at: Millis };
};
export type OwnerMemory = Readonly<Record<string, RememberedOwner>>;
export type ChangedOwner = {
  readonly owner: OutsideOwner;
  readonly before: readonly string[];
  readonly at: Millis;
};

/** How long a change is told. Long enough to be read, and short enough not to stay for good. */
const tellMs = 30 * dayMs;
/** Domains that are not used any more are forgotten; the newest stay. */
const domainsMax = 500;

export function changedOwners(
  memory: OwnerMemory,
  owners: readonly OutsideOwner[],
  now: Millis,
): readonly ChangedOwner[] {
  return owners.flatMap((owner) => {
    const known = memory[owner.domain];
    if (known === undefined || !differs(known.servers, owner.servers)) return [];
    const at = known.changed?.at ?? now;
    return now - at > tellMs ? [] : [{ owner, before: known.servers, at }];
  });
}

/** What is remembered after these owners were seen. */
export function rememberOwners(
  memory: OwnerMemory,
  owners: readonly OutsideOwner[],
  now: Millis,
): OwnerMemory {
  const next = new Map(Object.entries(memory));
  for (const { domain, servers } of owners) {
    const known = next.get(domain);
    if (known === undefined && servers.length === 0) continue;
    if (known === undefined) next.set(domain, { servers, since: now });
    else if (!differs(known.servers, servers)) next.set(domain, { servers, since: known.since });
    else {
      const at = known.changed?.at ?? now;
      next.set(
        domain,
        now - at > tellMs ? { servers, since: at } : { ...known, changed: { servers, at } },
      );
    }
  }
  const used = new Set(owners.map(({ domain }) => domain));
  const kept = [...next].toSorted(
    ([a, one], [b, other]) => Number(used.has(b)) - Number(used.has(a)) || other.since - one.since,
  );
  return Object.fromEntries(kept.slice(0, domainsMax));
}

/** None of the servers is one of before. A new owner may hide theirs. */
function differs(before: readonly string[], now: readonly string[]): boolean {
  return before.length > 0 && !now.some((one) => before.includes(one));
}
