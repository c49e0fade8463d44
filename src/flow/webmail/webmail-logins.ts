/**
 * Joins what the log of a webmail says with the mail log. The mail log sees the host of the webmail
 * as the client of all its logins; the webmail's log has the person's address.
 *
 * A web script that can write into the webmail's log could invent logins. So a good login counts
 * only if the mailbox was opened, too: a login of the account from a webmail host, seen by Dovecot.
 */
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';

export type LoginEvent = Extract<LogEvent, { kind: 'login' }>;
export type WebmailLogins = {
  /** Takes a login that a log tells of. Answers with the logins that count now, in order. */
  seen(event: LoginEvent): readonly LoginEvent[];
  /** Where the person logged in who uses the account by webmail now; undefined if unknown. */
  personOf(account: Account, at: Millis): string | undefined;
};
export type WebmailLoginDeps = {
  readonly isHost: (client: string) => boolean;
  readonly isOwnHost: (client: string) => boolean;
  readonly sessionMs: number;
  readonly dropped: (why: 'unconfirmed-webmail' | 'webmail-twice') => void;
};

/** Accounts that use the webmail at the same time. */
const accountsMax = 20_000;
/** Good logins that wait for the mailbox to be opened: the two logs are read side by side. */
const waitingMax = 1_000;
/** A webmail keeps the connection to a mailbox open for some minutes. */
const apartMs = 5 * minuteMs;
const none: readonly LoginEvent[] = [];

export function openWebmailLogins(deps: WebmailLoginDeps): WebmailLogins {
  /** Account → when its mailbox was last opened by a webmail. */
  const opened = new RecentMap<Account, Millis>(accountsMax);
  const waiting = new RecentMap<Account, LoginEvent>(waitingMax);
  const sessions = new RecentMap<Account, { readonly client: string; readonly at: Millis }>(
    accountsMax,
  );
  /** When a webmail's log last told of a failed login. */
  let failedAt = Number.NEGATIVE_INFINITY;

  const begun = (account: Account, { at, client }: LoginEvent): void => {
    sessions.set(account, { at, client });
  };
  const byWebmail = (event: LoginEvent): readonly LoginEvent[] => {
    const { account, at, client, ok } = event;
    // Of a proxy of our own nothing is known.
    if (account === undefined || deps.isOwnHost(client)) return none;
    if (!ok) {
      failedAt = at;
      return [event];
    }
    if (apart(opened.get(account), at) > apartMs) {
      waiting.set(account, event);
      deps.dropped('unconfirmed-webmail');
      return none;
    }
    begun(account, event);
    return [event];
  };
  return {
    seen(event) {
      if (event.protocol === 'webmail') return byWebmail(event);
      const { account, at, client, ok } = event;
      if (account === undefined || !deps.isHost(client)) return [event];
      if (!ok) {
        // The webmail's log tells of the same failure, with the person's address.
        if (apart(failedAt as Millis, at) > dayMs) return [event];
        deps.dropped('webmail-twice');
        return none;
      }
      opened.set(account, at);
      const waited = waiting.get(account);
      if (waited === undefined) return [event];
      waiting.delete(account);
      if (apart(waited.at, at) > apartMs) return [event];
      begun(account, waited);
      return [event, waited];
    },
    personOf(account, at) {
      const session = sessions.get(account);
      if (session === undefined || apart(session.at, at) > deps.sessionMs) return undefined;
      return session.client;
    },
  };
}

function apart(one: Millis | undefined, other: Millis): number {
  return one === undefined ? Number.POSITIVE_INFINITY : Math.abs(one - other);
}
