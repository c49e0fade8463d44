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
  authorReasons,
  riskFactorReasons,
  slotReasons,
  suspendedReason,
  weakPasswordReasons,
} from './find-reasons.ts';
import { usual } from './learn.ts';
import type { AccountFlags, Policy } from './policy.ts';
import { type AccountProfile, zeroSlots } from './profile.ts';
import { providersThatRefuse, riskFactors, secondKinds } from './risk-factors.ts';
import {
  boostMax,
  holdAt,
  isReply,
  localWeight,
  norm,
  rules,
  slots,
  slotsOf,
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
  const factors = riskFactors(profile, message, { seed, weak, isOwnHost: policy.isOwnHost });
  const boost = Math.min(boostMax, factors.boost * contentBoost(message.scan));
  const adds = tally(profile, message, counts, factors.elsewhere);
  const sums = summed(profile, message.at, adds);
  const factor = weak ? weakPassword.counts : 1;
  const weights = weigh(profile, baseline, sums);
  const evidence = weights.all * factor * boost + factors.alone;
  const numbers = weights.sent * factor * boost + factors.alone;
  const second = secondKinds(factors, sums, {
    ...weights,
    refusers: providersThatRefuse(profile, message.at),
  });
  const suspends = numbers >= suspendAt && second !== undefined;
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
    const why = suspendedReason(profile, message.at);
    if (refused) return found('refuse', 'suspended', [why]);
    // It comes first: a false alarm does not release a virus.
    const content = contentStop(message.scan, policy);
    const reasons = content?.verdict === 'hold' ? [content.reason, why] : [why];
    return found('hold', 'suspended', reasons);
  }
  const exempt = flags.exemptUntil > message.at;
  // An exemption is from what is usual. The register's rules hold all the same.
  const unruly = [...scriptReasons(message.scriptFinding), ...authorReasons(message.authors)];
  if (unruly.length > 0 && (exempt || !suspends))
    return found('hold', exempt || evidence < watchAt ? 'clear' : 'watched', unruly);
  if (!exempt) {
    const content = contentStop(message.scan, policy);
    const stops = content?.verdict === 'hold' ? !suspends : evidence < suspendAt;
    if (content !== undefined && stops) {
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
    ...slotReasons(profile, baseline, sums, boost * factor, second),
    ...unruly,
    ...riskFactorReasons(factors),
    ...contentReasons(message.scan),
    ...weakPasswordReasons(flags.weakPassword),
  ].sort((a, b) => b.weight - a.weight);
  if (suspends) return found('hold', 'suspended', reasons);
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
  const evidence = weigh(profile, baseline, sums).all * factor;
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
  'new-local': 0,
  'provider-replies': 0,
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
    'new-local': raised(counts.newLocal, rules['new-local'].power),
    'provider-replies': 0,
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

const [firstSpam = 0, , lastSpam = 0] = slotsOf['spam-like'];
const [firstRefused = 0] = slotsOf['provider-replies'];

/** The norm of the ratios of all slots, and what the second kind of evidence needs of them. */
type Weights = {
  readonly all: number;
  /** Without the replies to what was sent: strangers cause those too. */
  readonly sent: number;
  /** The highest ratio of unknown users, of refusals, and of messages that look like spam. */
  readonly dead: number;
  readonly refused: number;
  readonly spam: number;
};

function weigh(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
): Weights {
  let sent = 0;
  let replies = 0;
  let dead = 0;
  let refused = 0;
  let spam = 0;
  for (let slot = 0; slot < sums.length; slot++) {
    const sum = sums[slot] ?? 0;
    if (sum === 0) continue;
    const ratio = ((slotWeights[slot] ?? 0) * sum) / usual(profile, baseline, sums, slot);
    const square = ratio * ratio;
    const power = square * square * square;
    if (isReply(slot)) {
      replies += power;
      if (slot < firstRefused) dead = Math.max(dead, ratio);
      else refused = Math.max(refused, ratio);
    } else {
      sent += power;
      if (slot >= firstSpam && slot <= lastSpam) spam = Math.max(spam, ratio);
    }
  }
  const all = sent + replies;
  if (all === 0) return noWeights;
  return { all: all ** (1 / norm), sent: sent ** (1 / norm), dead, refused, spam };
}

const noWeights: Weights = { all: 0, sent: 0, dead: 0, refused: 0, spam: 0 };
