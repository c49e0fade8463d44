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
  const faults: string[] = [];
  if (texts.length > 1)
    faults.push(`there are ${texts.length} SPF records, so none of them counts`);
  const records = texts.map((text) => readable(text, faults));
  const terms = records.length === 1 ? (records[0] ?? []) : merged(records);
  return { terms: closed(cleaned(terms, faults), faults), faults };
}

/** The readable terms of a record. */
function readable(text: string, faults: string[]): SpfRecord {
  const read = parseSpf(text);
  if (read.ok) return read.value;
  faults.push(`“${read.error.term}”: ${read.error.what}, so nobody can use the record`);
  const terms: SpfTerm[] = [];
  for (const word of text.split(/\s+/).slice(1)) {
    const one = parseSpf(`v=spf1 ${corrected(word)}`);
    const [term] = one.ok ? one.value : [];
    if (term === undefined) continue;
    const once = term.kind === 'redirect' || term.kind === 'exp';
    if (!once || !terms.some(({ kind }) => kind === term.kind)) terms.push(term);
  }
  return terms;
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

function cleaned(terms: SpfRecord, faults: string[]): SpfRecord {
  const seen = new Set<string>();
  const end = terms.findIndex(({ kind }) => kind === 'all');
  return terms.filter((term, nth) => {
    const shown = printSpfTerm(term);
    if (end >= 0 && (nth > end ? isMechanism(term) : false)) {
      faults.push(`${shown} stands behind all and is never looked at`);
      return false;
    }
    if (end >= 0 && term.kind === 'redirect') {
      faults.push(`${shown} has no effect beside all`);
      return false;
    }
    if (term.kind === 'ptr') {
      faults.push('ptr is slow and unreliable, and RFC 7208 says not to use it');
      return false;
    }
    if (seen.has(shown) && isMechanism(term)) {
      faults.push(`${shown} is there twice`);
      return false;
    }
    seen.add(shown);
    const broad = isMechanism(term) && term.qualifier === '+' && isBroad(term);
    if (broad) faults.push(`${shown} lets far too many strangers send`);
    return !broad;
  });
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
function closed(terms: SpfRecord, faults: string[]): SpfRecord {
  const soft: SpfTerm = { kind: 'all', qualifier: '~' };
  const all = terms.find(({ kind }) => kind === 'all');
  if (all === undefined) {
    if (terms.some(({ kind }) => kind === 'redirect')) return terms;
    faults.push('it does not say what others may do: there is no all');
    return [...terms, soft];
  }
  if (!isMechanism(all) || all.qualifier === '-' || all.qualifier === '~') return terms;
  faults.push(
    all.qualifier === '+'
      ? 'it ends with all: everybody in the world may send in the name of the domain'
      : 'it ends with ?all: it says nothing of forged mail',
  );
  return terms.map((term) => (term === all ? soft : term));
}

/** Inserts terms before `all` or `redirect`, which decide about all other senders. */
export function beforeAll(terms: SpfRecord, more: readonly SpfTerm[]): SpfRecord {
  const all = terms.findIndex(({ kind }) => kind === 'all');
  const at = all < 0 ? terms.findIndex(({ kind }) => kind === 'redirect') : all;
  return at < 0 ? [...terms, ...more] : [...terms.slice(0, at), ...more, ...terms.slice(at)];
}
