/**
 * The guard: one message of one account, judged and counted. The live doors, `postern replay` and
 * the tests all come through here.
 */
import { dayMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { isHeldByRule, scriptReasons } from '../scripts/hold.ts';
import type { ServerBaseline } from './baseline.ts';
import { type Judgement, judge, type People } from './judge.ts';
import { settle } from './learn.ts';
import type { AccountFlags, Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';
import { type BookChange, record } from './record.ts';

/** What the guard knows besides the account itself. */
export type GuardContext = {
  readonly norms: ServerBaseline;
  readonly people: People;
  readonly policy: Policy;
};

/**
 * Judges the message and counts it in `past`, unless its script's own rule holds it. What changed
 * in the account's book must reach the ledger.
 */
export function submit(
  past: AccountProfile,
  message: Submission,
  around: GuardContext,
  standing: AccountFlags,
): { readonly judgement: Judgement; readonly book: BookChange } {
  if (past.state !== 'suspended' && isHeldByRule(message.scriptFinding)) {
    return { judgement: heldByRule(past, message), book: { learned: [], forgotten: [] } };
  }
  const judgement = preview(past, message, around, standing);
  return { judgement, book: record(past, message, judgement, around.people.seed) };
}

function heldByRule(past: AccountProfile, message: Submission): Judgement {
  const { evidence, state, sums } = past;
  const reasons = scriptReasons(message.scriptFinding);
  return { verdict: 'hold', state, evidence, reasons, sums, fresh: [] };
}

/** Judges without counting: for the policy door, whose message may still be aborted. */
export function preview(
  past: AccountProfile,
  message: Submission,
  around: GuardContext,
  standing: AccountFlags,
): Judgement {
  settle(past, around.norms, Math.floor(message.at / dayMs));
  return judge(past, around.norms, message, around.people, around.policy, standing);
}
