/** Judges a message at the end of DATA, and once more when it has waited. Pure. */
import { addressKey, domainOf } from '../../../formats/message/address.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { ContactFacts, DueFacts, InboundFacts } from './facts.ts';
import type { DueJudgement, InboundAction, InboundJudgement, JudgePolicy } from './judgement.ts';
import type { InboundKnowledge } from './knowledge.ts';
import { passReasons, tiesOf, toleranceOf } from './passes.ts';
import { remember, senderNames, senderStanding } from './standing.ts';
import { besideContent, suspicionPoints, suspicionsOf } from './suspicion.ts';

/** Points of the content filter's limit. */
const limitPoints = 10;
/** Points from which on a message waits or is put off. */
const waitAt = 6;
/** Without a content filter, from these points on. */
const waitWithoutContentAt = 4;
/** Below this likeness the content filter likes a message. */
const likedBelow = 0.9;

/** A message, or at RCPT what is known until then. */
export function judgeMessage(
  facts: ContactFacts & Partial<InboundFacts>,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): InboundJudgement {
  const names = senderNames(facts, policy.organisationOf);
  const standing = senderStanding(names, knowledge, facts.at);
  const ties = tiesOf(facts, names, knowledge);
  const suspicions = suspicionsOf(facts, names, standing, ties.answersUs, policy);
  const passes = passReasons(facts, names, standing, ties);
  const { likeness } = facts;
  const content = Math.max(0, (likeness ?? 0) * limitPoints);
  const points = content + suspicionPoints(suspicions);
  const spam = content + besideContent(suspicions) - toleranceOf(names, standing, ties);
  const isSuspicious = points >= (likeness === undefined ? waitWithoutContentAt : waitAt);
  let would: InboundAction = 'pass';
  let waitMs = 0;
  if (likeness !== undefined && spam >= limitPoints) would = 'junk';
  else if (passes.length === 0 && isSuspicious) {
    waitMs = policy.stance === 'defer' ? graded(points) : policy.waitMs;
    if (waitMs > 0) would = policy.stance === 'defer' ? 'defer' : 'wait';
  }
  const action = policy.stance === 'observe' ? 'pass' : would;
  return { action, would, waitMs, points, suspicions, passes };
}

/** How long mail is put off: what is only a little suspicious may come back soon. */
function graded(points: number): number {
  if (points < 6) return minuteMs;
  return points < 9 ? 5 * minuteMs : 15 * minuteMs;
}

/** A message that has waited: `facts` are those of the end of DATA. */
export function judgeDue(
  facts: InboundFacts,
  due: DueFacts,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): DueJudgement {
  const dnsbl = due.dnsbl ?? facts.dnsbl;
  const likeness = due.likeness ?? facts.likeness;
  const { would, points, suspicions } = judgeMessage(
    { ...facts, at: due.at, dnsbl, likeness },
    knowledge,
    policy,
  );
  // Without a content filter only what has come to light since can keep a message here.
  const isNews = likeness === undefined && dnsbl === true && facts.dnsbl !== true;
  if (would !== 'junk' && !isNews) {
    return { action: 'release', why: 'nothing more speaks against it' };
  }
  const texts = suspicions.map(({ text }) => text).join('; ');
  return { action: 'quarantine', why: `${points.toFixed(1)} points: ${texts}` };
}

/**
 * Remembers what the content filter says of a message for the sender's next mail. Its sender is not
 * asked for, so that no sender makes itself worse by what is known of it.
 */
export function rememberMessage(
  facts: InboundFacts,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): void {
  const { likeness, at } = facts;
  if (likeness === undefined) return;
  const names = senderNames(facts, policy.organisationOf);
  if (likeness >= 1) remember(names, 'spam', knowledge, at);
  else if (likeness < likedBelow) remember(names, 'liked', knowledge, at);
}

/** Someone here has written to `recipient`. */
export function rememberSent(
  recipient: string,
  messageId: string,
  knowledge: InboundKnowledge,
  at: Millis,
  organisationOf: JudgePolicy['organisationOf'],
): void {
  const key = addressKey(recipient);
  const domain = domainOf(key);
  knowledge.see('written-to', key, at);
  if (domain !== '') knowledge.see('written-to', `@${organisationOf(domain) ?? domain}`, at);
  if (messageId !== '') knowledge.see('message-id', messageId, at);
}
