/**
 * Whether a scanner calls a message spam, and how near to spam its points are. What the scanner
 * would do with the message counts more than points: where its marking begins may not be in its
 * answer, and Postern does not guess it.
 */
import type { Scan, ScanReport } from './report.ts';

/** Whether the scanner found anything, with the rules that Postern does not count. */
export function callsSpam({ action, required, score, virus }: ScanReport): boolean {
  if (virus !== '') return true;
  return action === undefined ? required > 0 && score >= required : action.isSpam;
}

/** Whether a message counts as spam: by its points, or by a sign that ClamAV found. */
export function looksLikeSpam({ likeness, suspected }: Scan): boolean {
  return likeness >= 1 || suspected !== '';
}

/**
 * Whether the points alone hold a message. Points of a scanner that says that the message is no
 * spam mean something else than those for which the limit was made. 0: they never hold one.
 */
export function reachesHoldScore({ action, score }: Scan, holdScore: number): boolean {
  return holdScore > 0 && score >= holdScore && action?.isSpam !== false;
}

/**
 * How near to spam a message with `counted` points is, which are those of the report without masked
 * rules; from 1 on it is spam. Undefined if the scanner gives no points.
 */
export function likenessOf(report: ScanReport, counted: number): number | undefined {
  const { action, required, score } = report;
  if (action === undefined) return required > 0 ? counted / required : undefined;
  if (!action.isSpam) {
    const limit = required > 0 ? required : action.highest;
    // The limit was reached and the message is no spam, so the limit is not one for spam.
    return limit <= 0 || score >= limit ? 0 : counted / limit;
  }
  // rspamd marked this score, so spam begins there at the latest.
  const latest = action.highest > 0 ? Math.min(score, action.highest) : score;
  const spamFrom = required > 0 ? required : latest;
  const byPoints = spamFrom > 0 ? counted / spamFrom : 1;
  // Masked points change nothing if they did not lead to the action: a rule has forced it.
  const isForced = spamFrom <= 0 || score < spamFrom;
  return isForced || counted >= score ? Math.max(1, byPoints) : byPoints;
}
