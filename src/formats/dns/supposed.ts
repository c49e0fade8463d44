/**
 * Runs a DNS lookup as if certain records were published. Questions about them get the supposed
 * answers; all others are asked normally.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from './question.ts';

/** Runs `asking`. `suppose` answers a question, or returns undefined to have it asked normally. */
export function* supposing<Value>(
  asking: DnsLookup<Value>,
  suppose: (question: DnsQuestion) => DnsAnswer | undefined,
): DnsLookup<Value> {
  let step = asking.next();
  while (step.done !== true) {
    const supposed = step.value.map(suppose);
    const open = step.value.filter((_, nth) => supposed[nth] === undefined);
    const answers = open.length === 0 ? [] : yield open;
    let next = 0;
    step = asking.next(supposed.map((one) => one ?? answers[next++] ?? unanswered));
  }
  return step.value;
}

const unanswered: DnsAnswer = {
  kind: 'failure',
  reason: 'unreachable',
  text: 'no answer was given',
};
