/**
 * Replays recorded events: the guard judges them on their own clock, with everything in memory. The
 * verdicts are those of the live doors, because both use core/account/guard.ts.
 */
import { newBaseline } from '../../core/account/baseline.ts';
import type { People } from '../../core/account/count-recipients.ts';
import { addUp, type GuardContext, submit } from '../../core/account/guard.ts';
import { type AccountFlags, noFlags, type Policy } from '../../core/account/policy.ts';
import { type AccountProfile, newProfile } from '../../core/account/profile.ts';
import { type BookChange, login, release, waitsForPerson } from '../../core/account/record.ts';
import type { ToldParty } from '../../core/account/telling.ts';
import type { Account } from '../../core/account-name.ts';
import { delivery } from '../../core/bounces/record-delivery.ts';
import { senderAnswer } from '../../core/bounces/sender-answer.ts';
import { Brake, type BrakeChange } from '../../core/brake/brake.ts';
import type { Episode } from '../../core/brake/memory.ts';
import { FailedNetworks, networkOf } from '../../core/client/network.ts';
import { correspondentsInMemory } from '../../core/correspondents/in-memory.ts';
import type { LoginSeen, ReplayEvent, Submission } from '../../core/event.ts';
import type { ReachBound } from '../../core/reach/bound.ts';
import type { Reason } from '../../core/reason.ts';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import type { ReplyRule } from '../../core/replies/rule.ts';
import { allReplyRules } from '../../core/replies/rules/all.ts';
import type { AccountState, VerdictKind } from '../../core/verdict.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { accountBound } from '../admin/account-bound.ts';
import { HashTable } from './hash-table.ts';
import { ReplayHeld } from './replay-held.ts';
import { ReplayMailings } from './replay-mailings.ts';
import { ReplayTold } from './replay-told.ts';
import { SentMessages } from './sent-messages.ts';

/** The verdict for a `send`. Names and order are those of the documented output. */
export type ReplayVerdict = {
  readonly id: string;
  readonly verdict: VerdictKind;
  readonly account: AccountState;
  readonly because: readonly Reason[];
  /** Who was told of something since the last verdict; absent if nobody was. */
  readonly told?: readonly ToldParty[];
  /** Ids of held messages that have left since the last verdict; absent if none has. */
  readonly left?: readonly string[];
  /** With this message, mail began to wait for a person. Not part of the output. */
  readonly decides?: true;
};

export type Replay = {
  /**
   * Takes events in order of time. Returns the verdict for a `send`; undefined for other events,
   * and for one that goes back in time by more than a minute.
   */
  apply(event: ReplayEvent): ReplayVerdict | undefined;
  /** The time of the newest event. */
  now(): Millis;
  /** The bound of an account now; undefined if it was never seen. */
  bound(account: Account): ReachBound | undefined;
  readonly summary: ReplaySummary;
};

export type ReplaySummary = {
  messages: number;
  readonly verdicts: Record<VerdictKind, number>;
  readonly suspensions: Suspension[];
  /** How many messages were held or delayed, for accounts that were never suspended. */
  readonly touched: Map<Account, number>;
  /** When the brake was on. */
  readonly brakes: Episode[];
};

export type Suspension = {
  readonly account: Account;
  readonly at: Millis;
  readonly since: Millis;
  readonly leakedMessages: number;
  readonly leakedRecipients: number;
  readonly because: readonly Reason[];
  stopped: number;
};

/** An event may be this much older than the newest one: merged logs are not exactly in order. */
export const backwardsMax: number = minuteMs;
/** Unknown users that were counted are remembered; at least as many. */
const toldRemembered = 250_000;

export type ReplayOptions = {
  readonly policy: Policy;
  /**
   * An operator says this long after each suspension that the mail was honest, and as long after
   * mail began to wait for them; undefined: never.
   */
  readonly operatorClearsMs: number | undefined;
  /** The operator's own rules for replies, besides those of Postern. */
  readonly replyRules?: readonly ReplyRule[];
};

export function openReplay(options: ReplayOptions): Replay {
  return new MemoryReplay(options);
}

/** Without a suspension: mail was held for its numbers alone. */
type Clear = {
  readonly at: Millis;
  readonly account: Account;
  readonly suspension: Suspension | undefined;
};

class MemoryReplay implements Replay {
  readonly summary: ReplaySummary = {
    messages: 0,
    verdicts: { pass: 0, delay: 0, hold: 0, refuse: 0 },
    suspensions: [],
    touched: new Map(),
    brakes: [],
  };
  readonly #operatorClearsMs: number | undefined;
  readonly #accounts = new Map<Account, AccountProfile>();
  /** Recipient (hash) → minute of the first mail from here. */
  readonly #firstMinute = new HashTable();
  readonly #correspondents = correspondentsInMemory(() => this.#clock);
  readonly #context: GuardContext;
  readonly #brake: Brake;
  readonly #failedNetworks = new FailedNetworks();
  readonly #sent = new SentMessages();
  /** Message and recipient (hash) of unknown users that were counted. */
  readonly #told = new RecentMap<number, true>(toldRemembered);
  /** What the operator of `--operator-clears` looks at, and when. */
  readonly #clears: Clear[] = [];
  readonly #parties = new ReplayTold();
  /** Accounts whose held mail waits for the operator. */
  readonly #waiting = new Set<Account>();
  readonly #mailings = new ReplayMailings();
  readonly #open = new Map<Account, Suspension>();
  readonly #everSuspended = new Set<Account>();
  readonly #held: ReplayHeld;
  readonly #replies: ReplyClassifier;
  #clock = 0 as Millis;
  #reviewedAt = 0 as Millis;
  #hour = 0;
  #serverRecipients = 0;

  constructor(options: ReplayOptions) {
    this.#operatorClearsMs = options.operatorClearsMs;
    this.#held = new ReplayHeld(options.operatorClearsMs);
    this.#replies = openReplyClassifier(allReplyRules(options.replyRules ?? []));
    const people: People = {
      seed: 0,
      knownHere: (recipient) => this.#firstMinute.get(recipient),
      wroteFirst: (account, recipient, as) =>
        this.#correspondents.wroteFirst(account, recipient, as),
      isCommonDomain: (domain) => this.#correspondents.isCommonDomain(domain),
      isKnownLink: (domain, at) => this.#correspondents.isKnownLink(domain, at),
    };
    this.#brake = new Brake((change) => this.#brakeChanged(change));
    const { policy } = options;
    this.#context = { baseline: newBaseline(), people, policy, brake: this.#brake };
  }

  now(): Millis {
    return this.#clock;
  }

  bound(account: Account): ReachBound | undefined {
    const profile = this.#accounts.get(account);
    const { policy } = this.#context;
    const about = { at: this.#clock, policy, isExempt: false, weakPassword: '', expected: 0 };
    return profile === undefined ? undefined : accountBound(profile, about);
  }

  apply(event: ReplayEvent): ReplayVerdict | undefined {
    if (event.at < this.#clock - backwardsMax) return undefined;
    if (event.at > this.#clock) this.#clock = event.at;
    this.#reviewBrake();
    this.#clearDue();
    switch (event.kind) {
      case 'send':
        return this.#send(event);
      case 'login':
        this.#login(event);
        return undefined;
      case 'delivery':
        this.#delivery(event);
        return undefined;
      case 'receive':
        this.#correspondents.received(event);
        return undefined;
      case 'clear':
        this.#clear(event.account);
        return undefined;
      case 'expect':
        this.#mailings.expect(event);
        return undefined;
    }
  }

  #reviewBrake(): void {
    if (!this.#brake.isOn || this.#clock - this.#reviewedAt < minuteMs) return;
    this.#reviewedAt = this.#clock;
    this.#brake.review(this.#clock);
  }

  #brakeChanged({ kind, episode }: BrakeChange): void {
    if (kind === 'on') this.summary.brakes.push(episode);
  }

  #login(event: LoginSeen): void {
    const { account, at, client, ok } = event;
    // Guesses at names that nobody has make no account, but tell where guesses come from.
    if (!ok && !this.#accounts.has(account)) this.#failedNetworks.note(networkOf(client), at);
    else {
      const { isOwnHost } = this.#context.policy;
      login(this.#profile(account, at), event, this.#failedNetworks, isOwnHost);
    }
  }

  /** A server tells each recipient's end once, and no more of them than the message had. */
  #delivery(event: Extract<ReplayEvent, { kind: 'delivery' }>): void {
    if (event.outcome === 'sent') return;
    const sent = this.#sent.find(event.id);
    if (sent === undefined) return;
    const { mxHost = '' } = event;
    const answer =
      event.mxHost === '' ? undefined : senderAnswer(this.#replies, { ...event, mxHost });
    if (answer === undefined && (event.outcome !== 'bounced' || this.#sent.left(sent) === 0))
      return;
    // What holds for the whole message counts once for each site.
    const about = answer === undefined ? event.recipient : `refused by ${answer.site}`;
    const key = hash53(`${event.id} ${about}`, 0);
    if (this.#told.get(key) === true) return;
    this.#told.set(key, true);
    if (answer === undefined) this.#sent.told(sent);
    const { account, sentAt } = this.#sent.about(sent);
    const seen = { ...event, account, sentAt, ...(answer === undefined ? {} : { answer }) };
    delivery(this.#profile(account, event.at), seen);
  }

  #profile(account: Account, at: Millis): AccountProfile {
    let profile = this.#accounts.get(account);
    if (profile === undefined) {
      profile = newProfile(at);
      this.#accounts.set(account, profile);
    }
    return profile;
  }

  #send(message: Submission): ReplayVerdict {
    const profile = this.#profile(message.account, message.at);
    const before = profile.state;
    const expected = this.#mailings.of(message, profile, this.#context.people);
    const flags = { ...this.#flags(message), expected };
    const { judgement, book, told } = submit(profile, message, this.#context, flags);
    const sum =
      judgement.verdict === 'pass'
        ? addUp(message, profile, this.#context, {
            profile: (account) => this.#profile(account, message.at),
            flags: (summed) => ({ ...this.#flags(summed), expected }),
            isExempt: false,
            told,
          })
        : undefined;
    this.#learn(book);
    if (sum !== undefined) this.#learn(sum.book);
    if (sum !== undefined && sum.judgement.verdict !== 'pass') {
      const { reasons, state, verdict } = sum.judgement;
      if (verdict === 'hold') this.#held.add(sum.message);
      this.#sent.add(message);
      const parties = this.#parties.parties(sum.message, sum.judgement, told);
      this.#tell(sum.message.account, verdict);
      const toldTo = parties.length > 0 ? { told: parties } : {};
      return { id: message.id, verdict, account: state, because: reasons, ...toldTo };
    }
    if (judgement.verdict === 'pass') {
      this.#serverRecipients += message.outside.length;
      if (judgement.state === 'clear') {
        this.#correspondents.passed(message, judgement.fresh.length > 0);
      }
      this.#mailings.useUp(message.account, expected);
    } else if (judgement.verdict === 'hold') this.#held.add(message);
    this.#sent.add(message);
    if (before !== 'suspended' && judgement.state === 'suspended') {
      this.#suspended(message, profile, judgement.reasons);
    }
    const parties = this.#parties.parties(message, judgement, told, sum?.told);
    const left = this.#held.takeLeft();
    const decides = profile.numbersAt === message.at && this.#waits(message);
    this.#tell(message.account, judgement.verdict);
    return {
      id: message.id,
      verdict: judgement.verdict,
      account: judgement.state,
      because: judgement.verdict === 'pass' ? [] : judgement.reasons,
      ...(parties.length > 0 ? { told: parties } : {}),
      ...(left.length > 0 ? { left } : {}),
      ...(decides ? { decides } : {}),
    };
  }

  #flags({ account, at }: Submission): AccountFlags {
    const hour = Math.floor(at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#serverRecipients = 0;
    }
    return {
      ...noFlags,
      serverRecipientsThisHour: this.#serverRecipients,
      held: () => this.#held.of(account, at),
    };
  }

  #learn({ learned, forgotten }: BookChange): void {
    const first = this.#firstMinute;
    for (let i = 0; i < learned.length; i += 2) {
      const hash = learned[i] ?? 0;
      if (!first.has(hash)) first.set(hash, learned[i + 1] ?? 0);
    }
    if (forgotten.length === 0) return;
    // Suspensions are rare: only now the other accounts are searched for these recipients.
    for (const hash of forgotten) first.delete(hash);
    for (const { book } of this.#accounts.values()) {
      for (const hash of forgotten) {
        const minute = book.get(hash);
        if (minute !== undefined) first.set(hash, Math.min(minute, first.get(hash) ?? minute));
      }
    }
  }

  #suspended(
    { account, at }: Submission,
    profile: AccountProfile,
    because: readonly Reason[],
  ): void {
    const suspension: Suspension = {
      account,
      at,
      since: profile.since,
      leakedMessages: profile.leakedMessages,
      leakedRecipients: profile.leakedRecipients,
      because,
      // The profile counts this message already; #tell counts it again.
      stopped: profile.stoppedMessages - 1,
    };
    this.summary.suspensions.push(suspension);
    this.summary.touched.delete(account);
    this.#everSuspended.add(account);
    this.#open.set(account, suspension);
    if (this.#operatorClearsMs === undefined) return;
    this.#clears.push({ at: (at + this.#operatorClearsMs) as Millis, account, suspension });
  }

  #tell(account: Account, verdict: VerdictKind): void {
    const { summary } = this;
    summary.messages++;
    summary.verdicts[verdict]++;
    if (verdict === 'pass') return;
    const suspension = this.#open.get(account);
    if (suspension !== undefined) suspension.stopped++;
    else if (!this.#everSuspended.has(account)) {
      summary.touched.set(account, (summary.touched.get(account) ?? 0) + 1);
    }
  }

  /** The operator was told that the account's mail waits: they look at it later. */
  #waits({ account, at }: Submission): boolean {
    if (this.#operatorClearsMs === undefined || this.#waiting.has(account)) return false;
    this.#waiting.add(account);
    const looksAt = (at + this.#operatorClearsMs) as Millis;
    this.#clears.push({ at: looksAt, account, suspension: undefined });
    return true;
  }

  #isOpen(suspension: Suspension): boolean {
    return this.#open.get(suspension.account) === suspension;
  }

  /** Ends the suspensions that the operator of `--operator-clears` has looked at by now. */
  #clearDue(): void {
    for (let next = this.#clears[0]; next !== undefined; next = this.#clears[0]) {
      if (next.at > this.#clock) return;
      this.#clears.shift();
      const { account, suspension } = next;
      // A `clear` event may have come first; a later suspension has its own time.
      if (suspension === undefined ? !this.#open.has(account) : this.#isOpen(suspension))
        this.#clear(account);
      if (suspension === undefined) this.#waiting.delete(account);
    }
  }

  #clear(account: Account): void {
    const profile = this.#accounts.get(account);
    if (profile?.state === 'suspended' || (profile && waitsForPerson(profile, this.#clock)))
      this.#learn(release(profile, { honest: true }));
    this.#open.delete(account);
    this.#parties.decided(account);
    this.#held.decided(account);
  }
}
