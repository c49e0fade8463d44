/**
 * Keeps answers about statistics for a while and shares them, so that ten open pages cost no more
 * than one.
 */
import { secondMs } from '../../lib/time.ts';
import type { AskStats, StatsAnswer } from '../../ports/stats.ts';
import type { Clock } from '../../ports/world.ts';

/** A page asks once a minute and must get new numbers each time. */
const keptMs = 50 * secondMs;
/** Pages that try again must not ask a failing ledger each time. */
const failureKeptMs = 10 * secondMs;
/** Answers kept: enough for the pages of a day. One has at most a thousand lines, mostly five. */
const answersMax = 32;

export function shareAnswers(ask: AskStats, clock: Clock): AskStats {
  const kept = new Map<string, { readonly answer: Promise<StatsAnswer>; at: number }>();
  return (query) => {
    const { by, since, until, order, limit } = query;
    const key = JSON.stringify([by, since, until, order, limit]);
    const known = kept.get(key);
    const ageMs = known === undefined ? keptMs : clock.now() - known.at;
    // The age is negative if the clock was set back.
    if (known !== undefined && ageMs >= 0 && ageMs < keptMs) return known.answer;
    const one = { answer: ask(query), at: clock.now() as number };
    one.answer.catch(() => {
      one.at = clock.now() - keptMs + failureKeptMs;
    });
    kept.delete(key);
    kept.set(key, one);
    const [oldest] = kept.keys();
    if (kept.size > answersMax && oldest !== undefined) kept.delete(oldest);
    return one.answer;
  };
}
