/**
 * The judgement: is this message like this account? It changes nothing.
 *
 * The evidence is the norm of the ratios of all slots, multiplied by the risk factors (hour,
 * network, identity), plus what is a sign alone (many networks at once, a guessed login).
 */

import { minuteMs } from '../../lib/time.ts';
import { kindsOfReasons } from '../brake/kinds.ts';
import type { EvidenceKind } from '../brake/stop.ts';
import { type ClientStanding, isTrusted } from '../client/standing.ts';
import type { MessageFacts, Submission } from '../event.ts';
import { withoutExpected } from '../mailings/expected.ts';
import type { CountName, Reason } from '../reason.ts';
import { looksLikeSpam } from '../scan/likeness.ts';
import { scriptReasons } from '../scripts/hold.ts';
import type { AccountState, VerdictKind } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { overCeiling } from './ceiling.ts';
import { contentBoost, contentReasons, contentStop, spamLike } from './content.ts';
import { countRecipients, type People, type RecipientCounts } from './count-recipients.ts';
import {
  authorReasons,
  riskFactorReasons,
  slotReasons,
  suspendedReason,
  type Weighing,
  weakPasswordReasons,
} from './find-reasons.ts';
import type { AccountFlags, Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';
import {
  agreeingKinds,
  providersThatRefuse,
  type RiskFactors,
  riskFactors,
  secondKinds,
} from './risk-factors.ts';
import { boostMax, holdAt, suspendAt, watchAt, weakPassword } from './signals.ts';
import {
  addsNothing,
  hasNewLink,
  isKnownBody,
  mayBeList,
  plainly,
  summed,
  tally,
  type Weights,
  weigh,
  weighingOf,
} from './weigh.ts';

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
  /** What record() keeps besides. */
  readonly notes: JudgementNotes;
  /**
   * The kinds of evidence that are strong without the others; absent unless the guard's evidence
   * stops the message. `far`: the numbers alone are as high as at a suspension.
   */
  readonly kinds?: readonly EvidenceKind[];
  readonly far?: boolean;
  /** It was judged under the brake (core/brake): the day teaches nothing. */
  readonly braked?: true;
};

export type JudgementNotes = {
  readonly client: ClientStanding;
  /** Hashes of domains, as countRecipients has them. */
  readonly invited: readonly number[];
  /** Recipients outside that are new to the account and have not written to it. */
  readonly strangers: number;
  /** A text that was sent before, to somebody else. */
  readonly isCopy: boolean;
  /** Hash of the first recipient, if the account has not written to them lately; else 0. */
  readonly reached: number;
};

/** A message with the numbers of its recipients instead of a list. */
export type CountedMessage = {
  readonly message: MessageFacts;
  readonly counts: RecipientCounts;
  /** As of countRecipients. */
  readonly fresh: readonly number[];
  readonly invited: readonly number[];
  readonly first: number;
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
  return judgeCounted(profile, baseline, { message, ...counted }, people, policy, flags);
}

/** Judges a message whose recipients were counted before: only their numbers are looked at. */
export function judgeCounted(
  profile: AccountProfile,
  baseline: ServerBaseline,
  counted: CountedMessage,
  people: Pick<People, 'isKnownLink' | 'seed'>,
  policy: Policy,
  flags: AccountFlags,
): Judgement {
  const { message, fresh } = counted;
  const weighed = weighMessage(profile, baseline, counted, {
    people,
    seed: people.seed,
    weak: flags.weakPassword !== '',
    expected: flags.expected,
    isOwnHost: policy.isOwnHost,
  });
  const { evidence, notes, sums, suspends } = weighed;
  const found = (
    verdict: VerdictKind,
    state: AccountState,
    reasons: readonly Reason[],
  ): Judgement => ({ verdict, state, evidence, reasons, sums, fresh, notes });

  const ofKinds = (judged: Judgement): Judgement => {
    const kinds = agreeingKinds(weighed.factors, sums, message.scan, weighed.weights);
    const named = kinds.length > 0 ? kinds : kindsOfReasons(judged.reasons.slice(0, 1));
    return {
      ...judged,
      kinds: named,
      far: weighed.weights.numbers / weighed.weighing.trust >= suspendAt,
    };
  };

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
  if (exempt) return found('pass', 'clear', []);
  const content = contentStop(message.scan, policy);
  const stops = content?.verdict === 'hold' ? !suspends : evidence < suspendAt;
  if (content !== undefined && stops) {
    const state = content.verdict === 'hold' ? 'watched' : profile.state;
    const stopped = found(content.verdict, state, [content.reason]);
    return content.verdict === 'hold' ? ofKinds(stopped) : stopped;
  }
  const here = { at: message.at, recipients: counted.counts.outside };
  const ceiling = overCeiling(profile, here, policy, flags, evidence);
  // A delay must not hide an attack: evidence for a suspension goes first.
  if (ceiling !== undefined && (ceiling.verdict === 'refuse' || evidence < suspendAt))
    return found(ceiling.verdict, profile.state, [
      ceiling.reason,
      ...weakPasswordReasons(flags.weakPassword),
    ]);
  const waits =
    profile.lockedAt > 0 &&
    !weighed.isAnnounced &&
    !isOrdinary(notes.client, weighed.unexpected, message.scan);
  if (evidence < watchAt && !waits) return found('pass', 'clear', []);
  const reasons = [
    ...weighedReasons(profile, baseline, message, weighed),
    ...unruly,
    ...weakPasswordReasons(flags.weakPassword),
  ].sort((a, b) => b.weight - a.weight);
  if (suspends) return ofKinds(found('hold', 'suspended', reasons));
  if (!waits && evidence < holdAt) return found('pass', 'watched', reasons);
  if (!waits) return ofKinds(found('hold', 'watched', reasons));
  const saw = Math.max(0, Math.round((message.at - profile.lockedAt) / minuteMs));
  const weight = Math.max(1, reasons[0]?.weight ?? 1);
  return found('hold', 'watched', [{ signal: 'waiting', saw, usual: 0, weight }, ...reasons]);
}

/** What there is for and against a message, before anything is decided. */
type Weighed = {
  readonly sums: readonly number[];
  readonly notes: JudgementNotes;
  readonly evidence: number;
  readonly suspends: boolean;
  /** All its new recipients were announced by an operator. */
  readonly isAnnounced: boolean;
  /** The recipients without those of an announced mailing. */
  readonly unexpected: RecipientCounts;
  /** The counts of the second kind of evidence. */
  readonly second: readonly CountName[];
  readonly factors: RiskFactors;
  readonly weights: Weights;
  readonly weighing: Weighing;
  readonly boost: number;
};

function weighMessage(
  profile: AccountProfile,
  baseline: ServerBaseline,
  { counts, first, invited, message }: CountedMessage,
  about: Parameters<typeof riskFactors>[2] & {
    readonly people: Pick<People, 'isKnownLink'>;
    readonly expected: number;
  },
): Weighed {
  const { weak } = about;
  const factors = riskFactors(profile, message, about);
  const { client, elsewhere } = factors;
  const boost =
    Math.min(boostMax, factors.boost * contentBoost(message.scan)) *
    (weak ? weakPassword.counts : 1);
  const unexpected = withoutExpected(counts, about.expected);
  const strangers = unexpected.stranger + unexpected.lately + unexpected.knownHere;
  const isAgain = first !== 0 && profile.reached.includes(first);
  const isCopy = !isAgain && isKnownBody(profile, message);
  const isNewLink = isCopy && hasNewLink(message, client, about.people);
  const isAnnounced = about.expected > 0 && strangers === 0 && client.standing !== 'odd';
  const isList = isAnnounced || mayBeList(profile, message, client);
  const adds = tally(
    message,
    { counts, unexpected },
    { elsewhere, client, isCopy, isNewLink, isAgain, isList },
  );
  const sums = summed(profile, message.at, adds);
  const weighing = weighingOf(profile, message.at, client, { weak, isList, strangers });
  const weights = weigh(profile, baseline, sums, weighing);
  const isSpamToStrangers =
    message.scan !== undefined &&
    strangers > 0 &&
    client.standing !== 'unknown' &&
    !isTrusted(client.standing) &&
    looksLikeSpam(message.scan);
  const whole = weights.all * boost + factors.alone;
  const second = secondKinds(factors, sums, {
    ...weights,
    refusers: providersThatRefuse(profile, message.at),
    numbers: weights.numbers * boost,
  });
  return {
    sums,
    notes: { client, invited, isCopy, strangers, reached: isAgain ? 0 : first },
    evidence: isSpamToStrangers ? Math.max(whole, holdAt) : whole,
    suspends: weights.sent * boost + factors.alone >= suspendAt && second !== undefined,
    second: second ?? [],
    isAnnounced,
    unexpected,
    factors,
    weights,
    weighing,
    boost,
  };
}

function weighedReasons(
  profile: AccountProfile,
  baseline: ServerBaseline,
  message: MessageFacts,
  { boost, factors, second, sums, weighing }: Weighed,
): readonly Reason[] {
  return [
    ...slotReasons(profile, baseline, sums, { boost, weighing, always: second }),
    ...riskFactorReasons(factors),
    ...contentReasons(message.scan),
  ];
}

/** Mail to people the account knows, from its own client: it goes on while other mail waits. */
function isOrdinary(
  { standing }: ClientStanding,
  { outside, invited, knownHere, lately, newLocal, stranger }: RecipientCounts,
  scan: Submission['scan'],
): boolean {
  if (!isTrusted(standing)) return false;
  return (
    outside >= 0 && stranger + lately + knownHere + newLocal + invited === 0 && spamLike(scan) === 0
  );
}

/** How strong the evidence is now, without a message: what the operator is shown. */
export function evidenceNow(
  profile: AccountProfile,
  baseline: ServerBaseline,
  at: Submission['at'],
  weakFinding = '',
): { readonly evidence: number; readonly reasons: readonly Reason[] } {
  const sums = summed(profile, at, addsNothing);
  const factor = weakFinding === '' ? 1 : weakPassword.counts;
  const evidence = weigh(profile, baseline, sums, plainly).all * factor;
  const reasons = [
    ...slotReasons(profile, baseline, sums, { boost: factor, weighing: plainly, always: [] }),
    ...weakPasswordReasons(weakFinding),
  ];
  return { evidence, reasons };
}
