/**
 * Repairs the terms of an SPF record, and says what was wrong. It keeps as much as possible. It
 * removes terms that nobody can read, that let everybody pass, or that RFC 7208 advises against; it
 * merges several records. Pure.
 */
import {
  parseSpf,
  printSpfTerm,
  type SpfMechanism,
  type SpfRecord,
  type SpfTerm,
} from '../../formats/spf/record.ts';

export type RepairedSpf = {
  readonly terms: SpfRecord;
  /** A clause for each fault; empty if the record can stay as it is. */
  readonly faults: readonly string[];
};

/**
 * Broader networks (more than 262,144 IPv4 addresses) let strangers send; no provider's own network
 * is so large.
 */
const ip4BitsMin = 14;
const ip6BitsMin = 29;

const isMechanism = (term: SpfTerm): term is SpfMechanism => 'qualifier' in term;

export function repairSpf(texts: readonly string[]): RepairedSpf {
  const many =
    texts.length > 1 ? [`there are ${texts.length} SPF records, so none of them counts`] : [];
  const read = texts.map(readable);
  const records = read.map(({ terms }) => terms);
  const clean = cleaned(records.length === 1 ? (records[0] ?? []) : merged(records));
  const end = closed(clean.terms);
  const faults = [...many, ...[...read, clean, end].flatMap((step) => step.faults)];
  return { terms: end.terms, faults };
}

/** The readable terms of a record. */
function readable(text: string): RepairedSpf {
  const read = parseSpf(text);
  if (read.ok) return { terms: read.value, faults: [] };
  const fault = `“${read.error.term}”: ${read.error.what}, so nobody can use the record`;
  const terms: SpfTerm[] = [];
  for (const word of text.split(/\s+/).slice(1)) {
    const one = parseSpf(`v=spf1 ${corrected(word)}`);
    const [term] = one.ok ? one.value : [];
    if (term === undefined) continue;
    const once = term.kind === 'redirect' || term.kind === 'exp';
    if (!once || !terms.some(({ kind }) => kind === term.kind)) terms.push(term);
  }
  return { terms, faults: [fault] };
}

/** Corrects typing errors with an obvious meaning. */
function corrected(word: string): string {
  return word
    .replace(/^([-+~?]?)(?:ip|ipv4|ip4=|ip4:)[:=]?(?=\d+\.)/i, '$1ip4:')
    .replace(/^([-+~?]?)(?:ip|ipv6)[:=](?=[\da-f]*:)/i, '$1ip6:')
    .replace(/^([-+~?]?include)=/i, '$1:');
}

/** Merges several records: a sender that one of them allows is allowed. */
function merged(records: readonly SpfRecord[]): SpfRecord {
  const terms: SpfTerm[] = [];
  const alls: SpfMechanism[] = [];
  for (const record of records) {
    for (const term of record) {
      if (term.kind === 'all') alls.push(term);
      // The target of a redirect becomes one of several sources.
      else if (term.kind === 'redirect') {
        terms.push({ kind: 'include', qualifier: '+', domain: term.domain });
      } else if (term.kind !== 'exp' || !terms.some(({ kind }) => kind === 'exp')) terms.push(term);
    }
  }
  const strict = alls.length === records.length && alls.every(({ qualifier }) => qualifier === '-');
  return [...terms, { kind: 'all', qualifier: strict ? '-' : '~' }];
}

/** Removes terms that have no effect, and those that no record should have. */
function cleaned(terms: SpfRecord): RepairedSpf {
  const end = terms.findIndex(({ kind }) => kind === 'all');
  const seen = new Set<string>();
  const judged = terms.map((term, nth) => {
    const shown = printSpfTerm(term);
    const isRepeated = seen.has(shown);
    seen.add(shown);
    return { term, fault: termFault(term, { end, nth, isRepeated }) };
  });
  return {
    terms: judged.flatMap(({ term, fault }) => (fault === undefined ? [term] : [])),
    faults: judged.flatMap(({ fault }) => fault ?? []),
  };
}

/** Why a term is removed; undefined if it can stay. `end`: the place of `all`, or -1. */
function termFault(
  term: SpfTerm,
  at: { readonly end: number; readonly nth: number; readonly isRepeated: boolean },
): string | undefined {
  const shown = printSpfTerm(term);
  const hasAll = at.end >= 0;
  if (hasAll && at.nth > at.end && isMechanism(term)) {
    return `${shown} stands behind all and is never looked at`;
  }
  if (hasAll && term.kind === 'redirect') return `${shown} has no effect beside all`;
  if (term.kind === 'ptr') return 'ptr is slow and unreliable, and RFC 7208 says not to use it';
  if (!isMechanism(term)) return undefined;
  if (at.isRepeated) return `${shown} is there twice`;
  const isTooBroad = term.qualifier === '+' && isBroad(term);
  return isTooBroad ? `${shown} lets far too many strangers send` : undefined;
}

function isBroad(term: SpfMechanism): boolean {
  switch (term.kind) {
    case 'ip4':
      return term.bits < ip4BitsMin;
    case 'ip6':
      return term.bits < ip6BitsMin;
    case 'a':
    case 'mx':
      return term.ip4Bits < ip4BitsMin || term.ip6Bits < ip6BitsMin;
    default:
      return false;
  }
}

/** Ends the record with `all` that does not let everybody pass. */
function closed(terms: SpfRecord): RepairedSpf {
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
