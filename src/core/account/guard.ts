/**
 * The guard judges one message of one account, and counts it. The live doors, `postern replay` and
 * the tests all use these functions.
 */
import { dayMs, hourMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { Brake } from '../brake/brake.ts';
import { kindOfSignal } from '../brake/kinds.ts';
import { stopFacts } from '../brake/stop.ts';
import { networkOf } from '../client/network.ts';
import { clientStanding } from '../client/standing.ts';
import type { MessageFacts, Submission } from '../event.ts';
import { secondAccount, sumHolds } from '../scripts/adding-up.ts';
import { isHeldByRule, scriptReasons } from '../scripts/hold.ts';
import { isService } from '../scripts/submitter.ts';
import { type HeldSum, hasRoomFor, isHeldFull, isPutOff } from '../verdict.ts';
import type { ServerBaseline } from './baseline.ts';
import { spamLike } from './content.ts';
import type { People } from './count-recipients.ts';
import { type CountedMessage, type Judgement, judge, judgeCounted } from './judge.ts';
import { settle, vouch } from './learn.ts';
import { type AccountFlags, noCeilings, type Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';
import { type BookChange, nothingNew, record } from './record.ts';
import { slots } from './signals.ts';
import { sumTellings, type Telling, tellings } from './telling.ts';

/** What the guard knows besides the account itself. */
export type GuardContext = {
  readonly baseline: ServerBaseline;
  readonly people: People;
  readonly policy: Policy;
  /** Absent in a drill. */
  readonly brake?: Brake;
};

/**
 * Judges the message and counts it in `profile`, unless its script's own rule holds it. The caller
 * writes the change of the account's book to the ledger.
 */
export function submit(
  profile: AccountProfile,
  message: Submission,
  context: GuardContext,
  flags: AccountFlags,
): {
  readonly judgement: Judgement;
  readonly book: BookChange;
  readonly told: readonly Telling[];
} {
  if (profile.state !== 'suspended' && isHeldByRule(message.scriptFinding)) {
    const judgement = withinHeldMax(heldByRule(profile, message), message, context.policy, flags);
    return { judgement, book: nothingNew, told: [] };
  }
  const { baseline, people, policy } = context;
  const { seed } = people;
  const { isOwnHost } = policy;
  settle(profile, baseline, Math.floor(message.at / dayMs));
  forgive(profile, context);
  const judged = judge(profile, baseline, message, people, policy, flags);
  const braked = underBrake(judged, profile, message, context);
  const judgement = withinHeldMax(braked, message, policy, flags);
  const suspends = judgement.state === 'suspended' && profile.state !== 'suspended';
  if (flags.again && isPutOff(judgement) && !suspends)
    return { judgement, book: nothingNew, told: [] };
  const told = tellings(profile, message, judgement, flags.exemptUntil > message.at);
  return { judgement, book: record(profile, message, judgement, { isOwnHost, seed }), told };
}

/** A message as its sum has it; `before` is the state of the sum until then. */
type SummedMessage = {
  readonly message: Submission;
  readonly profile: AccountProfile;
  readonly before: AccountProfile['state'];
  readonly held: AccountFlags['held'];
  readonly judgement: Judgement;
  readonly book: BookChange;
  readonly told: readonly Telling[];
};

/**
 * Counts a message that its own account may send in the sum of its user or of new local names
 * (adding-up.ts): the message as the sum's, and how it is judged there. Undefined: there is no sum,
 * or an operator suspended it. An exempt account's mail is not held for its sum.
 */
export function addUp(
  message: Submission,
  own: AccountProfile,
  context: GuardContext,
  of: {
    readonly profile: (account: Account) => AccountProfile;
    readonly flags: (summed: Submission) => AccountFlags;
    readonly isExempt: boolean;
    /** What the message makes due about its own account. */
    readonly told: readonly Telling[];
  },
): SummedMessage | undefined {
  const account = secondAccount(message, own);
  if (account === undefined) return undefined;
  const profile = of.profile(account);
  const before = profile.state;
  if (before === 'suspended') return undefined;
  const mayHold = !of.isExempt && sumHolds(message, own, profile);
  const summed = { ...message, account };
  const flags = of.flags(summed);
  const how = { mayHold, isTold: of.told.some(({ what }) => what === 'reach') };
  const judged = submitToSum(profile, summed, context, flags, how);
  return { message: summed, profile, before, held: flags.held, ...judged };
}

/**
 * Judges and counts a message that has passed as its own account's, in the profile of the sum that
 * it adds to. A sum holds mail and is never suspended; while it may not hold, what it has counts as
 * normal for it. It teaches nothing about other accounts, and no ceiling of an account applies to
 * it but the one of held mail.
 */
function submitToSum(
  sum: AccountProfile,
  message: Submission,
  context: GuardContext,
  flags: AccountFlags,
  { isTold, mayHold }: { readonly mayHold: boolean; readonly isTold: boolean },
): Pick<SummedMessage, 'judgement' | 'book' | 'told'> {
  const { baseline, people, policy } = context;
  settle(sum, baseline, Math.floor(message.at / dayMs), false);
  const { isOwnHost, scanHoldScore, unscanned } = policy;
  const rules = { ...noCeilings, isOwnHost, scanHoldScore, unscanned };
  forgive(sum, context);
  const alone = judge(sum, baseline, message, people, rules, flags);
  const judged = mayHold ? underBrake(alone, sum, message, context) : alone;
  const verdict = judged.verdict !== 'pass' && mayHold ? 'hold' : 'pass';
  const state = judged.state === 'suspended' ? 'watched' : judged.state;
  const judgement = withinHeldMax({ ...judged, verdict, state }, message, policy, flags);
  const isExempt = !mayHold || flags.exemptUntil > message.at;
  const told = sumTellings(sum, message, judgement, { isExempt, isTold });
  if (flags.again && isPutOff(judgement)) return { judgement, book: nothingNew, told };
  const book = record(sum, message, judgement, { isOwnHost, seed: people.seed });
  if (!mayHold) vouch(sum);
  return { judgement, book, told };
}

function heldByRule(profile: AccountProfile, message: Submission): Judgement {
  const { evidence, state, sums } = profile;
  const reasons = scriptReasons(message.scriptFinding);
  const client = clientStanding(profile, message, () => false);
  const notes = { client, invited: [], isCopy: false, strangers: 0, reached: 0 };
  return { verdict: 'hold', state, evidence, reasons, sums, fresh: [], notes };
}

/**
 * Judges by the numbers of the recipients, without counting the message in the profile. The policy
 * door needs that: its message may still be aborted.
 */
export function previewCounted(
  profile: AccountProfile,
  counted: Pick<CountedMessage, 'message' | 'counts'>,
  context: GuardContext,
  flags: AccountFlags,
): Judgement {
  const { baseline, people, policy } = context;
  settle(profile, baseline, Math.floor(counted.message.at / dayMs));
  const whole = { ...counted, fresh: [], invited: [], first: 0 };
  const judged = judgeCounted(profile, baseline, whole, people, policy, flags);
  return context.brake?.isOn === true ? braked(judged, context.brake) : judged;
}

/** Tells the brake of a stop, and then judges under the brake if it is on. */
function underBrake(
  judged: Judgement,
  profile: AccountProfile,
  message: Submission,
  { brake }: GuardContext,
): Judgement {
  if (brake === undefined) return judged;
  const { account, at, client = '', scan } = message;
  brake.sent(at, profile.firstSeen === profile.at ? undefined : profile.at);
  const { fresh, kinds } = judged;
  if (kinds === undefined) return judged;
  const lately = ({ at: repliedAt }: { readonly at: number }): boolean => at - repliedAt < hourMs;
  // All websites share the user of a web server.
  const isShared = message.handed !== undefined && isService(message.handed.submitter.uid);
  const maker = isShared ? undefined : secondAccount(message, profile);
  brake.stopped({
    account,
    ...(maker === undefined ? {} : { maker }),
    at,
    kinds,
    facts: stopFacts(message, networkOf(client)),
    suspends: judged.state === 'suspended',
    isFresh: kinds.some((kind) => {
      if (kind === 'numbers') return fresh.length > 0;
      if (kind === 'content') return spamLike(scan) > 0;
      return kind === 'client' || [...profile.failedDomains, ...profile.refusingSites].some(lately);
    }),
  });
  return brake.isOn ? braked(judged, brake) : judged;
}

/**
 * The judgement while Postern assumes that Postern is wrong: nobody is suspended, and a message is
 * held only if two kinds of evidence agree, or the numbers alone are as high as at a suspension: so
 * what a thief gains by pulling the brake has a bound. A virus is held all the same.
 */
function braked(judged: Judgement, brake: Brake): Judgement {
  const { far = false, kinds, reasons } = judged;
  if (kinds === undefined) return judged;
  const holds = far || kinds.length > 1 || reasons[0]?.signal === 'virus';
  const why = { signal: 'brake', saw: kinds.length, usual: 2, weight: 0 } as const;
  return {
    ...judged,
    verdict: holds ? 'hold' : 'pass',
    state: 'watched',
    braked: true,
    reasons: [...reasons, { ...why, since: brake.since, held: holds }],
  };
}

/** What was counted against the account only for a fault of ours counts no more. */
function forgive(profile: AccountProfile, { brake }: GuardContext): void {
  const kinds = brake?.forgives(profile.at) ?? [];
  if (kinds.length === 0 || profile.state === 'suspended') return;
  for (const [slot, { count }] of slots.entries()) {
    const kind = kindOfSignal(count);
    if (kind !== undefined && kinds.includes(kind)) profile.sums[slot] = 0;
  }
}

/** The judgement as it is; put off if the message would be held and too much is held already. */
function withinHeldMax(
  judgement: Judgement,
  { sizeBytes = 0 }: Pick<MessageFacts, 'sizeBytes'>,
  { heldMax }: Pick<Policy, 'heldMax'>,
  flags: Pick<AccountFlags, 'held'>,
): Judgement {
  if (judgement.verdict !== 'hold') return judgement;
  const held = flags.held();
  if (hasRoomFor(sizeBytes, held, heldMax)) return judgement;
  return {
    ...judgement,
    verdict: 'delay',
    reasons: [heldFullReason(judgement, held, heldMax), ...judgement.reasons],
  };
}

/** What a suspended account is answered before there is a message; `hold`: it may go on. */
export function suspendedMay(
  { hijackedAt }: Pick<AccountProfile, 'hijackedAt'>,
  { heldMax, hijackedMail }: Pick<Policy, 'heldMax' | 'hijackedMail'>,
  held: () => HeldSum,
): 'hold' | 'delay' | 'refuse' {
  if (hijackedAt > 0 && hijackedMail === 'refuse') return 'refuse';
  return isHeldFull(held(), heldMax) ? 'delay' : 'hold';
}

/** It comes first, so it weighs as much as the strongest reason to hold the message. */
function heldFullReason(
  { reasons }: Judgement,
  { messages: saw, bytes }: HeldSum,
  { messages: usual, bytes: bytesMax }: HeldSum,
): Judgement['reasons'][number] {
  const weight = Math.max(1, reasons[0]?.weight ?? 1);
  return { signal: 'held-full', saw, usual, weight, bytes, bytesMax };
}
