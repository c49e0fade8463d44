/**
 * A gate that lets everything pass: what the milter door costs by itself is measured against it.
 */
import type { Answer, Gate } from '../../ports/message.ts';

const passes: Answer = { kind: 'pass' };

export const acceptAll: Gate = {
  mayBegin: () => passes,
  submit: (_message, _by, answer) => answer(passes),
};
