/**
 * Asking the DNS without touching it: what needs answers is a generator that yields questions and
 * is given the answers (sans-IO). Live commands drive it with the resolver (partners/dns), `--zone`
 * and tests with a zone (zone-answers.ts).
 */
import type { DnsRecord, DnsType } from './record.ts';

/** `name` as in DnsRecord. */
export type DnsQuestion = { readonly name: string; readonly type: DnsType };

export const dnsFailures = ['timeout', 'servfail', 'refused', 'malformed', 'unreachable'] as const;
export type DnsFailure = (typeof dnsFailures)[number];

export type DnsAnswer =
  /** At least one record of the type that was asked for; aliases (CNAME) have been followed. */
  | {
      readonly kind: 'records';
      readonly records: readonly DnsRecord[];
      /** The answer was validated with DNSSEC by the resolver that we trust (AD). */
      readonly secure: boolean;
    }
  /** There is no such record. `exists`: the name has others (NODATA), else NXDOMAIN. */
  | { readonly kind: 'none'; readonly exists: boolean; readonly secure: boolean }
  /** Nobody knows: never a reason to call a domain bad. `text`: one line for people. */
  | { readonly kind: 'failure'; readonly reason: DnsFailure; readonly text: string };

/**
 * A computation that asks: each yield is a batch of questions that may be asked at once; what comes
 * back are their answers in the same order.
 */
export type DnsLookup<Value> = Generator<readonly DnsQuestion[], Value, readonly DnsAnswer[]>;

/** One question, one answer: `const answer = yield* ask(name, 'TXT')`. */
export function* ask(name: string, type: DnsType): DnsLookup<DnsAnswer> {
  const [answer] = yield [{ name, type }];
  return answer ?? { kind: 'failure', reason: 'unreachable', text: 'no answer was given' };
}

/** Runs `asking` with answers that are at hand. */
export function answeredBy<Value>(
  asking: DnsLookup<Value>,
  answer: (question: DnsQuestion) => DnsAnswer,
): Value {
  let step = asking.next();
  while (step.done !== true) step = asking.next(step.value.map(answer));
  return step.value;
}

/** Runs `asking` with answers that take time; the questions of a batch are asked at once. */
export async function answeredLater<Value>(
  asking: DnsLookup<Value>,
  answer: (question: DnsQuestion) => Promise<DnsAnswer>,
): Promise<Value> {
  let step = asking.next();
  while (step.done !== true) step = asking.next(await Promise.all(step.value.map(answer)));
  return step.value;
}
