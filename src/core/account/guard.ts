/**
 * The guard judges one message of one account, and counts it. The live doors, `postern replay` and
 * the tests all use these functions.
 */
import { dayMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { isHeldByRule, scriptReasons } from '../scripts/hold.ts';
import type { ServerBaseline } from './baseline.ts';
import type { People } from './count-recipients.ts';
import { type CountedMessage, type Judgement, judge, judgeCounted } from './judge.ts';
import { settle, vouch } from './learn.ts';
import { type AccountFlags, noCeilings, type Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';
import { type BookChange, record } from './record.ts';

/** What the guard knows besides the account itself. */
export type GuardContext = {
  readonly baseline: ServerBaseline;
  readonly people: People;
  readonly policy: Policy;
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
): { readonly judgement: Judgement; readonly book: BookChange } {
  if (profile.state !== 'suspended' && isHeldByRule(message.scriptFinding)) {
    return { judgement: heldByRule(profile, message), book: { learned: [], forgotten: [] } };
  }
  const { baseline, people, policy } = context;
  settle(profile, baseline, Math.floor(message.at / dayMs));
  const judgement = judge(profile, baseline, message, people, policy, flags);
  return { judgement, book: record(profile, message, judgement, people.seed) };
}

/**
 * Judges and counts a message that has passed as its own account's, in the profile of the sum that
 * it adds to. A sum holds mail and is never suspended; while it may not hold, what it has counts as
 * normal for it. It teaches nothing about other
 * accounts, and no ceiling of an account applies to it.
 */
export function submitToSum(
  sum: AccountProfile,
  message: Submission,
  context: GuardContext,
  flags: AccountFlags,
  mayHold: boolean,
): { readonly judgement: Judgement; readonly book: BookChange } {
  const { people, policy } = context;
  const { baseline: shared } = context;
  const baseline = {
    ...shared,
    histogram: shared.histogram.slice(),
    floors: shared.floors.slice(),
  };
  settle(sum, baseline, Math.floor(message.at / dayMs));
  const { unscanned, scanHoldScore } = policy;
  const rules = { ...noCeilings, unscanned, scanHoldScore };
  const judged = judge(sum, shared, message, people, rules, flags);
  const verdict = judged.verdict !== 'pass' && mayHold ? 'hold' : 'pass';
  const state = judged.state === 'suspended' ? 'watched' : judged.state;
  const judgement: Judgement = { ...judged, verdict, state };
  const book = record(sum, message, judgement, people.seed);
  if (!mayHold) vouch(sum);
  return { judgement, book };
}

function heldByRule(profile: AccountProfile, message: Submission): Judgement {
  const { evidence, state, sums } = profile;
  const reasons = scriptReasons(message.scriptFinding);
  return { verdict: 'hold', state, evidence, reasons, sums, fresh: [] };
}

/**
 * Judges by the numbers of the recipients, without counting the message in the profile. The policy
 * door needs that: its message may still be aborted.
 */
export function previewCounted(
  profile: AccountProfile,
  counted: Omit<CountedMessage, 'fresh'>,
  context: GuardContext,
  flags: AccountFlags,
): Judgement {
  const { baseline, people, policy } = context;
  settle(profile, baseline, Math.floor(counted.message.at / dayMs));
  return judgeCounted(profile, baseline, { ...counted, fresh: [] }, people.seed, policy, flags);
}
