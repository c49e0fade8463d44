/** The item of the live fire: when the whole chain was last seen to work. Pure. */
import { dayMs, type Millis } from '../../../lib/time.ts';
import { type DrillReport, drillSummary, firstFailed } from '../../drill/report.ts';
import type { ChecklistItem } from './item.ts';

/** The timer runs monthly; with its random delay and one machine that was off, a week more. */
export const drillOldMs: number = 38 * dayMs;
/** A clock that is set a little is no fault. */
const aheadMs = dayMs;

/** `last`: the report of the last drill; undefined if none was ever run. */
export function drillItem(last: DrillReport | undefined, now: Millis): ChecklistItem {
  const shared = {
    id: 'drill.ran',
    title: 'A drill has shown within a month that a hijacked account is stopped',
    effort: 'minutes',
    cost: 'free',
    effect: 'A part that broke unnoticed is found before a hijack needs it.',
    requiredBy: [],
  } as const;
  const run = { fix: 'Run the drill', command: 'postern drill run' };
  if (last === undefined) {
    return { ...shared, ...run, state: 'missing', found: 'no drill was run yet' };
  }
  const age = now - last.at;
  if (age < -aheadMs) {
    const found = 'the last drill is dated in the future: the clock was set back';
    return { ...shared, ...run, state: 'unknown', found };
  }
  const days = Math.max(0, Math.floor(age / dayMs));
  const when = days === 0 ? 'today' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
  const summary = drillSummary(last.links);
  if (!last.fine) {
    const first = firstFailed(last.links);
    const fix = first === undefined ? run.fix : first.fix;
    return { ...shared, ...run, state: 'broken', found: `${when}: ${summary}`, fix };
  }
  const due = { at: (last.at + drillOldMs) as Millis, what: 'the last drill' };
  if (age > drillOldMs) {
    const found = `the last drill was ${when}; the monthly one did not run`;
    return { ...shared, ...run, state: 'broken', found };
  }
  return { ...shared, state: 'done', found: `${when}: ${summary}`, fix: '', command: '', due };
}
