/**
 * The judgement: is this message like this account? Reads only. The evidence is the norm of all
 * slot ratios, multiplied by the risk factors (hour, network, identity), plus what is a sign by
 * itself (many networks at once, a guessed login).
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { scriptReasons } from '../scripts/hold.ts';
import type { AccountState, Reason, VerdictKind } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { overCeiling } from './ceiling.ts';
import { contentBoost, contentReason, contentStop, spamLike } from './content.ts';
import { allowed } from './learn.ts';
import type { AccountFlags, Policy } from './policy.ts';
import { type AccountProfile, zeroSlots } from './profile.ts';
import { riskFactorReasons, slotReasons, suspendedReason, weakPasswordReasons } from './reasons.ts';
import { riskFactors } from './risk-factors.ts';
import {
  boostMax,
  holdAt,
  knownHereWeight,
  lagDays,
  lately,
  localWeight,
  norm,
  rules,
  suspendAt,
  watchAt,
  weakPassword,
  windowsMs,
} from './signals.ts';

/** What the whole server knows of people. */
export type People = {
  /** Seed of the recipient hashes. */
  readonly seed: number;
  /**
   * Minute in which anyone here first wrote to this recipient (hash); undefined when nobody did.
   */
  knownHere(recipient: number): number | undefined;
};

export type Judgement = {
  readonly verdict: VerdictKind;
  readonly state: AccountState;
  readonly evidence: number;
  /** Strongest first; empty for an account with nothing against it. */
  readonly reasons: readonly Reason[];
  /** The sums with this message in them: record() keeps them. */
  readonly sums: readonly number[];
  /** Hashes that are new to the account: record() keeps them. */
  readonly fresh: readonly number[];
};

/** Judges a message. `profile` must be settled (learn.ts) for the day of the message. */
export function judge(
  profile: AccountProfile,
  baseline: ServerBaseline,
  message: Submission,
  people: People,
  policy: Policy,
  flags: AccountFlags,
): Judgement {
  const fresh: number[] = [];
  const weak = flags.weakPassword !== '';
  const factors = riskFactors(profile, message, { seed: people.seed, weak });
  const boost = Math.min(boostMax, factors.boost * contentBoost(message.scan));
  const adds = tally(profile, message, people, fresh);
  if (factors.elsewhere) adds.elsewhere = raised(message.outside.length, 6);
  const sums = zeroSlots.slice();
  const factor = weak ? weakPassword.counts : 1;
  const traffic = weigh(profile, baseline, elapsed(profile, message.at), adds, sums) * factor;
  const evidence = traffic * boost + factors.alone;
  const found = (
    verdict: VerdictKind,
    state: AccountState,
    reasons: readonly Reason[],
  ): Judgement => ({
    verdict,
    state,
    evidence,
    reasons,
    sums,
    fresh,
  });

  if (profile.state === 'suspended')
    return found('refuse', 'suspended', [suspendedReason(profile, message.at)]);
  const exempt = flags.exemptUntil > message.at;
  // An exemption is from what is usual, not from the register's rules.
  const unruly = scriptReasons(message.scriptFinding);
  if (unruly.length > 0 && (exempt || evidence < suspendAt))
    return found('hold', exempt || evidence < watchAt ? 'clear' : 'watched', unruly);
  if (!exempt) {
    const content = contentStop(message.scan, policy);
    if (content !== undefined && evidence < suspendAt) {
      const state = content.verdict === 'hold' ? 'watched' : profile.state;
      return found(content.verdict, state, [content.reason]);
    }
    const ceiling = overCeiling(profile, message, policy, flags, evidence);
    // Waiting must not hide an attack: what suspends, suspends.
    if (ceiling !== undefined && (ceiling.verdict === 'refuse' || evidence < suspendAt))
      return found(ceiling.verdict, profile.state, [
        ceiling.reason,
        ...weakPasswordReasons(flags.weakPassword),
      ]);
  }
  if (evidence < watchAt || exempt) return found('pass', 'clear', []);
  const content = contentReason(message.scan);
  const reasons = [
    ...slotReasons(profile, baseline, sums, boost * factor),
    ...unruly,
    ...riskFactorReasons(factors),
    ...(content === undefined ? [] : [content]),
    ...weakPasswordReasons(flags.weakPassword),
  ].sort((a, b) => b.weight - a.weight);
  if (evidence >= suspendAt) return found('hold', 'suspended', reasons);
  return found(evidence >= holdAt ? 'hold' : 'pass', 'watched', reasons);
}

/** How strong the evidence is right now, with no message at hand: for the operator's admin. */
export function evidenceNow(
  profile: AccountProfile,
  baseline: ServerBaseline,
  at: Submission['at'],
  weakReason = '',
): { evidence: number; reasons: readonly Reason[] } {
  const sums = zeroSlots.slice();
  const factor = weakReason === '' ? 1 : weakPassword.counts;
  const evidence = weigh(profile, baseline, elapsed(profile, at), none, sums) * factor;
  const reasons = [
    ...slotReasons(profile, baseline, sums, factor),
    ...weakPasswordReasons(weakReason),
  ];
  return { evidence, reasons };
}

const none: Tally = {
  strangers: 0,
  newcomers: 0,
  recipients: 0,
  messages: 0,
  copies: 0,
  elsewhere: 0,
  spamLike: 0,
};

/** What one message adds to each count. */
type Tally = {
  strangers: number;
  newcomers: number;
  recipients: number;
  messages: number;
  copies: number;
  elsewhere: number;
  spamLike: number;
};

function tally(
  profile: AccountProfile,
  message: Submission,
  people: People,
  fresh: number[],
): Tally {
  const ripe = (message.at - lagDays * dayMs) / minuteMs;
  let strangers = 0;
  let newcomers = 0;
  for (const recipient of message.outside) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    newcomers++;
    const minute = people.knownHere(hash);
    strangers += minute === undefined ? 1 : minute > ripe ? lately : knownHereWeight;
  }
  for (const recipient of message.local) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    newcomers += localWeight;
  }
  return {
    strangers: raised(strangers, 0),
    newcomers: raised(newcomers, 1),
    recipients: message.outside.length + localWeight * message.local.length,
    messages: message.outside.length > 0 ? 1 : localWeight,
    copies:
      message.fingerprint !== undefined && profile.fingerprints.includes(message.fingerprint)
        ? 1
        : 0,
    elsewhere: 0,
    spamLike: spamLike(message.scan) * (message.outside.length > 0 ? 1 : localWeight),
  };
}

/** What `here` of them in one message count for. */
function raised(here: number, count: number): number {
  return here > 1 ? here ** (rules[count]?.power ?? 1) : here;
}

/**
 * Milliseconds since the sums were current. A clock that was set back a little decays nothing; by
 * much, it is believed.
 */
function elapsed(profile: AccountProfile, at: number): number {
  const passed = at - profile.at;
  return Math.max(passed, 0);
}

/**
 * Fills `sums` with the decayed sums plus what is added, and answers with the norm of all ratios.
 */
function weigh(
  profile: AccountProfile,
  baseline: ServerBaseline,
  passedMs: number,
  adds: Tally,
  sums: number[],
): number {
  let total = 0;
  const windows = windowsMs.length;
  for (let window = 0; window < windows; window++) {
    const kept = Math.exp(-passedMs / (windowsMs[window] ?? hourMs));
    for (let count = 0; count < rules.length; count++) {
      const slot = count * windows + window;
      const value = (profile.sums[slot] ?? 0) * kept + addition(adds, count);
      sums[slot] = value;
      if (value === 0) continue;
      const ratio = ((rules[count]?.weight ?? 0) * value) / allowed(profile, baseline, slot);
      const square = ratio * ratio;
      total += square * square * square;
    }
  }
  return total === 0 ? 0 : total ** (1 / norm);
}

function addition(adds: Tally, count: number): number {
  switch (count) {
    case 0:
      return adds.strangers;
    case 1:
      return adds.newcomers;
    case 2:
      return adds.recipients;
    case 3:
      return adds.messages;
    case 5:
      return adds.copies;
    case 6:
      return adds.elsewhere;
    case 7:
      return adds.spamLike;
    default:
      return 0;
  }
}
