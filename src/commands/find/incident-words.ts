/** What got out and what was stopped in an incident, in words. Pure. */
import type { IncidentBasis } from '../../core/incidents/facts.ts';
import { many } from '../terminal/format.ts';

type Counted = Pick<
  IncidentBasis,
  | 'leakedMessages'
  | 'leakedRecipients'
  | 'observed'
  | 'queuedHeld'
  | 'stoppedMessages'
  | 'wouldStopMessages'
>;

/** Counted from the first sign on: mail of the owner is among it. */
export function gotOutText({ leakedMessages, leakedRecipients }: Counted): string {
  const who = many(leakedRecipients, 'recipient');
  return `${many(leakedMessages, 'message')} to ${who} got out since the first sign`;
}

/** In mode observe: what guarding would have stopped. */
export function stoppedText(one: Counted): string {
  if (one.observed) {
    const would = many(one.wouldStopMessages ?? 0, 'message');
    return `0 stopped; mode guard would have stopped ${would}`;
  }
  const stopped = many(one.stoppedMessages, 'message');
  return one.queuedHeld === 0
    ? `${stopped} stopped`
    : `${stopped} stopped, ${one.queuedHeld} of them pulled back from the queue`;
}
