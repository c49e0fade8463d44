/** What happened in an incident that was only observed: nothing was stopped. */
import type { IncidentRow, Ledger } from '../../ports/ledger.ts';

/** Messages whose recipients are added up. The recipients of more count as one a message. */
const addedMax = 100;

/**
 * What happened: of an incident that was only observed nothing was stopped, so what would have been
 * stopped is counted apart, and has left like the rest.
 */
export function asItWas(
  incident: IncidentRow,
  live: Pick<Ledger, 'stories'>,
): IncidentRow & { readonly wouldStopMessages: number } {
  const { account, endedAt, observed, since, stoppedMessages } = incident;
  if (!observed) return { ...incident, wouldStopMessages: 0 };
  const limit = Math.min(stoppedMessages, addedMax);
  const noted = (limit === 0 ? [] : live.stories({ account, limit })).filter(
    (story) => story.observed && story.at >= since && story.at <= (endedAt ?? story.at),
  );
  const recipients = noted.reduce((sum, story) => sum + story.recipients, 0);
  return {
    ...incident,
    leakedMessages: incident.leakedMessages + stoppedMessages,
    leakedRecipients:
      incident.leakedRecipients + recipients + Math.max(0, stoppedMessages - noted.length),
    stoppedMessages: 0,
    wouldStopMessages: stoppedMessages,
  };
}
