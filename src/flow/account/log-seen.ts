/**
 * Records what the mail log says in profiles: a login in that of its account, a recipient that
 * does not exist in that of the sender. Nothing is judged here; it counts when the account's next
 * message is judged.
 *
 * A stranger can make a mail server log any login name, any number of times. So nothing here
 * creates an account, and everything that is remembered has a limit.
 */

import type { AccountProfile } from '../../core/account/profile.ts';
import { login, nothingNew } from '../../core/account/record.ts';
import { type Account, isAutomatic } from '../../core/account-name.ts';
import { delivery } from '../../core/bounces/record-delivery.ts';
import { senderAnswer } from '../../core/bounces/sender-answer.ts';
import { FailedNetworks, networkOf } from '../../core/client/network.ts';
import type { LogEvent, LoginSeen } from '../../core/event.ts';
import { manners } from '../../core/logs/client-manners.ts';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { unreachable } from '../../lib/assert.ts';
import { hash53 } from '../../lib/hash.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type { LogHandler } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { DoorNotes } from '../bypass/door-notes.ts';
import type { QueueTrails } from '../bypass/queue-trails.ts';
import type { Journal } from '../journal/journal.ts';
import type { Accounts } from './accounts.ts';
import { originOf } from './message-renamed.ts';
import { openToldBounces, type ToldBounces } from './told-bounces.ts';

export type LogSeenDeps = {
  readonly accounts: Pick<Accounts, 'known' | 'change' | 'changed' | 'context'>;
  readonly journal: Pick<Journal, 'commit'> & {
    readonly live: Pick<Journal['live'], 'message' | 'meta'>;
  };
  /** The queue ids that a message had before a filter handed it back. */
  readonly trails: Pick<QueueTrails, 'before'>;
  readonly notes: Pick<DoorNotes, 'recipients'>;
  readonly replies: Pick<ReplyClassifier, 'classify'>;
  readonly world: World;
};

/**
 * The same login from the same network with the same protocol is ignored for this long: mail
 * programs look for mail every minute.
 */
const repeatMs = 10 * minuteMs;
/** Pairs of account and network remembered for that: 20 MB at most. */
const recentMax = 100_000;
const failedMax = 10_000;
/**
 * Time between two lines about one failed login: the password service names the account, then the
 * mail server reports the failure.
 */
const pairMs = 15 * secondMs;
const mismatchesMax = 1_000;
/** Messages that bounced lately, with their accounts. */
const ownersMax = 10_000;
const ownersMs = 60 * minuteMs;
/** The log may mention a message this long before the guard has counted it. */
const earlyMs = minuteMs;

type LoginEvent = Extract<LogEvent, { kind: 'login' }>;
type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;
/** A message that Postern judged. `of`: its queue id and time, because ids are used again. */
type Owner = {
  readonly of: string;
  readonly queueId: string;
  readonly account: Account;
  readonly sentAt: Millis;
  readonly recipients: number;
  readonly at: Millis;
};

export function openLogSeen(deps: LogSeenDeps): LogHandler {
  const seen = new LogSeen(deps);
  return {
    seen: (event) => seen.take(event),
    taken: (key, place) => seen.taken(key, place),
  };
}

class LogSeen {
  readonly #deps: LogSeenDeps;
  /** Account, network and protocol (hash) → when a successful login was last recorded. */
  readonly #recent = new Map<number, Millis>();
  /** Account → when its login last failed. */
  readonly #failed = new Map<Account, Millis>();
  readonly #failedNetworks = new FailedNetworks();
  /** Client → the account it gave a wrong password for. */
  readonly #mismatches = new Map<string, { readonly account: Account; readonly at: Millis }>();
  readonly #owners = new Map<string, Owner>();
  readonly #told: ToldBounces;
  /** Accounts with bounces that are not written yet. */
  readonly #bounced = new Map<Account, AccountProfile>();

  constructor(deps: LogSeenDeps) {
    this.#deps = deps;
    this.#told = openToldBounces((key) => deps.journal.live.meta(key));
  }

  /**
   * Writes the bounces together with the place in the log: after a crash, the log is read again
   * from there, and none counts twice.
   */
  taken(key: string, place: string): void {
    if (this.#bounced.size === 0) return;
    const { accounts, journal } = this.#deps;
    const changes: Change[] = [];
    for (const [account, profile] of this.#bounced) {
      changes.push(accounts.change(account, profile, nothingNew));
    }
    this.#bounced.clear();
    changes.push(this.#told.change(), { kind: 'meta', key, value: place });
    journal.commit(changes, () => undefined);
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
      case 'entered':
      case 'milter-away':
      case 'named':
      case 'proxied':
        break; // flow/bypass
      case 'bounce-made':
      case 'held':
      case 'queued':
      case 'rejected':
      case 'removed':
      case 'requeued':
      case 'unheld':
        break; // flow/fate
      default:
        unreachable(event);
    }
  }

  #login(event: LoginEvent): void {
    const { accounts } = this.#deps;
    const { count } = this.#deps.world;
    const { at, client, ok, protocol } = event;
    count('postern_mail_log_events_total', event.times, ok ? 'login' : 'login-failed');
    const account = event.account ?? this.#accountOfFailure(client, at);
    if (account === undefined) {
      this.#dropped('unnamed-login');
      return;
    }
    if (ok && this.#isRepeated(account, `${networkOf(client)} ${protocol ?? ''}`, at)) {
      this.#dropped('repeated-login');
      return;
    }
    const profile = accounts.known(account);
    if (profile === undefined) {
      if (!ok) this.#failedNetworks.note(networkOf(client), at);
      this.#dropped('unknown-account');
      return;
    }
    if (!ok) {
      // Postern closed this login, so it must fail. The owner's programs go on trying for hours.
      if (profile.state === 'suspended') {
        this.#dropped('closed-login');
        return;
      }
      put(this.#failed, account, at, failedMax);
    }
    const { isOwnHost } = accounts.context.policy;
    const seen: LoginSeen = {
      kind: 'login',
      at,
      account,
      client,
      ok,
      ...manners({ protocol, auth: event.auth, tls: event.tls }),
    };
    for (let nth = 0; nth < event.times; nth++) {
      login(profile, seen, this.#failedNetworks, isOwnHost);
    }
    this.#changed(account, profile);
  }

  /** The account whose login failed, for mail servers that do not name it. */
  #accountOfFailure(client: string, at: Millis): Account | undefined {
    const found = this.#mismatches.get(client);
    if (found === undefined) return undefined;
    this.#mismatches.delete(client);
    return Math.abs(at - found.at) <= pairMs ? found.account : undefined;
  }

  /** `from`: network and protocol. Sending mail must not hide that the account reads its mail. */
  #isRepeated(account: Account, from: string, at: Millis): boolean {
    const key = hash53(`${account} ${from}`, 0);
    const last = this.#recent.get(key);
    const failed = this.#failed.get(account);
    const fresh = last !== undefined && Math.abs(at - last) < repeatMs;
    if (fresh && (failed === undefined || failed < last)) return true;
    put(this.#recent, key, at, recentMax);
    return false;
  }

  /**
   * Records a recipient that does not exist, once for each recipient of a message, and a reply that
   * refuses content or amount, once for each site that a message went to. Whoever can write into
   * the log can write such lines: a line counts only if it is about a message that Postern judged
   * and about a recipient of that message.
   */
  #delivery(event: DeliveryEvent): void {
    const { accounts } = this.#deps;
    const { count } = this.#deps.world;
    const { at, outcome, queueId, recipient, reply } = event;
    count('postern_mail_log_events_total', 1, outcome);
    const answer = event.relay === 'other' ? senderAnswer(this.#deps.replies, event) : undefined;
    // Nothing else says something about the sender. Then the ledger is not asked.
    if (outcome !== 'bounced' && answer === undefined) return;
    const owner = this.#owner(queueId, at);
    if (owner === undefined) {
      this.#dropped('unknown-message');
      return;
    }
    const { account, sentAt } = owner;
    const profile = accounts.known(account);
    if (profile === undefined) {
      this.#dropped('unknown-account');
      return;
    }
    const found = this.#recipientOf(owner, profile, event);
    if (found === undefined) {
      this.#dropped('unknown-recipient');
      return;
    }
    const of = answer === undefined ? owner.of : `${owner.of} refused`;
    const once = answer === undefined ? found : hash53(answer.site, 0);
    if (this.#told.has(of, once) || this.#told.count(of) >= owner.recipients) {
      this.#dropped('repeated-bounce');
      return;
    }
    this.#told.add(of, once);
    // Who gets an automatic answer has written first.
    const wroteFirst = isAutomatic(account);
    const told = { at, account, recipient, outcome, reply, sentAt, wroteFirst } as const;
    delivery(profile, { kind: 'delivery', ...told, ...(answer === undefined ? {} : { answer }) });
    this.#bounced.set(account, profile);
  }

  /**
   * The recipient of the message that the line is about. After a restart the recipients of single
   * messages are not known; then those that the account has written to.
   */
  #recipientOf(
    { queueId, sentAt }: Owner,
    { book }: AccountProfile,
    { original, recipient }: DeliveryEvent,
  ): number | undefined {
    const { seed } = this.#deps.accounts.context.people;
    const known = this.#deps.notes.recipients(queueId, sentAt) ?? book;
    return [original, recipient].map((one) => hash53(one, seed)).find((hash) => known.has(hash));
  }

  /**
   * The message. Postfix uses short queue ids again: a line from before the message is about
   * another message.
   */
  #owner(queueId: string, at: Millis): Owner | undefined {
    const found = this.#owners.get(queueId);
    if (found !== undefined && Math.abs(at - found.at) < ownersMs) return found;
    for (const id of [queueId, ...this.#deps.trails.before(queueId)]) {
      if (parseQueueId(id) === undefined) continue;
      const row = originOf(this.#deps.journal.live, id);
      if (row === undefined || row.at > at + earlyMs) continue;
      const { account, at: sentAt, recipients } = row;
      const of = `${row.queueId} ${sentAt}`;
      const owner = { of, queueId: row.queueId, account, sentAt, recipients, at };
      put(this.#owners, queueId, owner, ownersMax);
      return owner;
    }
    return undefined;
  }

  #changed(account: Account, profile: AccountProfile): void {
    this.#deps.accounts.changed(account, profile, nothingNew);
  }

  #dropped(why: string): void {
    this.#deps.world.count('postern_mail_log_dropped_total', 1, why);
  }
}

/** Puts the entry last; removes the oldest if the map is full. */
function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, sizeMax: number): void {
  map.delete(key);
  if (map.size >= sizeMax) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
