/**
 * The guard judges one message of one account, and counts it. The live doors, `postern replay` and
 * the tests all use these functions.
 */
import { dayMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { isHeldByRule, scriptReasons } from '../scripts/hold.ts';
import type { ServerBaseline } from './baseline.ts';
import type { People } from './count-recipients.ts';
import { isPutOff, withinHeldMax } from './held-max.ts';
import { type CountedMessage, type Judgement, judge, judgeCounted } from './judge.ts';
import { settle } from './learn.ts';
import type { AccountFlags, Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';
import { type BookChange, record } from './record.ts';

/** What the guard knows besides the account itself. */
export type GuardContext = {
  readonly baseline: ServerBaseline;
  readonly people: People;
  readonly policy: Policy;
};

const nothingNew: BookChange = { learned: [], forgotten: [] };

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
    const judgement = withinHeldMax(heldByRule(profile, message), message, context.policy, flags);
    return { judgement, book: nothingNew };
  }
  const { baseline, people, policy } = context;
  settle(profile, baseline, Math.floor(message.at / dayMs));
  const judged = judge(profile, baseline, message, people, policy, flags);
  const judgement = withinHeldMax(judged, message, policy, flags);
  if (flags.again && isPutOff(judgement)) return { judgement, book: nothingNew };
  return { judgement, book: record(profile, message, judgement, people.seed) };
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
