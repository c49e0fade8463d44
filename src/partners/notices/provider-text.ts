/** Words of notices about how providers treat our mail. `who` and `at` have no line breaks. */
import type { Notice } from '../../core/notice.ts';

/** Lanes that a subject names; a phone shows no more. */
const namedMax = 2;

/** What each provider does. Each state is a reason, which begins as `Gmail slows our mail`. */
export function laneSubject(who: string, at: string, { reasons }: Notice): string {
  const states = reasons.filter(({ signal }) => /^(?:blocked|slowed|healthy)$/.test(signal));
  const named = states.map(({ text }) => /^[^:\p{C}]{1,80}? our mail(?: again)?/u.exec(text)?.[0]);
  const all = [...new Set(named.filter((one) => one !== undefined))];
  if (all.length === 0) return `[postern] ${who} treats our mail in another way ${at}`;
  const more = all.length > namedMax ? `, and ${all.length - namedMax} more` : '';
  return `[postern] ${all.slice(0, namedMax).join(', ')}${more} ${at}`;
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
