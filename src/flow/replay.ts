/**
 * Recorded events through the guard, on the events' own clock, with everything in memory: what would have been done?
 * The verdicts are those of the live doors, since both go through core/guard.ts.
 */

import type { People } from '../core/account/judge.ts';
import { newNorms } from '../core/account/norms.ts';
import { type AccountPast, newPast } from '../core/account/past.ts';
import { type BookChange, delivery, login, release } from '../core/account/record.ts';
import type { Account, Submission } from '../core/event.ts';
import { type Surroundings, submit } from '../core/guard.ts';
import { noStanding, type Policy } from '../core/policy.ts';
import type { AccountState, Reason, VerdictKind } from '../core/verdict.ts';
import { hourMs, type Millis, minuteMs } from '../lib/brand.ts';
import type { ReplayEvent } from './replay-event.ts';

/** One verdict a `send`. Names and order as in the documented output. */
export type ReplayVerdict = {
  readonly id: string;
  readonly verdict: VerdictKind;
  readonly account: AccountState;
  readonly because: readonly Reason[];
};

export type Replay = {
  /** In time order. A `send` answers with its verdict. Undefined too when the event is more than a minute back in time. */
  apply(event: ReplayEvent): ReplayVerdict | undefined;
  /** The newest event's time. */
  now(): Millis;
  readonly summary: ReplaySummary;
};

export type ReplaySummary = {
  messages: number;
  readonly verdicts: Record<VerdictKind, number>;
  readonly suspensions: Suspension[];
  /** Held and delayed messages of accounts that were never suspended. */
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

/** An event may be this much older than the one before it: logs of several writers are merged that loosely. */
export const backwardsMax: number = minuteMs;
/** Messages whose later deliveries are still attributed to their account. */
const messagesRemembered = 1_000_000;

export type ReplayOptions = {
  readonly policy: Policy;
  /** An operator clears each suspension after this long; undefined: never. */
  readonly operatorClearsMs: number | undefined;
};

export function openReplay(options: ReplayOptions): Replay {
  const accounts = new Map<Account, AccountPast>();
  const firstMinute = new Map<number, number>();
  const people: People = { seed: 0, knownHere: (recipient) => firstMinute.get(recipient) };
  const around: Surroundings = { norms: newNorms(), people, policy: options.policy };
  const senders = new Map<string, Account>();
  const clears: { readonly at: Millis; readonly account: Account }[] = [];
  const open = new Map<Account, Suspension>();
  const summary: ReplaySummary = {
    messages: 0,
    verdicts: { pass: 0, delay: 0, hold: 0, refuse: 0 },
    suspensions: [],
    touched: new Map(),
  };
  let clock = 0 as Millis;
  let hour = 0;
  let serverRecipientsThisHour = 0;

  const pastOf = (account: Account, at: Millis): AccountPast => {
    let past = accounts.get(account);
    if (past === undefined) {
      past = newPast(at);
      accounts.set(account, past);
    }
    return past;
  };
  const clear = (account: Account): void => {
    const past = accounts.get(account);
    if (past?.state === 'suspended') release(past, { honest: true });
    open.delete(account);
  };
  const learn = ({ learned, forgotten }: BookChange): void => {
    for (let i = 0; i < learned.length; i += 2) {
      const hash = learned[i] ?? 0;
      if (!firstMinute.has(hash)) firstMinute.set(hash, learned[i + 1] ?? 0);
    }
    for (const hash of forgotten) firstMinute.delete(hash);
  };
  const send = (message: Submission): ReplayVerdict => {
    const past = pastOf(message.account, message.at);
    const before = past.state;
    if (Math.floor(message.at / hourMs) !== hour) {
      hour = Math.floor(message.at / hourMs);
      serverRecipientsThisHour = 0;
    }
    const standing =
      serverRecipientsThisHour === 0 ? noStanding : { ...noStanding, serverRecipientsThisHour };
    const { judgement, book } = submit(past, message, around, standing);
    learn(book);
    if (judgement.verdict === 'pass') serverRecipientsThisHour += message.outside.length;
    remember(senders, message);
    if (before !== 'suspended' && judgement.state === 'suspended') {
      suspended(message, past, judgement.reasons);
    }
    tell(message, judgement.verdict);
    return {
      id: message.id,
      verdict: judgement.verdict,
      account: judgement.state,
      because: judgement.verdict === 'pass' ? [] : judgement.reasons,
    };
  };
  const suspended = (message: Submission, past: AccountPast, because: readonly Reason[]): void => {
    const suspension: Suspension = {
      account: message.account,
      at: message.at,
      since: past.since,
      leakedMessages: past.leakedMessages,
      leakedRecipients: past.leakedRecipients,
      because,
      stopped: past.stoppedMessages,
    };
    summary.suspensions.push(suspension);
    open.set(message.account, suspension);
    if (options.operatorClearsMs === undefined) return;
    clears.push({
      at: (message.at + options.operatorClearsMs) as Millis,
      account: message.account,
    });
  };
  const tell = ({ account }: Submission, verdict: VerdictKind): void => {
    summary.messages++;
    summary.verdicts[verdict]++;
    if (verdict === 'pass') return;
    const suspension = open.get(account);
    if (suspension !== undefined) suspension.stopped++;
    else summary.touched.set(account, (summary.touched.get(account) ?? 0) + 1);
  };

  return {
    summary,
    now: () => clock,
    apply(event) {
      if (event.at < clock - backwardsMax) return undefined;
      if (event.at > clock) clock = event.at;
      for (let next = clears[0]; next !== undefined && next.at <= clock; next = clears[0]) {
        clears.shift();
        clear(next.account);
      }
      switch (event.kind) {
        case 'send':
          return send(event);
        case 'login':
          login(pastOf(event.account, event.at), event);
          return undefined;
        case 'delivery': {
          const account = senders.get(event.id);
          if (account !== undefined) delivery(pastOf(account, event.at), { ...event, account });
          return undefined;
        }
        case 'clear':
          clear(event.account);
          return undefined;
      }
    },
  };
}

function remember(senders: Map<string, Account>, message: Submission): void {
  if (senders.size >= messagesRemembered) {
    const oldest = senders.keys().next();
    if (oldest.done !== true) senders.delete(oldest.value);
  }
  senders.set(message.id, message.account);
}
