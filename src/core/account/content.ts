/**
 * What scanners found in a message. A score is evidence: it counts with all that is usual for the
 * account, and makes strangers weigh more. Only beyond the operator's own limit, or with a virus in
 * it, a message is held for itself.
 */

import type { RuleHit } from '../../formats/scan/rule.ts';
import { hundredths } from '../../lib/round.ts';
import { type Scan, scannerTitles } from '../scan/report.ts';
import type { Reason } from '../verdict.ts';
import type { Policy } from './policy.ts';
import { boosts, spamLikeMin, spamLikeMost } from './signals.ts';

/** Rules named in a sentence. */
const namedMax = 4;

/** What a message counts for as one that looks like spam; 0: it does not. */
export function spamLike(scan: Scan | undefined): number {
  if (scan === undefined || scan.likeness < spamLikeMin) return 0;
  return Math.min(scan.likeness, spamLikeMost);
}

/** Multiplies the evidence. */
export function contentBoost(scan: Scan | undefined): number {
  return scan !== undefined && scan.likeness >= 1 ? boosts.content : 1;
}

/** What holds or delays a message for itself. */
export function contentStop(
  scan: Scan | undefined,
  policy: Policy,
): { readonly verdict: 'delay' | 'hold'; readonly reason: Reason } | undefined {
  if (scan === undefined) return undefined;
  if (scan.virus !== '') {
    const text = `it carries what ClamAV knows as ${scan.virus}`;
    return { verdict: 'hold', reason: { signal: 'virus', text, saw: 1, usual: 0, weight: 1 } };
  }
  const limit = policy.scanHoldScore;
  if (limit > 0 && scan.score >= limit) {
    const text = `${scored(scan)}; from ${limit} on mail is held`;
    const reason = { signal: 'spam-score', text, saw: scan.score, usual: limit, weight: 1 };
    return { verdict: 'hold', reason };
  }
  if (policy.unscanned === 'pass' || scan.missing.length === 0) return undefined;
  const who = scan.missing.map((name) => scannerTitles[name]).join(' and ');
  const text = `${who} said nothing about it in time, and mail waits for that (scan.when_down)`;
  return { verdict: 'delay', reason: { signal: 'unscanned', text, saw: 0, usual: 0, weight: 1 } };
}

/** Why the evidence is multiplied; undefined: it is not. */
export function contentReason(scan: Scan | undefined): Reason | undefined {
  const weight = hundredths(contentBoost(scan) - 1);
  if (scan === undefined || weight === 0) return undefined;
  return { signal: 'content', text: scored(scan), saw: scan.score, usual: scan.required, weight };
}

function scored(scan: Scan): string {
  const who = scan.by === '' ? 'a scanner' : scannerTitles[scan.by];
  const names = named(scan.rules);
  const why = names === '' ? '' : ` (${names})`;
  return `${who} gives it ${points(scan.score)} points where ${points(scan.required)} are spam${why}`;
}

/** The rules with most points. */
function named(rules: readonly RuleHit[]): string {
  const telling = rules.filter((rule) => rule.points > 0).slice(0, namedMax);
  return telling.map(({ name }) => name).join(', ');
}

const points = (value: number): string => String(Math.round(value * 10) / 10);

/** Reasons for which a held message is let go by a person only: what is in it does not fade. */
export const contentSignals: ReadonlySet<string> = new Set(['virus', 'spam-score']);
