/**
 * Who was behind a webmail, in a replay of old logs: joins the logins of the webmail's log with
 * the events of the mail log, as the live guard does (flow/webmail/webmail-logins.ts).
 */
import type { LoginSeen, ReplayEvent, Submission } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import {
  type LoginEvent,
  openWebmailLogins,
  type WebmailLoginDeps,
} from '../webmail/webmail-logins.ts';

export type WebmailPeople = {
  /** The event as it counts, behind the logins of the webmail until then. */
  take(event: ReplayEvent): readonly ReplayEvent[];
  /** Messages whose person is known, and those of the webmail's host without one. */
  counts(): { readonly known: number; readonly unknown: number };
};

/** `logins`: of the webmail's logs, in any order. */
export function openWebmailPeople(
  logins: readonly LoginEvent[],
  deps: Omit<WebmailLoginDeps, 'dropped'>,
): WebmailPeople {
  const sorted = logins.toSorted((one, other) => one.at - other.at);
  const joined = openWebmailLogins({ ...deps, dropped: () => undefined });
  let next = 0;
  let known = 0;
  let unknown = 0;
  const ofPerson = (message: Submission): Submission => {
    const { account, at, client = '', traits } = message;
    if (!deps.isHost(client)) return message;
    const person = joined.personOf(account, at);
    if (person === undefined) {
      unknown++;
      return message;
    }
    known++;
    return { ...message, client: person, webmail: client, traits: { ...traits, via: 'webmail' } };
  };
  return {
    take(event) {
      const due: ReplayEvent[] = [];
      for (; (sorted[next]?.at ?? Number.POSITIVE_INFINITY) <= event.at; next++) {
        const login = sorted[next];
        if (login !== undefined)
          due.push(...joined.seen(login).flatMap((one) => personLogin(one, one.at)));
      }
      if (event.kind === 'send') due.push(ofPerson(event));
      else if (event.kind === 'login') {
        const own = { ...event, times: 1 };
        for (const one of joined.seen(own))
          due.push(...(one === own ? [event] : personLogin(one, event.at)));
      } else due.push(event);
      return due;
    },
    counts: () => ({ known, unknown }),
  };
}

/** A login may be confirmed by a later event, and a replay never goes back in time. */
function personLogin(login: LoginEvent, at: Millis): readonly LoginSeen[] {
  const { account, client, ok } = login;
  if (account === undefined) return [];
  return [{ kind: 'login', at, account, client, ok, protocol: 'webmail' }];
}
