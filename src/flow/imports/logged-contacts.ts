/**
 * The recipients of logins in old mail logs. The guard judges the logs as in a replay: recipients
 * of mail that it would have stopped are left out, since an old hijack must not make its victims
 * known. So are recipients that bounced.
 */

import type { Policy } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import type { ReplayEvent, Submission } from '../../core/event.ts';
import { contactOf } from '../../formats/contacts/found.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import { openReplay, type Replay } from '../replay/replay.ts';

export type LoggedContacts = {
  /** Takes the events of the logs. */
  readonly replay: Omit<Replay, 'bound'>;
  /** Of each login. */
  result(): {
    readonly contacts: ReadonlyMap<Account, readonly string[]>;
    /** Recipients of messages that would have been stopped, by account. */
    readonly unusual: ReadonlyMap<Account, number>;
    readonly bounced: number;
    /** Accounts that are no logins: clients, scripts, users of the machine. */
    readonly others: number;
    /** More than are kept. */
    readonly full: number;
  };
};

/** Pairs of account and recipient: some 200 MB. */
const pairsMax = 1_000_000;
/** Messages whose bounces are still noticed. */
const messagesMax = 250_000;
const noLogin = /^(?:client|local|script|user|login):/;

type Written = { count: number; readonly firstAt: Millis };

export function openLoggedContacts(how: {
  readonly policy: Policy;
  /** Only this account; undefined: all logins. */
  readonly only: Account | undefined;
  /** Also mail that would have been stopped. */
  readonly unusual: boolean;
}): LoggedContacts {
  const judging = openReplay({ policy: how.policy, operatorClearsMs: undefined });
  const books = new Map<Account, Map<string, Written>>();
  const unusual = new Map<Account, number>();
  const senders = new RecentMap<string, Account>(messagesMax);
  const others = new Set<Account>();
  let pairs = 0;
  let full = 0;
  let bounced = 0;
  const strange = (account: Account, by: number): void => {
    if (by > 0) unusual.set(account, (unusual.get(account) ?? 0) + by);
  };
  const note = ({ account, at, id, local, outside }: Submission, passed: boolean): void => {
    const isWanted = how.only === undefined ? !noLogin.test(account) : account === how.only;
    if (how.only === undefined && !isWanted) others.add(account);
    if (!isWanted) return;
    if (!passed && !how.unusual) {
      strange(account, outside.length + local.length);
      return;
    }
    const book = books.get(account) ?? new Map<string, Written>();
    books.set(account, book);
    senders.set(id, account);
    for (const recipient of [...outside, ...local]) {
      const before = book.get(recipient);
      if (before !== undefined) before.count++;
      // `.invalid`: a recipient that no line of the log names.
      else if (contactOf(recipient) === undefined || recipient.endsWith('.invalid')) continue;
      else if (pairs >= pairsMax) full++;
      else {
        pairs++;
        book.set(recipient, { count: 1, firstAt: at });
      }
    }
  };
  const apply: Replay['apply'] = (event) => {
    const said = judging.apply(event);
    if (event.kind === 'send') note(event, said?.verdict === 'pass');
    else if (isBounce(event)) {
      const account = senders.get(event.id);
      const written = account === undefined ? undefined : books.get(account)?.get(event.recipient);
      if (written !== undefined) written.count--;
    }
    return said;
  };
  return {
    replay: { apply, now: () => judging.now(), summary: judging.summary },
    result() {
      if (!how.unusual) {
        for (const { account, at, since } of judging.summary.suspensions) {
          strange(account, forgetBetween(books.get(account), since, at));
        }
      }
      const contacts = new Map<Account, readonly string[]>();
      for (const [account, book] of books) {
        const kept = [...book].filter(([, { count }]) => count > 0).map(([address]) => address);
        bounced += book.size - kept.length;
        if (kept.length > 0) contacts.set(account, kept);
      }
      return { contacts, unusual, bounced, others: others.size, full };
    },
  };
}

type Bounce = Extract<ReplayEvent, { kind: 'delivery' }>;

function isBounce(event: ReplayEvent): event is Bounce {
  return event.kind === 'delivery' && event.outcome === 'bounced';
}

/** Those that a hijack reached before it was stopped. */
function forgetBetween(book: Map<string, Written> | undefined, since: Millis, at: Millis): number {
  let forgotten = 0;
  for (const [address, { firstAt }] of book ?? []) {
    if (firstAt < since || firstAt > at) continue;
    book?.delete(address);
    forgotten++;
  }
  return forgotten;
}
