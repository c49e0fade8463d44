/**
 * Asks the DNS for one message that comes in. Nothing is asked twice, and no more than a limit. At
 * the deadline every missing answer becomes a failure, so that the message goes on with what is
 * known by then.
 */
import type { DnsAnswer, DnsQuestion } from '../../formats/dns/question.ts';
import type { World } from '../../ports/world.ts';

/**
 * Questions for one message. An honest one with five signatures and a long SPF record needs fifty;
 * a hostile one may name thousands.
 */
const questionsMax = 200;

export type InboundQuestions = {
  ask(question: DnsQuestion): Promise<DnsAnswer>;
  /** The deadline came before the last answer. */
  readonly late: boolean;
  /** Stops the deadline: nothing more will be asked. */
  close(): void;
};

export function openQuestions(of: {
  readonly resolve: (question: DnsQuestion) => Promise<DnsAnswer>;
  readonly world: World;
  readonly deadlineMs: number;
}): InboundQuestions {
  const asked = new Map<string, Promise<DnsAnswer>>();
  const open = new Set<(answer: DnsAnswer) => void>();
  let overdue = false;
  let late = false;
  const stop = of.world.timers.every(of.deadlineMs, () => {
    stop();
    overdue = true;
    for (const answer of open) answer(overdueAnswer());
    open.clear();
  });
  const overdueAnswer = (): DnsAnswer => {
    late = true;
    return { kind: 'failure', reason: 'timeout', text: 'the DNS took too long' };
  };

  function find(question: DnsQuestion): Promise<DnsAnswer> {
    return new Promise((answer) => {
      open.add(answer);
      const settle = (found: DnsAnswer): void => {
        open.delete(answer);
        answer(found);
      };
      of.resolve(question).then(settle, () =>
        settle({ kind: 'failure', reason: 'unreachable', text: 'the DNS could not be asked' }),
      );
    });
  }

  return {
    ask(question) {
      const key = `${question.type} ${question.name}`;
      const known = asked.get(key);
      if (known !== undefined) return known;
      if (overdue) return Promise.resolve(overdueAnswer());
      if (asked.size >= questionsMax) {
        const text = 'this message needs too many DNS answers';
        return Promise.resolve({ kind: 'failure', reason: 'refused', text });
      }
      const answer = find(question);
      asked.set(key, answer);
      return answer;
    },
    get late() {
      return late;
    },
    close: stop,
  };
}
