/**
 * What a notice says about mail that passed: the event, the sentences, and their numbers as data.
 * Pure.
 */
import type { Telling } from '../account/telling.ts';
import type { Notice } from '../notice.ts';
import type { ReachCounts } from '../reach/reach.ts';

export type PassedEvent =
  | 'account.reach'
  | 'account.new-client'
  | 'account.copies'
  | 'account.watched';

export const passedEvents: Readonly<Record<Telling['what'], PassedEvent>> = {
  reach: 'account.reach',
  'new-client': 'account.new-client',
  copies: 'account.copies',
  watched: 'account.watched',
};

export function isPassedEvent(event: Notice['event']): event is PassedEvent {
  return Object.values(passedEvents).some((one) => one === event);
}

const windows = [
  { name: 'day', time: 'a day' },
  { name: 'week', time: 'a week' },
  { name: 'month', time: '30 days' },
] as const;

/** A sentence for each limit that is crossed, or for what was seen. */
export function passedReasons(telling: Telling): Notice['reasons'] {
  const { what } = telling;
  switch (what) {
    case 'reach':
      return crossed(telling.counts, telling.limits).map((text) => ({ signal: what, text }));
    case 'new-client': {
      const from = telling.network === '' ? 'an unknown network' : telling.network;
      const text = `sent from ${from} with a program; both are new to this account`;
      return [{ signal: what, text }];
    }
    case 'copies': {
      const { recipients, usual } = telling;
      const text =
        `${recipients} copies of one text in 6 hours; ` +
        `the most of this account until now: ${usual}`;
      return [{ signal: what, text }];
    }
    case 'watched': {
      const text = `watched on ${telling.days} of the last ${telling.of} days; usual: on none`;
      return [{ signal: what, text }];
    }
  }
}

/** The same numbers for a program that reads the notice. */
export function passedNumbers(telling: Telling): NonNullable<Notice['numbers']> {
  switch (telling.what) {
    case 'reach': {
      const [day, week, month] = telling.counts;
      const [dayLimit, weekLimit, monthLimit] = telling.limits;
      return { day, dayLimit, week, weekLimit, month, monthLimit };
    }
    case 'new-client':
      return {};
    case 'copies':
      return { copies: telling.recipients, usual: telling.usual };
    case 'watched':
      return { days: telling.days, of: telling.of };
  }
}

/** `57 strangers in a day; you are told above 36`, for each limit that is crossed. */
export function crossed(counts: ReachCounts, limits: ReachCounts): readonly string[] {
  return windows.flatMap(({ time }, nth) => {
    const [saw, limit] = [counts[nth] ?? 0, limits[nth] ?? 0];
    if (saw <= limit) return [];
    return [`${saw} strangers reached in ${time}; you are told above ${limit}`];
  });
}
