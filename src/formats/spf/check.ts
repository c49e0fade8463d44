/**
 * One evaluation under way: whom it is about, what was spent, what was seen (RFC 7208 sections 4.1
 * and 4.6.4).
 */
import { ask, type DnsAnswer, type DnsLookup, type DnsQuestion } from '../dns/question.ts';
import type { DnsRecord } from '../dns/record.ts';
import type { IpAddress } from './network.ts';

/** Terms that ask the DNS; the eleventh is a permerror (RFC 7208 section 4.6.4). */
export const lookupsMax = 10;
/** Terms whose names have nothing to say; the third is a permerror (same section). */
export const spfVoidsMax = 2;
/** Names behind one MX or PTR lookup that are asked for their addresses (same section). */
export const hostsMax = 10;
/** A record of 64 KB has thousands of terms: later ones are judged as well, and not listed. */
const stepsMax = 1000;

/** One term that was judged. Costs are its own, without those of the records that it led to. */
export type SpfTermCheck = {
  /** Whose record the term stands in. */
  readonly domain: string;
  readonly term: string;
  /**
   * 0: in the first record, or in one that was redirected to; 1: in one that it includes, and so
   * on.
   */
  readonly depth: number;
  readonly result: 'match' | 'no match' | 'temperror' | 'permerror';
  readonly lookups: number;
  readonly voids: number;
  readonly why: string;
};
/** One that is being judged. */
export type OpenTermCheck = { -readonly [field in keyof SpfTermCheck]: SpfTermCheck[field] };

export type SpfCheck = {
  readonly ip: IpAddress;
  readonly sender: string;
  readonly local: string;
  readonly domain: string;
  readonly helo: string;
  readonly receiver: string;
  readonly atSeconds: number;
  readonly voidsMax: number;
  readonly steps: OpenTermCheck[];
  lookups: number;
  voids: number;
  /** Once they were asked for. */
  names: ClientNames | undefined;
  /** Which term failed, and why: it ends the evaluation. */
  failure: string | undefined;
};
/**
 * The names that PTR records give a client and that lead back to it. `none`: it has no PTR record.
 */
export type ClientNames = {
  readonly names: readonly string[];
  readonly none: boolean;
  readonly why: string;
};

/** What one term comes to. */
export type SpfOutcome = Pick<SpfTermCheck, 'result' | 'why'>;

export function openStep(
  check: SpfCheck,
  step: Pick<SpfTermCheck, 'domain' | 'term' | 'depth'>,
): OpenTermCheck {
  const open: OpenTermCheck = { ...step, result: 'no match', lookups: 0, voids: 0, why: '' };
  if (check.steps.length < stepsMax) check.steps.push(open);
  return open;
}

/** Counts a term that asks the DNS; undefined: it may. */
export function spendLookup(check: SpfCheck, step: OpenTermCheck): SpfOutcome | undefined {
  if (check.lookups === lookupsMax) {
    return { result: 'permerror', why: `more than ${lookupsMax} terms ask the DNS` };
  }
  check.lookups++;
  step.lookups++;
  return undefined;
}

/** Counts a term whose name has nothing to say, once for each term; undefined: it may. */
export function spendVoid(check: SpfCheck, step: OpenTermCheck): SpfOutcome | undefined {
  if (step.voids > 0) return undefined;
  check.voids++;
  step.voids++;
  if (check.voids <= check.voidsMax) return undefined;
  return {
    result: 'permerror',
    why: `more than ${check.voidsMax} terms ask for what is not there`,
  };
}

/** The records of a name that a term asks for; an empty list: there is none. */
export function* recordsOf(
  check: SpfCheck,
  step: OpenTermCheck,
  question: DnsQuestion,
): DnsLookup<readonly DnsRecord[] | SpfOutcome> {
  return recordsIn(check, step, question, yield* ask(question.name, question.type));
}

/** The same, of an answer that is there. */
export function recordsIn(
  check: SpfCheck,
  step: OpenTermCheck,
  { name, type }: DnsQuestion,
  answer: DnsAnswer | undefined,
): readonly DnsRecord[] | SpfOutcome {
  if (answer?.kind === 'records') return answer.records;
  if (answer?.kind === 'none') return spendVoid(check, step) ?? [];
  return { result: 'temperror', why: `${type} ${name}: ${answer?.text ?? 'no answer'}` };
}
