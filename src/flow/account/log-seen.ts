/**
 * The mail log said something: a login, good or bad, goes to its account's profile; a recipient that
 * does not exist goes to the profile of whoever wrote to him. Nothing is judged here: the account's
 * next message is.
 *
 * A stranger can make a mail server log what he likes: any login name, as often as he likes. So
 * nothing here makes an account, and everything that is remembered is bounded.
 */

import { networkOf } from '../../core/account/network.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import { delivery, login } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { unreachable } from '../../lib/assert.ts';
import { hash53 } from '../../lib/hash.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { LogHandler } from '../../ports/message.ts';
import type { Count } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Accounts } from './accounts.ts';

export type LogSeenDeps = {
  readonly accounts: Pick<Accounts, 'known' | 'changed'>;
  readonly journal: { readonly live: Pick<Journal['live'], 'message'> };
  readonly count: Count;
};

/**
 * A mail program looks for mail every minute: the same login from the same network says something
 * new after this.
 */
const repeatMs = 10 * minuteMs;
/** Logins (account and network) told apart for that: 20 MB at most. */
const recentMax = 100_000;
const failedMax = 10_000;
/**
 * A password service says whose password was wrong a little before the mail server says that a
 * login failed.
 */
const pairMs = 15 * secondMs;
const mismatchesMax = 1_000;
/** Queue ids that filters gave, and ids that bounced lately, with whose message it is. */
const ownersMax = 10_000;
const ownersMs = 60 * minuteMs;
/** A line of a message may be told before the message was counted, by so much. */
const earlyMs = minuteMs;

type LoginEvent = Extract<LogEvent, { kind: 'login' }>;
type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;
const nothingNew = { learned: [], forgotten: [] } as const;

export function openLogSeen(deps: LogSeenDeps): LogHandler {
  const seen = new LogSeen(deps);
  return { seen: (event) => seen.take(event) };
}

class LogSeen {
  readonly #deps: LogSeenDeps;
  /** Account and network (hash) → when its good login was last taken. */
  readonly #recent = new Map<number, Millis>();
  /** When a login of the account last failed. */
  readonly #failed = new Map<Account, Millis>();
  /** Client → the account whose password it had wrong. */
  readonly #mismatches = new Map<string, { readonly account: Account; readonly at: Millis }>();
  readonly #owners = new Map<string, { readonly account: Account; readonly at: Millis }>();

  constructor(deps: LogSeenDeps) {
    this.#deps = deps;
  }

  take(event: LogEvent): void {
    switch (event.kind) {
      case 'login':
        this.#login(event);
        break;
      case 'mismatch':
        put(this.#mismatches, event.client, event, mismatchesMax);
        break;
      case 'delivery':
        this.#delivery(event);
        break;
      default:
        unreachable(event);
    }
  }

  #login(event: LoginEvent): void {
    const { accounts, count } = this.#deps;
    const { at, client, ok } = event;
    count('postern_mail_log_events_total', event.times, ok ? 'login' : 'login-failed');
    const account = event.account ?? this.#whose(client, at);
    if (account === undefined) {
      this.#dropped('unnamed-login');
      return;
    }
    if (ok && this.#isRepeated(account, client, at)) {
      this.#dropped('repeated-login');
      return;
    }
    const profile = accounts.known(account);
    if (profile === undefined) {
      this.#dropped('unknown-account');
      return;
    }
    if (!ok) {
      // The login was closed by us: that it fails is our doing, and the owner's programs go on
      // trying for hours.
      if (profile.state === 'suspended') {
        this.#dropped('closed-login');
        return;
      }
      put(this.#failed, account, at, failedMax);
    }
    for (let nth = 0; nth < event.times; nth++) {
      login(profile, { kind: 'login', at, account, client, ok });
    }
    this.#changed(account, profile);
  }

  /** Whose login failed, when the mail server does not say. */
  #whose(client: string, at: Millis): Account | undefined {
    const found = this.#mismatches.get(client);
    if (found === undefined) return undefined;
    this.#mismatches.delete(client);
    return Math.abs(at - found.at) <= pairMs ? found.account : undefined;
  }

  #isRepeated(account: Account, client: string, at: Millis): boolean {
    const key = hash53(`${account} ${networkOf(client)}`, 0);
    const last = this.#recent.get(key);
    const failed = this.#failed.get(account);
    const fresh = last !== undefined && Math.abs(at - last) < repeatMs;
    if (fresh && (failed === undefined || failed < last)) return true;
    put(this.#recent, key, at, recentMax);
    return false;
  }

  #delivery(event: DeliveryEvent): void {
    const { accounts, count } = this.#deps;
    const { at, outcome, queueId, recipient, reply, requeuedAs } = event;
    count('postern_mail_log_events_total', 1, outcome);
    // Only what failed for good says something of the sender: for the rest, the ledger is not
    // asked.
    if (outcome !== 'bounced' && requeuedAs === '') return;
    const account = this.#owner(queueId, at);
    if (account === undefined) {
      this.#dropped('unknown-message');
      return;
    }
    if (requeuedAs !== '') put(this.#owners, requeuedAs, { account, at }, ownersMax);
    if (outcome !== 'bounced') return;
    const profile = accounts.known(account);
    if (profile === undefined) {
      this.#dropped('unknown-account');
      return;
    }
    delivery(profile, { kind: 'delivery', at, account, recipient, outcome, reply });
    this.#changed(account, profile);
  }

  /**
   * Whose message it is. Short queue ids are used again: what was logged before the message came is
   * another's.
   */
  #owner(queueId: string, at: Millis): Account | undefined {
    const found = this.#owners.get(queueId);
    if (found !== undefined && Math.abs(at - found.at) < ownersMs) return found.account;
    if (parseQueueId(queueId) === undefined) return undefined;
    const row = this.#deps.journal.live.message(queueId);
    if (row === undefined || row.at > at + earlyMs) return undefined;
    put(this.#owners, queueId, { account: row.account, at }, ownersMax);
    return row.account;
  }

  #changed(account: Account, profile: AccountProfile): void {
    this.#deps.accounts.changed(account, profile, nothingNew);
  }

  #dropped(why: string): void {
    this.#deps.count('postern_mail_log_dropped_total', 1, why);
  }
}

/** Newest last; the oldest makes room. */
function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, sizeMax: number): void {
  map.delete(key);
  if (map.size >= sizeMax) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
