/**
 * Reads the SPF records of a name as they were meant, and asks the DNS whether they were read
 * rightly: what a corrected term names must be there.
 */
import type { DnsLookup, DnsQuestion } from '../../formats/dns/question.ts';
import { supposing } from '../../formats/dns/supposed.ts';
import { type SpfCost, spfCost } from '../../formats/spf/cost.ts';
import { isUnseen } from '../../formats/spf/lenient.ts';
import { printSpf, printSpfTerm, type SpfRecord, type SpfTerm } from '../../formats/spf/record.ts';
import { txt } from './aspect.ts';
import { type RepairedSpf, repairSpf } from './spf-repair.ts';

/** `terms`: without those that `undecided` names. */
export type SpfReading =
  | ({ readonly kind: 'known' } & Pick<RepairedSpf, 'terms' | 'faults' | 'undecided' | 'harmful'>)
  | { readonly kind: 'unknown'; readonly why: string };

/** `records`: the strings of each published record. */
export function* readPublished(
  name: string,
  records: readonly (readonly string[])[],
): DnsLookup<SpfReading> {
  let repaired = repairSpf(records);
  for (const term of repaired.terms.filter((one) => repaired.doubtful.has(one))) {
    const found = yield* lackOf(name, term);
    if (found.kind === 'unknown') return found;
    if (found.lack !== undefined) {
      repaired = repairSpf(records, { apart: true });
      break;
    }
  }
  const { terms, faults, undecided, corrected, doubtful, harmful } = repaired;
  // A record that must change may begin to refuse senders that the other reading lets pass.
  const lacks = terms
    .filter((one) => faults.length > 0 && isUnseen(one) && doubtful.has(one))
    .map((one) => `${printSpfTerm(one)}: perhaps a blank is missing in it, where two strings meet`);
  const kept = new Set(terms);
  for (const term of terms.filter((one) => corrected.has(one) && asks(one))) {
    const found = yield* lackOf(name, term);
    if (found.kind === 'unknown') return found;
    if (found.lack === undefined) continue;
    lacks.push(found.lack);
    kept.delete(term);
  }
  return { kind: 'known', terms: [...kept], faults, undecided: [...undecided, ...lacks], harmful };
}

/** Why the DNS has nothing for a term. Undefined if it has, or if nobody can tell. */
function* lackOf(
  name: string,
  term: SpfTerm,
): DnsLookup<
  | { readonly kind: 'known'; readonly lack: string | undefined }
  | { readonly kind: 'unknown'; readonly why: string }
> {
  const shown = printSpfTerm(term);
  const { problems, voids } = yield* spfCostOf(name, [term]);
  const own = problems.filter(({ domain }) => domain === name);
  const silent = own.find(({ kind, why }) => kind === 'unknown' && !/depends/.test(why));
  if (silent !== undefined) return { kind: 'unknown', why: `${shown}: ${silent.why}` };
  const error = own.find(({ kind }) => kind === 'error');
  if (error !== undefined) return { kind: 'known', lack: `${shown}: ${error.why}` };
  const isVoid = voids > 0 && (term.kind === 'a' || term.kind === 'mx');
  return { kind: 'known', lack: isVoid ? `${shown}: there is no such host` : undefined };
}

/** Evaluates as if `terms` were the record of `name`. */
export function* asRecord<Value>(
  name: string,
  terms: SpfRecord,
  asking: DnsLookup<Value>,
): DnsLookup<Value> {
  const records = [txt(name, printSpf(terms))];
  const suppose = (question: DnsQuestion) =>
    question.type === 'TXT' && question.name.toLowerCase() === name
      ? ({ kind: 'records', records, secure: false } as const)
      : undefined;
  return yield* supposing(asking, suppose);
}

export function spfCostOf(name: string, terms: SpfRecord): DnsLookup<SpfCost> {
  return asRecord(name, terms, spfCost(name));
}

export const asks = ({ kind }: SpfTerm): boolean =>
  kind === 'include' || kind === 'a' || kind === 'mx' || kind === 'exists' || kind === 'redirect';
