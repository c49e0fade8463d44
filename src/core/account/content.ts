/**
 * What scanners found in a message. A score is evidence: it counts with all that is usual for the
 * account, and makes strangers weigh more. So is what ClamAV found without calling it a virus. A
 * message is held for its content alone only with a
 * virus, or above the operator's own limit.
 */

import { hundredths } from '../../lib/round.ts';
import type { Reason, ScoreFacts } from '../reason.ts';
import { looksLikeSpam, reachesHoldScore } from '../scan/likeness.ts';
import type { Scan } from '../scan/report.ts';
import type { Policy } from './policy.ts';
import { boosts, spamLikeMin, spamLikeMost } from './signals.ts';

/** Rules that a reason names. */
const namedMax = 4;

/** How many spam-like messages this one counts for: 0 if it does not look like spam. */
export function spamLike(scan: Scan | undefined): number {
  if (scan === undefined) return 0;
  const likeness = Math.max(scan.likeness, looksLikeSpam(scan) ? 1 : 0);
  return likeness < spamLikeMin ? 0 : Math.min(likeness, spamLikeMost);
}

/** What the message's content multiplies the evidence by. */
export function contentBoost(scan: Scan | undefined): number {
  return scan !== undefined && looksLikeSpam(scan) ? boosts.content : 1;
}

/** What holds or delays a message for its content alone; undefined if nothing does. */
export function contentStop(
  scan: Scan | undefined,
  policy: Policy,
): { readonly verdict: 'delay' | 'hold'; readonly reason: Reason } | undefined {
  if (scan === undefined) return undefined;
  const { virus, score: saw, missing } = scan;
  if (virus !== '') {
    return { verdict: 'hold', reason: { signal: 'virus', saw: 1, usual: 0, weight: 1, virus } };
  }
  const usual = policy.scanHoldScore;
  if (reachesHoldScore(scan, usual)) {
    const facts = scoreFacts(scan);
    const reason: Reason = { signal: 'spam-score', saw, usual, weight: 1, ...facts };
    return { verdict: 'hold', reason };
  }
  if (policy.unscanned === 'pass' || missing.length === 0) return undefined;
  const reason: Reason = { signal: 'unscanned', saw: 0, usual: 0, weight: 1, missing };
  return { verdict: 'delay', reason };
}

/** Why the evidence is multiplied; empty if it is not. */
export function contentReasons(scan: Scan | undefined): readonly Reason[] {
  const weight = hundredths(contentBoost(scan) - 1);
  if (scan === undefined || weight === 0) return [];
  const { likeness, score: saw, required: usual, suspected } = scan;
  if (likeness < 1) {
    const found = { scanner: 'clamav', required: 0, rules: [suspected] } as const;
    return [{ signal: 'content', saw: 1, usual: 0, weight, ...found }];
  }
  return [{ signal: 'content', saw, usual, weight, ...scoreFacts(scan) }];
}

function scoreFacts({ by, required, action, rules }: Scan): ScoreFacts {
  const positive = rules.filter((rule) => rule.points > 0).slice(0, namedMax);
  return {
    scanner: by === '' ? undefined : by,
    required,
    ...(action?.isSpam === true ? { action: action.name } : {}),
    rules: positive.map(({ name }) => name),
  };
}

/**
 * Signals of mail that only an operator releases: what is in a message does not fade as evidence
 * does.
 */
export const contentSignals: ReadonlySet<string> = new Set(['virus', 'spam-score']);
