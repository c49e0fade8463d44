/**
 * The judgement: is this message like this account? It changes nothing.
 *
 * The evidence is the norm of the ratios of all slots, multiplied by the risk factors (hour,
 * network, identity), plus what is a sign alone (many networks at once, a guessed login).
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, minuteMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { type CountName, countNames, type Reason } from '../reason.ts';
import { scriptReasons } from '../scripts/hold.ts';
import type { AccountState, VerdictKind } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { overCeiling } from './ceiling.ts';
import { contentBoost, contentReasons, contentStop, spamLike } from './content.ts';
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
  knownHereWeight,
  lagDays,
  lately,
  localWeight,
  norm,
  rules,
  slots,
  suspendAt,
  watchAt,
  weakPassword,
  windowsMs,
} from './signals.ts';

/** What the whole server knows of recipients. */
export type People = {
  /** Seed of the recipient hashes. */
  readonly seed: number;
  /** The minute of the first mail from here to this recipient (hash); undefined without one. */
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
  const weak = flags.weakPassword !== '';
  const factors = riskFactors(profile, message, { seed: people.seed, weak });
  const boost = Math.min(boostMax, factors.boost * contentBoost(message.scan));
  const { adds, fresh } = tally(profile, message, people, factors.elsewhere);
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

  if (profile.state === 'suspended')
    return found('refuse', 'suspended', [suspendedReason(profile, message.at)]);
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
    const ceiling = overCeiling(profile, message, policy, flags, evidence);
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

/** What the message adds, and the hashes of recipients that are new to the account. */
function tally(
  profile: AccountProfile,
  message: Submission,
  people: People,
  elsewhere: boolean,
): { readonly adds: Tally; readonly fresh: readonly number[] } {
  const { outside, local, fingerprint } = message;
  const ripe = (message.at - lagDays * dayMs) / minuteMs;
  const fresh: number[] = [];
  let strangers = 0;
  let newcomers = 0;
  for (const recipient of outside) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    newcomers++;
    const minute = people.knownHere(hash);
    strangers += minute === undefined ? 1 : minute > ripe ? lately : knownHereWeight;
  }
  for (const recipient of local) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    newcomers += localWeight;
  }
  const messages = outside.length > 0 ? 1 : localWeight;
  const copied = fingerprint !== undefined && profile.fingerprints.includes(fingerprint);
  const adds: Tally = {
    strangers: raised(strangers, rules.strangers.power),
    'new-recipients': raised(newcomers, rules['new-recipients'].power),
    recipients: outside.length + localWeight * local.length,
    messages,
    'failed-recipients': 0,
    'same-body': copied ? 1 : 0,
    elsewhere: elsewhere ? raised(outside.length, rules.elsewhere.power) : 0,
    'spam-like': spamLike(message.scan) * messages,
  };
  return { adds, fresh };
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
