/**
 * The judgement: is this message like this account? It changes nothing.
 *
 * The evidence is the norm of the ratios of all slots, multiplied by the risk factors (hour,
 * network, identity), plus what is a sign alone (many networks at once, a guessed login).
 */

import type { MessageFacts, Submission } from '../event.ts';
import { type CountName, countNames, type Reason } from '../reason.ts';
import { scriptReasons } from '../scripts/hold.ts';
import type { AccountState, VerdictKind } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { overCeiling } from './ceiling.ts';
import { contentBoost, contentReasons, contentStop, spamLike } from './content.ts';
import {
  countRecipients,
  type People,
  type RecipientCounts,
  weighRecipients,
} from './count-recipients.ts';
import {
  riskFactorReasons,
  slotReasons,
  suspendedReason,
  weakPasswordReasons,
} from './find-reasons.ts';
import { allowed } from './learn.ts';
import type { AccountFlags, Policy } from './policy.ts';
import { type AccountProfile, zeroSlots } from './profile.ts';
import { riskFactors } from './risk-factors.ts';
import {
  boostMax,
  holdAt,
  localWeight,
  norm,
  rules,
  slots,
  suspendAt,
  watchAt,
  weakPassword,
  windowsMs,
} from './signals.ts';

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

/** A message with the numbers of its recipients instead of a list. */
export type CountedMessage = {
  readonly message: MessageFacts;
  readonly counts: RecipientCounts;
  /** As of Judgement. */
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
  const counted = countRecipients(profile, message, people);
  return judgeCounted(profile, baseline, { message, ...counted }, people.seed, policy, flags);
}

/** Judges a message whose recipients were counted before: only their numbers are looked at. */
export function judgeCounted(
  profile: AccountProfile,
  baseline: ServerBaseline,
  counted: CountedMessage,
  seed: number,
  policy: Policy,
  flags: AccountFlags,
): Judgement {
  const { message, counts, fresh } = counted;
  const weak = flags.weakPassword !== '';
  const factors = riskFactors(profile, message, { seed, weak });
  const boost = Math.min(boostMax, factors.boost * contentBoost(message.scan));
  const adds = tally(profile, message, counts, factors.elsewhere);
  const sums = summed(profile, message.at, adds);
  const factor = weak ? weakPassword.counts : 1;
  const evidence = weight(profile, baseline, sums) * factor * boost + factors.alone;
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

  if (profile.state === 'suspended') {
    const refused = profile.hijackedAt > 0 && policy.hijackedMail === 'refuse';
    const reasons = [suspendedReason(profile, message.at)];
    return found(refused ? 'refuse' : 'hold', 'suspended', reasons);
  }
  const exempt = flags.exemptUntil > message.at;
  // An exemption is from what is usual. The register's rules hold all the same.
  const unruly = scriptReasons(message.scriptFinding);
  if (unruly.length > 0 && (exempt || evidence < suspendAt))
    return found('hold', exempt || evidence < watchAt ? 'clear' : 'watched', unruly);
  if (!exempt) {
    const content = contentStop(message.scan, policy);
    if (content !== undefined && evidence < suspendAt) {
      const state = content.verdict === 'hold' ? 'watched' : profile.state;
      return found(content.verdict, state, [content.reason]);
    }
    const here = { at: message.at, recipients: counts.outside };
    const ceiling = overCeiling(profile, here, policy, flags, evidence);
    // A delay must not hide an attack: evidence for a suspension goes first.
    if (ceiling !== undefined && (ceiling.verdict === 'refuse' || evidence < suspendAt))
      return found(ceiling.verdict, profile.state, [
        ceiling.reason,
        ...weakPasswordReasons(flags.weakPassword),
      ]);
  }
  if (evidence < watchAt || exempt) return found('pass', 'clear', []);
  const reasons = [
    ...slotReasons(profile, baseline, sums, boost * factor),
    ...unruly,
    ...riskFactorReasons(factors),
    ...contentReasons(message.scan),
    ...weakPasswordReasons(flags.weakPassword),
  ].sort((a, b) => b.weight - a.weight);
  if (evidence >= suspendAt) return found('hold', 'suspended', reasons);
  return found(evidence >= holdAt ? 'hold' : 'pass', 'watched', reasons);
}

/** How strong the evidence is now, without a message: what the operator is shown. */
export function evidenceNow(
  profile: AccountProfile,
  baseline: ServerBaseline,
  at: Submission['at'],
  weakFinding = '',
): { readonly evidence: number; readonly reasons: readonly Reason[] } {
  const sums = summed(profile, at, nothing);
  const factor = weakFinding === '' ? 1 : weakPassword.counts;
  const evidence = weight(profile, baseline, sums) * factor;
  const reasons = [
    ...slotReasons(profile, baseline, sums, factor),
    ...weakPasswordReasons(weakFinding),
  ];
  return { evidence, reasons };
}

/** What one message adds to each count. */
type Tally = Readonly<Record<CountName, number>>;

const nothing: Tally = {
  strangers: 0,
  'new-recipients': 0,
  recipients: 0,
  messages: 0,
  'failed-recipients': 0,
  'same-body': 0,
  elsewhere: 0,
  'spam-like': 0,
};

/** What the message adds. */
function tally(
  profile: AccountProfile,
  message: MessageFacts,
  counts: RecipientCounts,
  elsewhere: boolean,
): Tally {
  const { fingerprint } = message;
  const { strangers, newcomers, recipients } = weighRecipients(counts);
  const messages = counts.outside > 0 ? 1 : localWeight;
  const copied = fingerprint !== undefined && profile.fingerprints.includes(fingerprint);
  return {
    strangers: raised(strangers, rules.strangers.power),
    'new-recipients': raised(newcomers, rules['new-recipients'].power),
    recipients,
    messages,
    'failed-recipients': 0,
    'same-body': copied ? 1 : 0,
    elsewhere: elsewhere ? raised(counts.outside, rules.elsewhere.power) : 0,
    'spam-like': spamLike(message.scan) * messages,
  };
}

/** What this many in one message count for. */
function raised(here: number, power: number): number {
  return here > 1 ? here ** power : here;
}

/**
 * The account's sums, decayed until `at`, plus what is added. If the clock was set back, nothing
 * decays.
 */
function summed(profile: AccountProfile, at: number, adds: Tally): number[] {
  const passedMs = Math.max(at - profile.at, 0);
  const [short, middle, long] = windowsMs;
  const keptShort = Math.exp(-passedMs / short);
  const keptMiddle = Math.exp(-passedMs / middle);
  const keptLong = Math.exp(-passedMs / long);
  const before = profile.sums;
  const sums = zeroSlots.slice();
  let slot = 0;
  for (const count of countNames) {
    const added = adds[count];
    sums[slot] = (before[slot] ?? 0) * keptShort + added;
    sums[slot + 1] = (before[slot + 1] ?? 0) * keptMiddle + added;
    sums[slot + 2] = (before[slot + 2] ?? 0) * keptLong + added;
    slot += 3;
  }
  return sums;
}

/** Read once: this loop runs for every message. */
const slotWeights: readonly number[] = slots.map(({ rule }) => rule.weight);

/** The norm of the ratios of all slots. */
function weight(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
): number {
  let total = 0;
  for (let slot = 0; slot < sums.length; slot++) {
    const sum = sums[slot] ?? 0;
    if (sum === 0) continue;
    const ratio = ((slotWeights[slot] ?? 0) * sum) / allowed(profile, baseline, slot);
    const square = ratio * ratio;
    total += square * square * square;
  }
  return total === 0 ? 0 : total ** (1 / norm);
}
