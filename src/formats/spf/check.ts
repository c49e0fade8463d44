/**
 * The state of one SPF evaluation: the client and sender, the lookups spent, and the terms checked
 * (RFC 7208 sections 4.1 and 4.6.4).
 */
import { ask, type DnsAnswer, type DnsLookup, type DnsQuestion } from '../dns/question.ts';
import type { DnsRecord } from '../dns/record.ts';
import type { IpAddress } from './network.ts';

/** Terms that may ask the DNS; the eleventh is a permerror (RFC 7208 section 4.6.4). */
export const lookupsMax = 10;
/** Void lookups: terms whose names have no records. The third is a permerror (same section). */
export const spfVoidsMax = 2;
/** Names from one MX or PTR lookup whose addresses are asked for (same section). */
export const hostsMax = 10;
/**
 * The most terms that are listed. A record of 64 KB has thousands; later ones are evaluated but not
 * listed.
 */
const stepsMax = 1000;

/** One term that was evaluated. Its costs do not include those of records to which it led. */
export type SpfTermCheck = {
  /** The domain whose record has the term. */
  readonly domain: string;
  readonly term: string;
  /** 0 in the first record or a redirected one, 1 in a record that it includes, and so on. */
  readonly depth: number;
  readonly result: 'match' | 'no match' | 'temperror' | 'permerror';
  readonly lookups: number;
  readonly voids: number;
  readonly why: string;
};
/** A term that is being evaluated. */
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
  /** The client's names, after they were asked for. */
  names: ClientNames | undefined;
  /** The term that failed and the reason, which ends the evaluation. */
  failure: string | undefined;
};
/**
 * The names in a client's PTR records that resolve back to its address. `none`: it has no PTR
 * record.
 */
export type ClientNames = {
  readonly names: readonly string[];
  readonly none: boolean;
  readonly why: string;
};

/** The result of one term. */
export type SpfOutcome = Pick<SpfTermCheck, 'result' | 'why'>;

export function openStep(
  check: SpfCheck,
  step: Pick<SpfTermCheck, 'domain' | 'term' | 'depth'>,
): OpenTermCheck {
  const open: OpenTermCheck = { ...step, result: 'no match', lookups: 0, voids: 0, why: '' };
  if (check.steps.length < stepsMax) check.steps.push(open);
  return open;
}

/** Counts a term that asks the DNS; undefined if it may. */
export function spendLookup(check: SpfCheck, step: OpenTermCheck): SpfOutcome | undefined {
  if (check.lookups === lookupsMax) {
    return { result: 'permerror', why: `more than ${lookupsMax} terms ask the DNS` };
  }
  check.lookups++;
  step.lookups++;
  return undefined;
}

/** Counts a void lookup, once for each term; undefined if it is still allowed. */
export function spendVoid(check: SpfCheck, step: OpenTermCheck): SpfOutcome | undefined {
  if (step.voids > 0) return undefined;
  check.voids++;
  step.voids++;
  if (check.voids <= check.voidsMax) return undefined;
  return {
    result: 'permerror',
    why: `more than ${check.voidsMax} terms ask for names without records`,
  };
}

/** Asks for the records of a name in a term; empty if there are none. */
export function* recordsOf(
  check: SpfCheck,
  step: OpenTermCheck,
  question: DnsQuestion,
): DnsLookup<readonly DnsRecord[] | SpfOutcome> {
  return recordsIn(check, step, question, yield* ask(question.name, question.type));
}

/** The records in an answer that is already there. */
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
