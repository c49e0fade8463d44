/**
 * The wildcards of tinydns as those of RFC 4592. tinydns goes up label by label until it finds a
 * wildcard, and names that exist do not stop it; by RFC 4592 they do. So records are added below
 * the names that would stop it. Pure.
 */
import { labelsOf, nameOf } from '../../../formats/dns/name.ts';
import type { DnsRecord } from '../../../formats/dns/record.ts';

/** Records that are added, at most; a file with more has wildcards that mail does not need. */
const addedMax = 100_000;

/** The records, and those that tinydns makes by a wildcard where RFC 4592 would not. */
export function withTinydnsWildcards(records: readonly DnsRecord[]): readonly DnsRecord[] {
  const byName = Map.groupBy(records, ({ name }) => name);
  if (![...byName.keys()].some((name) => name.startsWith('*.'))) return records;
  const added: DnsRecord[] = [];
  for (const name of existingNames(byName.keys())) {
    const zone = zoneOf(name, byName);
    if (zone === undefined) continue;
    // Names below this one, and the name itself if it only exists because of names below.
    const targets = byName.has(name) ? [`*.${name}`] : [`*.${name}`, name];
    for (const target of targets) {
      if (byName.has(target) || (target === name && name === zone)) continue;
      const from = target === name ? labelsOf(name).slice(1) : labelsOf(name);
      const made = wildcardAt(from, zone, byName) ?? [];
      added.push(...made.map((one) => ({ ...one, name: target })));
      if (added.length > addedMax) return records;
    }
  }
  return [...records, ...added];
}

type ByName = ReadonlyMap<string, readonly DnsRecord[]>;

/** All names with records, and those above them, without wildcards. */
function existingNames(names: Iterable<string>): ReadonlySet<string> {
  const existing = new Set<string>();
  for (const name of names) {
    const labels = labelsOf(name);
    for (let from = labels[0] === '*' ? 1 : 0; from < labels.length; from++) {
      existing.add(nameOf(labels.slice(from)));
    }
  }
  return existing;
}

/** The zone that holds the name; undefined if the file delegates it, or has no zone for it. */
function zoneOf(name: string, byName: ByName): string | undefined {
  const labels = labelsOf(name);
  for (let from = 0; from < labels.length; from++) {
    const above = nameOf(labels.slice(from));
    const types = byName.get(above)?.map(({ type }) => type) ?? [];
    if (types.includes('NS')) return types.includes('SOA') ? above : undefined;
  }
  return undefined;
}

/** The records of the first wildcard from this name up to the zone. */
function wildcardAt(
  labels: readonly string[],
  zone: string,
  byName: ByName,
): readonly DnsRecord[] | undefined {
  for (let from = 0; from < labels.length; from++) {
    const above = nameOf(labels.slice(from));
    const found = byName.get(`*.${above}`);
    if (found !== undefined) return found;
    if (above === zone) return undefined;
  }
  return undefined;
}
