/**
 * Asks the DNS without I/O: code that needs answers is a generator that yields questions and
 * receives answers. Live commands run it with the resolver (partners/dns); `--zone` and tests run
 * it with a zone (zone-answers.ts).
 */
import type { DnsRecord, DnsType } from './record.ts';

/** A question; `name` has the form of DnsRecord. */
export type DnsQuestion = { readonly name: string; readonly type: DnsType };

export const dnsFailures = ['timeout', 'servfail', 'refused', 'malformed', 'unreachable'] as const;
export type DnsFailure = (typeof dnsFailures)[number];

export type DnsAnswer =
  /** At least one record of the type that was asked for; aliases (CNAME) have been followed. */
  | {
      readonly kind: 'records';
      readonly records: readonly DnsRecord[];
      /** Whether a trusted resolver validated the answer with DNSSEC (AD). */
      readonly secure: boolean;
    }
  /** There is no such record. `exists`: the name has other records (NODATA), else NXDOMAIN. */
  | { readonly kind: 'none'; readonly exists: boolean; readonly secure: boolean }
  /**
   * The answer is unknown, which is never evidence against a domain. `text`: one line for people.
   */
  | {
      readonly kind: 'failure';
      readonly reason: DnsFailure;
      readonly text: string;
      /** The server has an answer that is too long for UDP, and did not send it by TCP. */
      readonly isTooLong?: boolean;
    };

/**
 * A computation that asks the DNS. Each yield is a batch of questions that may be asked at once;
 * the answers come back in the same order.
 */
export type DnsLookup<Value> = Generator<readonly DnsQuestion[], Value, readonly DnsAnswer[]>;

/** Asks one question: `const answer = yield* ask(name, 'TXT')`. */
export function* ask(name: string, type: DnsType): DnsLookup<DnsAnswer> {
  const [answer] = yield [{ name, type }];
  return answer ?? { kind: 'failure', reason: 'unreachable', text: 'no answer was given' };
}

/** Runs `asking` with answers that are available at once. */
export function answeredBy<Value>(
  asking: DnsLookup<Value>,
  answer: (question: DnsQuestion) => DnsAnswer,
): Value {
  let step = asking.next();
  while (step.done !== true) step = asking.next(step.value.map(answer));
  return step.value;
}

/** Runs `asking` with answers that take time. The questions of a batch are asked at once. */
export async function answeredLater<Value>(
  asking: DnsLookup<Value>,
  answer: (question: DnsQuestion) => Promise<DnsAnswer>,
): Promise<Value> {
  let step = asking.next();
  while (step.done !== true) step = asking.next(await Promise.all(step.value.map(answer)));
  return step.value;
}
