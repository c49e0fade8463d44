/**
 * Repairs the terms of an SPF record, and says what was wrong. Plain slips are corrected, and
 * several records are merged. No term that may let a sender pass is dropped: if it cannot stay or
 * cannot be read, `undecided` names it, and only the operator can decide. Pure.
 */
import { readLenientSpf } from '../../formats/spf/lenient.ts';
import { inNetwork, parseIpv4, parseIpv6 } from '../../formats/spf/network.ts';
import {
  parseSpf,
  printSpf,
  printSpfTerm,
  type SpfMechanism,
  type SpfRecord,
  type SpfTerm,
} from '../../formats/spf/record.ts';

export type RepairedSpf = {
  readonly terms: SpfRecord;
  /** A clause for each fault; empty if the record can stay as it is. */
  readonly faults: readonly string[];
  /** True if, for these faults, senders are not let pass or strangers are. */
  readonly harmful: boolean;
  /** A clause for each part that only the operator can decide about. */
  readonly undecided: readonly string[];
  /** Terms that do not count today; the DNS can show whether they were read rightly. */
  readonly corrected: ReadonlySet<SpfTerm>;
  /** Terms across two strings that may also be two terms (`apart`). */
  readonly doubtful: ReadonlySet<SpfTerm>;
};

type Step = Pick<RepairedSpf, 'terms' | 'faults'> & Partial<Pick<RepairedSpf, 'undecided'>>;

/**
 * Broader networks (more than 262,144 IPv4 addresses) let strangers send; no provider's own network
 * is so large.
 */
const ip4BitsMin = 14;
const ip6BitsMin = 29;
/** Nobody sends from these on the internet, so they may be broad. */
const privateNetworks = [
  { network: parseIpv4('10.0.0.0'), bits: 8 },
  { network: parseIpv4('172.16.0.0'), bits: 12 },
  { network: parseIpv6('fc00::'), bits: 7 },
] as const;
/** Enough to see what is wrong; a record of 64 KB can have thousands of faults. */
const faultsMax = 20;

const isMechanism = (term: SpfTerm): term is SpfMechanism => 'qualifier' in term;

/** `records`: the strings of each. `apart`: doubtful strings are read as two terms. */
export function repairSpf(
  records: readonly (readonly string[])[],
  { apart = false }: { readonly apart?: boolean } = {},
): RepairedSpf {
  const read = records.map((strings) => readLenientSpf(strings, apart));
  const all = read.flatMap((one) => one.records);
  const one = all.length === 1 ? (all[0] ?? []) : merged(all);
  const today = openEnded(records);
  const clean = cleaned(today === undefined ? one : softened(one, today));
  const end = closed(clean.terms);
  const many =
    records.length > 1 ? [`there are ${records.length} SPF records, so none of them counts`] : [];
  const slips = read.flatMap((one, nth) => withConsequence(one.slips, records[nth] ?? []));
  const unread = read.flatMap((one) => one.unread);
  const corrected = new Set([...read.flatMap((one) => [...one.corrected]), ...clean.corrected]);
  return {
    terms: end.terms,
    faults: limited([...many, ...slips, ...clean.faults, ...end.faults]),
    harmful: isReadOtherwise(records, all) || allOf(clean.terms)?.qualifier === '+',
    undecided: limited([...unread, ...clean.undecided]),
    corrected,
    doubtful: new Set(read.flatMap((one) => [...one.doubtful])),
  };
}

function limited(faults: readonly string[]): readonly string[] {
  const more = faults.length - faultsMax;
  return more > 0 ? [...faults.slice(0, faultsMax), `and ${more} more faults`] : faults;
}

/** Whether receivers read something else than what was meant, or cannot read it. */
function isReadOtherwise(
  records: readonly (readonly string[])[],
  meant: readonly SpfRecord[],
): boolean {
  const [only, second] = records;
  const [terms, more] = meant;
  const today = parseSpf((only ?? []).join(''));
  if (second !== undefined || more !== undefined || !today.ok || terms === undefined) return true;
  return printSpf(today.value) !== printSpf(terms);
}

/** Says what the slips mean for mail, once. */
function withConsequence(slips: readonly string[], strings: readonly string[]): readonly string[] {
  if (slips.length === 0 || parseSpf(strings.join('')).ok) return slips;
  return ['nobody can use the record', ...slips];
}

/** The record as receivers read it, if strangers get neutral: it has no `all` and no redirect. */
function openEnded(records: readonly (readonly string[])[]): SpfRecord | undefined {
  const [only = []] = records;
  const read = parseSpf(only.join(''));
  const ends = ({ kind }: SpfTerm): boolean => kind === 'all' || kind === 'redirect';
  if (records.length !== 1 || !read.ok || read.value.some(ends)) return undefined;
  return read.value;
}

/** The terms without those that refuse mail which is neutral `today`. */
function softened(terms: SpfRecord, today: SpfRecord): SpfRecord {
  const published = new Set(today.map(printSpfTerm));
  return terms.map((term) => {
    if (term.kind === 'redirect') return included(term.domain);
    const isNew = isMechanism(term) && !published.has(printSpfTerm(term));
    return isNew && term.qualifier === '-' ? { ...term, qualifier: '~' } : term;
  });
}

/** Merges several records: a sender that one of them allows is allowed. */
function merged(records: readonly SpfRecord[]): SpfRecord {
  const terms: SpfTerm[] = [];
  const alls: SpfMechanism[] = [];
  for (const record of records) {
    for (const term of record) {
      if (term.kind === 'all') alls.push(term);
      else if (term.kind === 'redirect') terms.push(included(term.domain));
      else if (term.kind !== 'exp' || !terms.some(({ kind }) => kind === 'exp')) terms.push(term);
    }
  }
  const strict = alls.length === records.length && alls.every(({ qualifier }) => qualifier === '-');
  return [...terms, { kind: 'all', qualifier: strict ? '-' : '~' }];
}

/** The target of a redirect as one of several sources. */
const included = (domain: string): SpfMechanism => ({ kind: 'include', qualifier: '+', domain });

/** Moves `all` to the end, makes a redirect beside it an include, and drops repeated terms. */
function cleaned(terms: SpfRecord): Required<Step> & Pick<RepairedSpf, 'corrected'> {
  const faults: string[] = [];
  const undecided: string[] = [];
  const corrected = new Set<SpfTerm>();
  const kept: SpfTerm[] = [];
  const seen = new Set<string>();
  const all = allOf(terms);
  const firstAll = terms.findIndex(({ kind }) => kind === 'all');
  for (const [nth, term] of terms.entries()) {
    const shown = printSpfTerm(term);
    if (term.kind === 'all') continue;
    if (isMechanism(term) && seen.has(shown)) {
      faults.push(`${shown} is there twice`);
      continue;
    }
    seen.add(shown);
    const isBehind = firstAll >= 0 && nth > firstAll && isMechanism(term);
    if (isBehind) faults.push(`${shown} stands behind all, where nobody looks at it`);
    // What is not refused today stays so.
    if (isBehind && term.qualifier === '-') continue;
    if (isMechanism(term) && term.qualifier === '+' && isBroad(term)) {
      undecided.push(`${shown} lets far too many strangers send`);
    } else if (all !== undefined && term.kind === 'redirect') {
      const instead = included(term.domain);
      faults.push(`${shown} has no effect beside all; include:${term.domain} has`);
      corrected.add(instead);
      if (!seen.has(printSpfTerm(instead))) kept.push(instead);
      seen.add(printSpfTerm(instead));
    } else {
      if (isBehind) corrected.add(term);
      kept.push(term);
    }
  }
  return { terms: all === undefined ? kept : withAll(kept, all), faults, undecided, corrected };
}

/** The mildest `all`, so that nobody fails who does not fail today. */
function allOf(terms: SpfRecord): SpfMechanism | undefined {
  const alls = terms.filter(isMechanism).filter(({ kind }) => kind === 'all');
  return (['+', '?', '~', '-'] as const)
    .map((sign) => alls.find(({ qualifier }) => qualifier === sign))
    .find((one) => one !== undefined);
}

/** `all` comes behind all mechanisms, and before modifiers that stand at the end. */
function withAll(terms: SpfRecord, all: SpfMechanism): SpfRecord {
  const last = terms.findLastIndex(isMechanism);
  return [...terms.slice(0, last + 1), all, ...terms.slice(last + 1)];
}

function isBroad(term: SpfMechanism): boolean {
  switch (term.kind) {
    case 'ip4':
    case 'ip6':
      return term.bits < (term.kind === 'ip4' ? ip4BitsMin : ip6BitsMin) && !isPrivate(term);
    case 'a':
    case 'mx':
      return term.ip4Bits < ip4BitsMin || term.ip6Bits < ip6BitsMin;
    default:
      return false;
  }
}

function isPrivate({
  address,
  bits,
}: {
  readonly address: string;
  readonly bits: number;
}): boolean {
  const ip = parseIpv4(address) ?? parseIpv6(address);
  return privateNetworks.some(
    (one) =>
      ip !== undefined &&
      one.network !== undefined &&
      bits >= one.bits &&
      inNetwork(ip, one.network, one.bits),
  );
}

/** Ends the record with `all` that does not let everybody pass. */
export function closed(terms: SpfRecord): Step {
  const soft: SpfTerm = { kind: 'all', qualifier: '~' };
  const all = terms.find(({ kind }) => kind === 'all');
  if (all === undefined) {
    if (terms.some(({ kind }) => kind === 'redirect')) return { terms, faults: [] };
    const fault = 'it does not say what others may do: there is no all';
    return { terms: [...terms, soft], faults: [fault] };
  }
  if (!isMechanism(all) || all.qualifier === '-' || all.qualifier === '~') {
    return { terms, faults: [] };
  }
  const fault =
    all.qualifier === '+'
      ? 'it ends with all: everybody in the world may send in the name of the domain'
      : 'it ends with ?all: it says nothing of forged mail';
  return { terms: terms.map((term) => (term === all ? soft : term)), faults: [fault] };
}

/** Inserts terms before `all` or `redirect`, which decide about all other senders. */
export function beforeAll(terms: SpfRecord, more: readonly SpfTerm[]): SpfRecord {
  const all = terms.findIndex(({ kind }) => kind === 'all');
  const at = all < 0 ? terms.findIndex(({ kind }) => kind === 'redirect') : all;
  return at < 0 ? [...terms, ...more] : [...terms.slice(0, at), ...more, ...terms.slice(at)];
}
