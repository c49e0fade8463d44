/**
 * Answers to questions for statistics, for a while and for everybody: ten open pages cost no more
 * than one.
 */
import { secondMs } from '../../lib/time.ts';
import type { AskStats, StatsAnswer } from '../../ports/stats.ts';
import type { Clock } from '../../ports/world.ts';

/** A page asks each minute, and is to get new numbers each time. */
const keptMs = 50 * secondMs;
/** So that pages which try again do not wear out what has just failed. */
const failureKeptMs = 10 * secondMs;
/**
 * Questions: some pages of a day, and the command line. An answer has a thousand lines at most,
 * mostly five.
 */
const answersMax = 32;

export function shareAnswers(ask: AskStats, clock: Clock): AskStats {
  const kept = new Map<string, { readonly answer: Promise<StatsAnswer>; at: number }>();
  return (query) => {
    const { by, since, until, order, limit } = query;
    const key = JSON.stringify([by, since, until, order, limit]);
    const known = kept.get(key);
    const ageMs = known === undefined ? keptMs : clock.now() - known.at;
    // Younger than nothing: the clock was set back.
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
