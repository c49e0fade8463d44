/** The way of a message with only a gate and readers: no register of scripts, no statistics. */
import { openMessagePath } from '../../src/flow/message-path.ts';
import type { Answer, Gate, MessagePath, ReaderSource } from '../../src/ports/message.ts';

const passes: Answer = { kind: 'pass' };

/** A gate that lets everything pass. */
export const acceptAll: Gate = {
  mayBegin: () => passes,
  submit: (_message, _by, answer) => answer(passes),
};

export function plainPath(gate: Gate, readers: readonly ReaderSource[] = []): MessagePath {
  return openMessagePath({
    returns: { isReturned: (_message, answer) => answer(false) },
    readers,
    gate,
    direct: { known: (message, _by, go) => go(message) },
    scripts: { judge: (message) => message, answered: () => {} },
    reservations: { counted: () => {} },
    statistics: { seen: () => {} },
    fates: { judged: () => undefined },
    notes: { cameIn: () => {}, judged: () => {} },
    stopwatch: () => 0,
    observe: () => {},
  });
}
