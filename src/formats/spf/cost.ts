/**
 * Counts the DNS lookups that an SPF record can cost a receiver, for any client, and the addresses
 * that it allows. It counts every term that can be reached, in the record and in all records to
 * which it leads (RFC 7208 section 4.6.4).
 */
import type { DnsAnswer, DnsLookup } from '../dns/question.ts';
import { hostsMax, lookupsMax } from './check.ts';
import { expandMacros, parseMacros } from './macro.ts';
import { type IpAddress, parseIpv4, parseIpv6 } from './network.ts';
import { type AddressRange, permittedAddresses, rangeOf } from './permitted.ts';
import { type PublishedSpf, publishedSpf, questionName, shown, shownTerm } from './published.ts';
import type { SpfMechanism, SpfRecord, SpfTerm } from './record.ts';

/**
 * Enough to say how far a record exceeds the ten allowed lookups. The walk also ends here for
 * endless trees.
 */
const walkLookupsMax = lookupsMax * 10;
/** The most networks that are counted, more than the largest senders publish. */
const rangesMax = 20_000;

export type SpfCost = {
  /** Terms that ask the DNS in the worst case, counted up to 100. */
  readonly lookups: number;
  /** Void lookups: those whose name has no records for any client. */
  readonly voids: number;
  /** Void lookups that clients of one family cause: a host may have no address of their kind. */
  readonly voidsOf: { readonly ip4: number; readonly ip6: number };
  /** The number of addresses that get a pass, each counted once. */
  readonly addresses: { readonly ip4: bigint; readonly ip6: bigint };
  /** The record itself, then each record to which it leads, in the order of the terms. */
  readonly records: readonly SpfRecordCost[];
  readonly problems: readonly SpfProblem[];
  /** Whether everything was counted; if not, the costs are higher. */
  readonly complete: boolean;
};

/** One record, with the costs of all records below it. */
export type SpfRecordCost = {
  readonly domain: string;
  /** The term that leads to it; undefined for the first record. */
  readonly by: string | undefined;
  readonly depth: number;
  readonly published: PublishedSpf;
  readonly lookups: number;
  readonly voids: number;
};

export type SpfProblem = {
  /**
   * `error`: an evaluation that reaches the term ends with permerror. `unknown`: the DNS does not
   * answer, or it depends on the client.
   */
  readonly kind: 'unknown' | 'error';
  readonly domain: string;
  readonly term: string;
  readonly why: string;
};

type CostWalk = {
  readonly known: Map<string, PublishedSpf>;
  readonly records: { -readonly [field in keyof SpfRecordCost]: SpfRecordCost[field] }[];
  readonly problems: SpfProblem[];
  readonly ranges: AddressRange[];
  lookups: number;
  voids: number;
  readonly voidsOf: { ip4: number; ip6: number };
  complete: boolean;
};
/**
 * A term and its position. `path` lists the records from the first to its own; `passing` says
 * whether a match is finally a pass.
 */
type RecordPlace = {
  readonly term: SpfTerm;
  readonly path: readonly string[];
  readonly passing: boolean;
};

/** Counts the cost of a domain's whole tree of records. */
export function* spfCost(domain: string): DnsLookup<SpfCost> {
  const walk: CostWalk = {
    known: new Map(),
    records: [],
    problems: [],
    ranges: [],
    lookups: 0,
    voids: 0,
    voidsOf: { ip4: 0, ip6: 0 },
    complete: true,
  };
  yield* walkRecord(walk, questionName(domain) ?? domain, undefined);
  const { ranges, known: _, ...cost } = walk;
  return { ...cost, addresses: permittedAddresses(ranges) };
}

/** Walks one record; `from` is the term that leads to it. */
function* walkRecord(
  walk: CostWalk,
  domain: string,
  from: RecordPlace | undefined,
): DnsLookup<PublishedSpf> {
  const published = walk.known.get(domain) ?? (yield* publishedSpf(domain));
  walk.known.set(domain, published);
  const path = from?.path ?? [];
  const by = from === undefined ? undefined : shownTerm(from.term);
  const entry = { domain, by, depth: path.length, published, lookups: 0, voids: 0 };
  walk.records.push(entry);
  if (published.kind !== 'record') return published;
  const { lookups, voids } = walk;
  for (const term of reachable(published.record)) {
    if (walk.lookups >= walkLookupsMax || walk.ranges.length > rangesMax) {
      walk.complete = false;
      break;
    }
    const passes = !('qualifier' in term) || term.qualifier === '+';
    const passing = passes && from?.passing !== false;
    yield* walkTerm(walk, { term, path: [...path, domain], passing });
  }
  entry.lookups = walk.lookups - lookups;
  entry.voids = walk.voids - voids;
  return published;
}

/**
 * The terms that can be reached: none after `all`, and a redirect last (RFC 7208 sections 5.1 and
 * 6.1).
 */
function reachable(record: SpfRecord): readonly SpfTerm[] {
  const mechanisms = record.filter((term): term is SpfMechanism => 'qualifier' in term);
  const all = mechanisms.findIndex(({ kind }) => kind === 'all');
  if (all >= 0) return mechanisms.slice(0, all + 1);
  return [...mechanisms, ...record.filter(({ kind }) => kind === 'redirect')];
}

function* walkTerm(walk: CostWalk, place: RecordPlace): DnsLookup<void> {
  const { term } = place;
  if (term.kind === 'exp' || term.kind === 'unknown') return;
  if (term.kind === 'all') {
    permit(walk, place, parseIpv4('0.0.0.0'), 0);
    permit(walk, place, parseIpv6('::'), 0);
  } else if ('address' in term) {
    const address = term.kind === 'ip4' ? parseIpv4(term.address) : parseIpv6(term.address);
    permit(walk, place, address, term.bits);
  } else {
    walk.lookups++;
    if (term.kind === 'ptr') return;
    const name = fixedName(term.domain, place);
    if (name === undefined) noteName(walk, place, term.domain ?? '');
    else if (term.kind === 'include' || term.kind === 'redirect')
      yield* walkInto(walk, place, name);
    else if (term.kind === 'exists') heard(walk, place, yield [{ name, type: 'A' }]);
    else yield* walkHosts(walk, place, term, name);
  }
}

function* walkInto(walk: CostWalk, place: RecordPlace, name: string): DnsLookup<void> {
  if (place.path.includes(name)) {
    note(walk, place, 'error', `${name} includes itself`);
    return;
  }
  const there = yield* walkRecord(walk, name, place);
  if (there.kind !== 'record') {
    note(walk, place, there.kind === 'temperror' ? 'unknown' : 'error', there.why);
  }
}

type Hosts = Extract<SpfMechanism, { kind: 'a' | 'mx' }>;

function* walkHosts(
  walk: CostWalk,
  place: RecordPlace,
  term: Hosts,
  name: string,
): DnsLookup<void> {
  let hosts = [name];
  if (term.kind === 'mx') {
    const found = heard(walk, place, yield [{ name, type: 'MX' }]);
    hosts = found.flatMap((record) => (record.type === 'MX' ? record.exchange : []));
    if (hosts.length > hostsMax) {
      note(walk, place, 'error', `${name} has ${hosts.length} MX records; ${hostsMax} are allowed`);
    }
    hosts = hosts.slice(0, hostsMax).filter((host) => host !== '');
    if (hosts.length === 0) return;
  }
  const questions = hosts.flatMap((host) => [
    { name: host, type: 'A' } as const,
    { name: host, type: 'AAAA' } as const,
  ]);
  for (const record of heard(walk, place, yield questions, { hosts: true })) {
    if (record.type === 'A') permit(walk, place, parseIpv4(record.address), term.ip4Bits);
    if (record.type === 'AAAA') permit(walk, place, parseIpv6(record.address), term.ip6Bits);
  }
}

/**
 * The records in the answers for one term. Without records, it is a void lookup. `hosts`: A and
 * AAAA of each host in turn; a client asks only for its own kind (RFC 7208 section 5).
 */
function heard(
  walk: CostWalk,
  place: RecordPlace,
  answers: readonly DnsAnswer[],
  { hosts = false } = {},
) {
  const failure = answers.find((answer) => answer.kind === 'failure');
  const lacks = (kind: 0 | 1): boolean =>
    answers.some((answer, nth) => answer.kind === 'none' && (!hosts || nth % 2 === kind));
  if (failure !== undefined) note(walk, place, 'unknown', failure.text);
  else {
    if (answers.every(({ kind }) => kind === 'none')) walk.voids++;
    if (lacks(0)) walk.voidsOf.ip4++;
    if (lacks(1)) walk.voidsOf.ip6++;
  }
  return answers.flatMap((answer) => (answer.kind === 'records' ? answer.records : []));
}

function permit(
  walk: CostWalk,
  place: RecordPlace,
  address: IpAddress | undefined,
  bits: number,
): void {
  if (place.passing && address !== undefined) walk.ranges.push(rangeOf(address, bits));
}

function note(walk: CostWalk, place: RecordPlace, kind: SpfProblem['kind'], why: string): void {
  const domain = place.path.at(-1) ?? '';
  walk.problems.push({ kind, domain, term: shownTerm(place.term), why });
}

function noteName(walk: CostWalk, place: RecordPlace, spec: string): void {
  if (spec.includes('%')) note(walk, place, 'unknown', 'the name depends on the client');
  else note(walk, place, 'error', `${shown(spec)} is not a valid DNS name`);
}

/** The name of a domain-spec, if it is the same for every client. */
function fixedName(spec: string | undefined, { path }: RecordPlace): string | undefined {
  const domain = path.at(-1) ?? '';
  if (spec === undefined) return domain;
  const read = parseMacros(spec, 'domain');
  if (!read.ok || read.value.some((part) => typeof part !== 'string' && part.key !== 'd')) {
    return undefined;
  }
  return questionName(expandMacros(read.value, { ...noValues, d: domain }));
}

const noValues = { s: '', l: '', o: '', i: '', p: '', v: '', h: '', c: '', r: '', t: '' };
