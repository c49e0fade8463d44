/** Judges a message at the end of DATA, and once more when it has waited. Pure. */
import type { DueFacts, InboundFacts } from './facts.ts';
import type {
  DueJudgement,
  InboundAction,
  InboundJudgement,
  JudgePolicy,
  Suspicion,
} from './judgement.ts';
import type { InboundKnowledge } from './knowledge.ts';
import { passReasons, tiesOf, toleranceOf } from './passes.ts';
import { remember, senderNames, senderStanding } from './standing.ts';
import { behaviours, suspicionsOf } from './suspicion.ts';

/** Points at which a message is spam: those of the content filter's own limit. */
const spamAt = 10;
/** What the sender alone can add to these: at least half must come from the content. */
const senderMax = 5;
/** And what the looks of the sender can add, without anything that it did. */
const looksMax = 2;
/** Points from which on a message waits. */
const waitAt = 6;
/** Below this likeness, the content filter likes a message. */
const likedBelow = 0.9;

export function judgeMessage(
  facts: InboundFacts,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): InboundJudgement {
  const names = senderNames(facts, policy.organisationOf);
  const standing = senderStanding(names, knowledge, facts.at);
  const ties = tiesOf(facts, names, knowledge);
  const suspected = suspicionsOf(facts, names, standing, ties.answersUs, policy);
  const suspicions = suspected.flatMap((one) => beyondFilter(one, facts));
  const passes = passReasons(facts, names, standing, ties);
  const content = Math.max(0, (facts.likeness ?? 0) * spamAt);
  const points = content + sum(suspicions);
  const does = sum(suspicions.filter(({ name }) => behaviours.has(name)));
  const looks = sum(suspicions.filter(({ name }) => !behaviours.has(name)));
  const bySender = Math.min(does + Math.min(looks, looksMax), senderMax);
  const spam = content + bySender - toleranceOf(names, standing, ties);
  const waits = policy.stance === 'defer' ? 'defer' : 'wait';
  // How long mail is put off follows from its points, not from the time that mail waits here.
  const mayDelay = waits === 'defer' || policy.waitMs > 0;
  const isHeldUp = passes.length === 0 && points >= waitAt && mayDelay;
  const isSpam = facts.likeness !== undefined && spam >= spamAt;
  const would: InboundAction = isSpam ? 'junk' : isHeldUp ? waits : 'pass';
  return {
    action: policy.stance === 'observe' ? 'pass' : would,
    would,
    waitMs: would === 'wait' ? policy.waitMs : 0,
    points,
    suspicions,
    passes,
  };
}

/** What the filter says of the content alone is remembered for the sender's next mail. */
export function rememberMessage(
  facts: InboundFacts,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): void {
  const { at, likeness } = facts;
  if (likeness === undefined) return;
  const names = senderNames(facts, policy.organisationOf);
  if (likeness >= 1) remember(names, 'spam', knowledge, at);
  else if (likeness < likedBelow) remember(names, 'liked', knowledge, at);
}

/** `facts`: those of the first judgement. */
export function judgeDue(
  facts: InboundFacts,
  due: DueFacts,
  knowledge: InboundKnowledge,
  policy: JudgePolicy,
): DueJudgement {
  const dnsbl = due.dnsbl ?? facts.dnsbl;
  const likeness = due.likeness ?? facts.likeness;
  const counted = due.counted ?? facts.counted ?? {};
  const now = { ...facts, at: due.at, dnsbl, likeness, counted };
  const { would, suspicions } = judgeMessage(now, knowledge, policy);
  // Without a content filter, only what came to light since can keep a message.
  const isNews = likeness === undefined && dnsbl === true && facts.dnsbl !== true;
  if (would !== 'junk' && !isNews) {
    return { action: 'release', why: 'nothing more speaks against it' };
  }
  // The content alone may be enough.
  const against = suspicions.map(({ text }) => text).join('; ');
  const why = `after it had waited, it counts as spam${against === '' ? '' : `: ${against}`}`;
  return { action: 'quarantine', why };
}

/** A fact counts once: with the points of the filter, or with ours if they are more. */
function beyondFilter(one: Suspicion, { counted = {} }: InboundFacts): readonly Suspicion[] {
  const points = one.points - (counted[one.name] ?? 0);
  if (points === one.points) return [one];
  return points > 0 ? [{ ...one, points: Math.round(points * 10) / 10 }] : [];
}

function sum(suspicions: readonly Suspicion[]): number {
  return suspicions.reduce((all, { points }) => all + points, 0);
}
