/** The item of the live fire: when the whole chain was last seen to work. Pure. */
import { dayMs, type Millis } from '../../../lib/time.ts';
import { type DrillReport, drillSummary, firstFailed } from '../../drill/report.ts';
import type { ChecklistItem } from './item.ts';

/** The timer runs monthly; with its random delay and one machine that was off, a week more. */
export const drillOldMs: number = 38 * dayMs;
/** A clock that is set a little is no fault. */
const aheadMs = dayMs;

export type DrillFacts = {
  /** The report of the last drill; undefined if none was ever run. */
  readonly last: DrillReport | undefined;
  /** Why it cannot be read; undefined if it can. */
  readonly unread?: string | undefined;
  /** A canary account is set. */
  readonly hasCanary: boolean;
  readonly now: Millis;
};

/** How the operator types the two commands. */
export type DrillCommands = { readonly setup: string; readonly run: string };

const sinkId = 'drill.sink';

/** `fault`: why mail of a drill could leave; undefined if it stays in the queue. */
export function sinkItem(
  look: { readonly fault: string | undefined } | { readonly unread: string },
  { setup }: Pick<DrillCommands, 'setup'>,
): ChecklistItem {
  const shared = {
    id: sinkId,
    title: 'Postfix keeps mail of drills in its queue',
    effort: 'minutes',
    cost: 'free',
    effect: 'A drill can try the real submission port, and nothing leaves this server.',
    requiredBy: [],
  } as const;
  if ('unread' in look) {
    return { ...shared, state: 'unknown', found: look.unread, fix: '', command: '' };
  }
  const { fault: found } = look;
  if (found === undefined) {
    const there = 'mail for postern-drill.invalid waits in the queue';
    return { ...shared, state: 'done', found: there, fix: '', command: '' };
  }
  const fix = 'put the sink of drills into transport_maps';
  return { ...shared, state: 'missing', found, fix, command: setup };
}

export function drillItem(facts: DrillFacts, commands: DrillCommands): ChecklistItem {
  const { hasCanary, last, now, unread } = facts;
  const shared = {
    id: 'drill.ran',
    title: 'A drill has shown within a month that a hijacked account is stopped',
    effort: 'minutes',
    cost: 'free',
    effect: 'A part that broke unnoticed is found before a hijack needs it.',
    requiredBy: [],
    follows: [sinkId],
  } as const;
  const run = hasCanary
    ? { fix: 'Run the drill', command: commands.run }
    : { fix: 'make the canary account; how: postern drill setup --help', command: '' };
  if (unread !== undefined) {
    return { ...shared, state: 'unknown', found: unread, fix: '', command: '' };
  }
  if (last === undefined) {
    const found = hasCanary
      ? 'no drill was run yet'
      : 'no drill was run yet, and no canary account is set in [drill]';
    return { ...shared, ...run, state: 'missing', found };
  }
  const age = now - last.at;
  if (age < -aheadMs) {
    const found = 'the last drill is dated in the future: the clock was set back';
    const fix = 'check the clock, then: postern drill run';
    return { ...shared, state: 'unknown', found, fix, command: '' };
  }
  const days = Math.max(0, Math.floor(age / dayMs));
  const when = days === 0 ? 'today' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
  const summary = drillSummary(last.links);
  if (!last.fine) {
    // To run it again changes nothing before the link is repaired.
    const first = firstFailed(last.links);
    const repair =
      first === undefined ? {} : { fix: `${first.fix}\npostern drill run`, command: '' };
    return { ...shared, ...run, ...repair, state: 'broken', found: `${when}: ${summary}` };
  }
  const due = { at: (last.at + drillOldMs) as Millis, what: 'the last drill' };
  if (age > drillOldMs) {
    const found = `the last drill was ${when}; the monthly one did not run`;
    return { ...shared, ...run, state: 'broken', found };
  }
  return { ...shared, state: 'done', found: `${when}: ${summary}`, fix: '', command: '', due };
}
