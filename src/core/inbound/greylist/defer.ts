/**
 * Mail that is put off with a 451: when it is accepted, and who is never put off again. Pure; one
 * entry for each sender, recipient and network, which lives five days.
 */
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { ContactFacts, InboundFacts } from './facts.ts';
import type { InboundJudgement, JudgePolicy } from './judgement.ts';
import type { Deferral, Deferrals, InboundKnowledge } from './knowledge.ts';
import { remember, senderNames } from './standing.ts';

/** How long a sender may take to come back. */
const deferralLivesMs: number = 5 * dayMs;

/**
 * Whether mail that was judged `defer` must come again. Early tries change nothing. A sender that
 * missed once and came another day is not put off again.
 */
export function mustComeAgain(
  facts: ContactFacts & Partial<InboundFacts>,
  judged: InboundJudgement,
  memory: { readonly deferrals: Deferrals; readonly knowledge: InboundKnowledge },
  policy: JudgePolicy,
): boolean {
  const { deferrals, knowledge } = memory;
  const names = senderNames(facts, policy.organisationOf);
  const sender = names.proved[0] ?? names.network;
  if (knowledge.find('missed', sender) !== undefined) return false;
  let again = false;
  for (const recipient of facts.recipients) {
    const key = `${sender} ${facts.sender} ${recipient}`.toLowerCase();
    const found = deferrals.find(key);
    const before = found !== undefined && isAlive(found, facts.at) ? found : undefined;
    const until = before?.until ?? ((facts.at + judged.waitMs) as Millis);
    const isBack = facts.at >= until;
    if (found !== undefined && facts.at - found.firstAt >= dayMs) {
      knowledge.see('missed', sender, facts.at);
    }
    if (isBack) remember(names, 'liked', knowledge, facts.at);
    else again = true;
    deferrals.put(key, {
      firstAt: before?.firstAt ?? facts.at,
      lastAt: facts.at,
      until,
      tries: (before?.tries ?? 0) + 1,
      returnedAt: isBack ? facts.at : (0 as Millis),
    });
  }
  return again;
}

function isAlive(deferral: Deferral, at: Millis): boolean {
  return at - deferral.lastAt < deferralLivesMs;
}
