/**
 * Finds where records of a name stand, and where a change to them belongs: at the name itself, or
 * behind an alias (CNAME, DNAME) only if records of that very kind stand there, in a zone that was
 * asked about. A wildcard is seen by asking for random names beside the name and below
 * it (RFC 4592).
 */
import { isBelow, parentOf } from '../../../formats/dns/name.ts';
import { ask, type DnsLookup } from '../../../formats/dns/question.ts';
import { type DnsRecord, type DnsType, sameRecords } from '../../../formats/dns/record.ts';

/** What is known about the zones that were asked about. */
export type ZoneView = {
  readonly zones: readonly string[];
  /** A random label, which no zone has. */
  readonly beside: string;
  /** The domain of the organisation that a name belongs to; undefined for a public suffix. */
  readonly organisation: (name: string) => string | undefined;
};

export type KnownPlace<One extends DnsRecord> = {
  readonly kind: 'known';
  /** The records of the wanted kind, as receivers see them. */
  readonly records: readonly One[];
  /** All records of this type that stand at `name` itself, other kinds too. */
  readonly standing: readonly DnsRecord[];
  /** The name where a change belongs. */
  readonly name: string;
  /** The name that has the records; behind an alias it can be another one than `name`. */
  readonly seenAt: string;
  /** The wildcard that makes the records; `unknownWildcard` if the DNS does not say. */
  readonly wildcard: string | undefined;
  /** Why no record can be added at `name`; undefined if one can. */
  readonly obstacle: string | undefined;
  /** True if the name has records and is an alias too, which resolvers read differently. */
  readonly isClash: boolean;
  readonly secure: boolean;
};
export type Place<One extends DnsRecord> =
  | KnownPlace<One>
  | { readonly kind: 'unknown'; readonly why: string };

export type PlaceQuestion<One extends DnsRecord> = {
  readonly name: string;
  readonly type: DnsType;
  /** Whether a record is of the wanted kind. */
  readonly fits: (record: DnsRecord) => record is One;
  /** The same for records behind an alias, if fewer count there. */
  readonly fitsBehind?: (record: One) => boolean;
};

/** No name has this text, because its last label is empty. */
export const unknownWildcard = '*.';

export function* placeOf<One extends DnsRecord>(
  { name, type, fits, fitsBehind = () => true }: PlaceQuestion<One>,
  view: ZoneView,
): DnsLookup<Place<One>> {
  const [main, alias] = yield [
    { name, type },
    { name, type: 'CNAME' },
  ];
  if (main === undefined || alias === undefined) {
    return { kind: 'unknown', why: 'no answer was given' };
  }
  const target = alias.kind === 'records' ? targetOf(alias.records) : undefined;
  if (main.kind === 'failure') {
    if (target === undefined) return { kind: 'unknown', why: main.text };
    const why = `${name} is an alias of ${target}, and must go first for a record of its own`;
    return { kind: 'unknown', why: `${main.text}; ${why}` };
  }
  if (alias.kind === 'failure') return { kind: 'unknown', why: alias.text };
  const all = main.kind === 'records' ? main.records.filter((one) => one.type === type) : [];
  const seenAt = all[0]?.name ?? name;
  const here = {
    kind: 'known',
    name,
    seenAt,
    records: all.filter(fits).filter((one) => seenAt === name || fitsBehind(one)),
    secure: main.secure,
    isClash: target !== undefined && all.length > 0 && seenAt === name,
  } as const;
  if (target === undefined && seenAt === name) {
    const wildcard = yield* wildcardOf({ name, seen: all }, view);
    const standing = wildcard === undefined ? all : [];
    return { ...here, standing, wildcard, obstacle: undefined };
  }
  const to = target ?? seenAt;
  if (here.isClash) {
    const obstacle =
      `${name} is an alias (CNAME) of ${to} and has other records too, which no name may have; ` +
      'the alias must go first';
    return { ...here, standing: all, wildcard: undefined, obstacle };
  }
  const aliases = alias.kind === 'records' ? alias.records : [];
  const wildcard = yield* wildcardOf({ name, seen: aliases }, view);
  // A service name of its own goes before the wildcard, and nothing else loses its records.
  if (wildcard !== undefined && isServiceName(name)) {
    return { ...here, standing: [], wildcard, obstacle: undefined };
  }
  if (here.records.length > 0 && isOurs(seenAt, view)) {
    const made = yield* wildcardOf({ name: seenAt, seen: all }, view);
    const there = { ...here, name: seenAt, wildcard: made };
    if (made === undefined) return { ...there, standing: all, obstacle: undefined };
    return { ...there, standing: [], obstacle: `${name} is an alias of ${to}; it must go first` };
  }
  const obstacle = yield* obstacleText({ name, to, wildcard });
  return { ...here, standing: [], wildcard: undefined, obstacle };
}

/** Whether records of this name may be changed. The plan for a domain itself changes its name. */
function isOurs(name: string, { zones }: ZoneView): boolean {
  return !zones.includes(name) && zones.some((zone) => isBelow(name, zone));
}

function targetOf(records: readonly DnsRecord[]): string | undefined {
  const alias = records.find((one) => one.type === 'CNAME');
  return alias?.type === 'CNAME' ? alias.target : undefined;
}

/** Names with an underscore belong to one service; no host is called so (RFC 8552). */
export function isServiceName(name: string): boolean {
  return /(?:^|\.)_/.test(name);
}

/** Why an alias keeps a record away from a name. */
function* obstacleText(of: {
  readonly name: string;
  readonly to: string;
  readonly wildcard: string | undefined;
}): DnsLookup<string> {
  const { name, to, wildcard } = of;
  if (wildcard === unknownWildcard) return `${name} is an alias of ${to}; it must go first`;
  if (wildcard !== undefined) {
    return (
      `${name} is an alias of ${to} by the wildcard ${wildcard}; ` +
      'give it address records of its own first'
    );
  }
  const above: string[] = [];
  for (let one = parentOf(name); one.includes('.'); one = parentOf(one)) above.push(one);
  const answers = yield above.map((one) => ({ name: one, type: 'DNAME' }) as const);
  for (const answer of answers) {
    const [first] = answer.kind === 'records' ? answer.records : [];
    if (first?.type !== 'DNAME') continue;
    return (
      `all names below ${first.name} are aliases of names below ${first.target} (DNAME); ` +
      'that record must go first'
    );
  }
  return `${name} is an alias (CNAME) of ${to}; the alias must go first`;
}

/**
 * The owner of the wildcard that makes the records of a name; undefined if they stand there. They
 * are made by a wildcard if random names beside it and below it have the same: below a name that
 * exists, the wildcard makes nothing. The name below has a `*`, so that a wildcard below the name
 * itself makes nothing for it either.
 */
function* wildcardOf(
  { name, seen }: { readonly name: string; readonly seen: readonly DnsRecord[] },
  view: ZoneView,
): DnsLookup<string | undefined> {
  const [first] = seen;
  if (first === undefined || !mayBeMade(name, view)) return undefined;
  // What stands at `*.x` itself also answers for each name beside it.
  const above = parentOf(name.startsWith('*.') ? parentOf(name) : name);
  for (const asked of [besideName(above, view), besideName(`*.${name}`, view)]) {
    const answer = yield* ask(asked, first.type);
    if (answer.kind === 'failure') return unknownWildcard;
    if (answer.kind === 'none' || !isMade(answer.records, asked, seen)) return undefined;
  }
  let owner = `*.${above}`;
  for (let one = above; mayBeMade(one, view); ) {
    one = parentOf(one);
    const higher = yield* ask(`*.${one}`, first.type);
    if (higher.kind !== 'records' || !isMade(higher.records, `*.${one}`, seen)) break;
    owner = `*.${one}`;
  }
  return owner;
}

/** A name that no zone has. */
export function besideName(above: string, { beside }: ZoneView): string {
  return `${beside}.${above}`;
}

function isMade(records: readonly DnsRecord[], name: string, seen: readonly DnsRecord[]): boolean {
  return records[0]?.name === name && sameRecords(records, seen);
}

/** False for the domain of an organisation and the names above, which no wildcard makes. */
export function mayBeMade(name: string, { organisation }: ZoneView): boolean {
  const top = organisation(name);
  return top !== undefined && isBelow(name, top);
}
