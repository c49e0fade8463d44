/**
 * Replays recorded events: the guard judges them on their own clock, with everything in memory. The
 * verdicts are those of the live doors, because both use core/account/guard.ts.
 */

import { newBaseline } from '../../core/account/baseline.ts';
import type { People } from '../../core/account/count-recipients.ts';
import { type GuardContext, submit, submitToSum } from '../../core/account/guard.ts';
import { type AccountFlags, noFlags, type Policy } from '../../core/account/policy.ts';
import { type AccountProfile, newProfile } from '../../core/account/profile.ts';
import { type BookChange, delivery, login, release } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import type { ReplayEvent, Submission } from '../../core/event.ts';
import type { Reason } from '../../core/reason.ts';
import { secondAccount, sumHolds } from '../../core/scripts/adding-up.ts';
import type { AccountState, VerdictKind } from '../../core/verdict.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';

/** The verdict for a `send`. Names and order are those of the documented output. */
export type ReplayVerdict = {
  readonly id: string;
  readonly verdict: VerdictKind;
  readonly account: AccountState;
  readonly because: readonly Reason[];
};

export type Replay = {
  /**
   * Takes events in order of time. Returns the verdict for a `send`; undefined for other events,
   * and for one that goes back in time by more than a minute.
   */
  apply(event: ReplayEvent): ReplayVerdict | undefined;
  /** The time of the newest event. */
  now(): Millis;
  readonly summary: ReplaySummary;
};

export type ReplaySummary = {
  messages: number;
  readonly verdicts: Record<VerdictKind, number>;
  readonly suspensions: Suspension[];
  /** How many messages were held or delayed, for accounts that were never suspended. */
  readonly touched: Map<Account, number>;
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
/** Deliveries still count for their account for at least this many of the last messages. */
const messagesRemembered = 250_000;

export type ReplayOptions = {
  readonly policy: Policy;
  /** An operator ends each suspension after this time; undefined: never. */
  readonly operatorClearsMs: number | undefined;
};

export function openReplay(options: ReplayOptions): Replay {
  return new MemoryReplay(options);
}

class MemoryReplay implements Replay {
  readonly summary: ReplaySummary = {
    messages: 0,
    verdicts: { pass: 0, delay: 0, hold: 0, refuse: 0 },
    suspensions: [],
    touched: new Map(),
  };
  readonly #operatorClearsMs: number | undefined;
  readonly #accounts = new Map<Account, AccountProfile>();
  /** Recipient (hash) → minute of the first mail from here. */
  readonly #firstMinute = new Map<number, number>();
  readonly #context: GuardContext;
  /** Message id → its account. */
  readonly #senders = new RecentMap<string, Account>(messagesRemembered);
  /** Messages since the last delivery event. Recordings without deliveries need no index. */
  #sentIds: string[] = [];
  #sentAccounts: Account[] = [];
  readonly #clears: { readonly at: Millis; readonly suspension: Suspension }[] = [];
  readonly #open = new Map<Account, Suspension>();
  readonly #everSuspended = new Set<Account>();
  #clock = 0 as Millis;
  #hour = 0;
  #serverRecipients = 0;

  constructor(options: ReplayOptions) {
    this.#operatorClearsMs = options.operatorClearsMs;
    const people: People = { seed: 0, knownHere: (recipient) => this.#firstMinute.get(recipient) };
    this.#context = { baseline: newBaseline(), people, policy: options.policy };
  }

  now(): Millis {
    return this.#clock;
  }

  apply(event: ReplayEvent): ReplayVerdict | undefined {
    if (event.at < this.#clock - backwardsMax) return undefined;
    if (event.at > this.#clock) this.#clock = event.at;
    this.#clearDue();
    switch (event.kind) {
      case 'send':
        return this.#send(event);
      case 'login':
        login(this.#profile(event.account, event.at), event);
        return undefined;
      case 'delivery': {
        const account = this.#senderOf(event.id);
        if (account !== undefined)
          delivery(this.#profile(account, event.at), { ...event, account });
        return undefined;
      }
      case 'clear':
        this.#clear(event.account);
        return undefined;
    }
  }

  #profile(account: Account, at: Millis): AccountProfile {
    let profile = this.#accounts.get(account);
    if (profile === undefined) {
      profile = newProfile(at);
      this.#accounts.set(account, profile);
    }
    return profile;
  }

  #remember({ id, account }: Submission): void {
    this.#sentIds.push(id);
    this.#sentAccounts.push(account);
    if (this.#sentIds.length < 2 * messagesRemembered) return;
    this.#sentIds = this.#sentIds.slice(-messagesRemembered);
    this.#sentAccounts = this.#sentAccounts.slice(-messagesRemembered);
  }

  #senderOf(id: string): Account | undefined {
    for (const [i, sent] of this.#sentIds.entries()) {
      const account = this.#sentAccounts[i];
      if (account !== undefined) this.#senders.set(sent, account);
    }
    this.#sentIds = [];
    this.#sentAccounts = [];
    return this.#senders.get(id);
  }

  #send(message: Submission): ReplayVerdict {
    const profile = this.#profile(message.account, message.at);
    const before = profile.state;
    const { judgement, book } = submit(profile, message, this.#context, this.#flags(message.at));
    const sum = judgement.verdict === 'pass' ? this.#addUp(message, profile) : undefined;
    this.#learn(book);
    if (sum !== undefined) this.#learn(sum.book);
    if (sum?.judgement.verdict === 'hold') {
      this.#remember(message);
      this.#tell(sum.account, 'hold');
      const { state, reasons } = sum.judgement;
      return { id: message.id, verdict: 'hold', account: state, because: reasons };
    }
    if (judgement.verdict === 'pass') this.#serverRecipients += message.outside.length;
    this.#remember(message);
    if (before !== 'suspended' && judgement.state === 'suspended') {
      this.#suspended(message, profile, judgement.reasons);
    }
    this.#tell(message.account, judgement.verdict);
    return {
      id: message.id,
      verdict: judgement.verdict,
      account: judgement.state,
      because: judgement.verdict === 'pass' ? [] : judgement.reasons,
    };
  }

  /** As the gate does it (flow/account/message-submitted.ts). */
  #addUp(message: Submission, own: AccountProfile) {
    const account = secondAccount(message, own);
    if (account === undefined) return undefined;
    const profile = this.#profile(account, message.at);
    if (profile.state === 'suspended') return undefined;
    const mayHold = sumHolds(message, own, profile);
    const summed = { ...message, account };
    const flags = this.#flags(message.at);
    return { account, ...submitToSum(profile, summed, this.#context, flags, mayHold) };
  }

  #flags(at: Millis): AccountFlags {
    const hour = Math.floor(at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#serverRecipients = 0;
    }
    if (this.#serverRecipients === 0) return noFlags;
    return {
      ...noFlags,
      serverRecipientsThisHour: this.#serverRecipients,
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
    this.#clears.push({ at: (at + this.#operatorClearsMs) as Millis, suspension });
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

  /** Ends the suspensions that the operator of `--operator-clears` has looked at by now. */
  #clearDue(): void {
    for (let next = this.#clears[0]; next !== undefined; next = this.#clears[0]) {
      if (next.at > this.#clock) return;
      this.#clears.shift();
      const { suspension } = next;
      // A `clear` event may have come first; a later suspension has its own time.
      if (this.#open.get(suspension.account) === suspension) this.#clear(suspension.account);
    }
  }

  #clear(account: Account): void {
    const profile = this.#accounts.get(account);
    if (profile?.state === 'suspended') release(profile, { honest: true });
    this.#open.delete(account);
  }
}
