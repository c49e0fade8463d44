/** Words of notices about how providers treat our mail. `who` and `at` have no line breaks. */
import type { Notice } from '../../core/notice.ts';

/** What the first lane does; there may be more. */
export function laneSubject(who: string, at: string, { reasons }: Notice): string {
  if (who === '') return `[postern] several providers changed how they treat our mail ${at}`;
  const verb = { blocked: 'blocks our mail', slowed: 'slows our mail' }[reasons[0]?.signal ?? ''];
  return `[postern] ${who} ${verb ?? 'takes our mail again'} ${at}`;
}

export function bulkSubject(who: string, at: string): string {
  return `[postern] ${who === '' ? 'domains come' : `${who} comes`} near to bulk rules ${at}`;
}

/** The first sentences; undefined for a notice about something else. */
export function providerOpening(event: Notice['event']): string | undefined {
  if (event === 'lane.changed') {
    return (
      'How receiving servers treat mail of this server has changed. Mail that is put off stays ' +
      'in the queue of the mail server, which tries again.'
    );
  }
  if (event !== 'bulk.near') return undefined;
  return (
    'Large providers have more rules for domains that send much. Mail that does not follow them ' +
    'is put off, then refused. Prepare the domain before it reaches the number.'
  );
}
