/**
 * What if this were published? Some questions are answered from what is supposed, all others go on
 * to whoever answers.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from './question.ts';

/** `suppose` answers, or leaves the question to the world by undefined. */
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
