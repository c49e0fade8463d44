/**
 * Combines the reports of several scanners on one message. Masked rules do not count; the score is
 * the one that is highest compared with the scanner's own limit.
 */

import type { RuleHit } from '../../formats/scan/rule.ts';
import { hundredths } from '../../lib/round.ts';
import { pointsOf } from './masked-rules.ts';
import type { Scan, ScannerName, ScanReport } from './report.ts';

/** Rules kept for one message; SpamAssassin rarely has more than 30. */
const rulesMax = 60;

export type ScannerReport = {
  readonly reports: readonly ScanReport[];
  readonly missing: readonly ScannerName[];
  readonly scans: number;
  readonly reused: number;
  readonly tookMs: number;
};

export function combine(heard: ScannerReport, isMasked: (name: string) => boolean): Scan {
  const { missing, scans, reused, tookMs } = heard;
  let strongest = nothing;
  const rules: RuleHit[] = [];
  const masked: RuleHit[] = [];
  for (const report of heard.reports) {
    const out: RuleHit[] = [];
    for (const rule of report.rules) (isMasked(rule.name) ? out : rules).push(rule);
    masked.push(...out);
    if (report.required <= 0) continue;
    const score = hundredths(report.score - pointsOf(out));
    const likeness = score / report.required;
    if (strongest.by !== '' && likeness <= strongest.likeness) continue;
    strongest = { by: report.scanner, score, required: report.required, likeness };
  }
  return {
    ...strongest,
    rules: byPoints(rules),
    masked: byPoints(masked),
    virus: heard.reports.find(({ virus }) => virus !== '')?.virus ?? '',
    missing,
    scans,
    reused,
    tookMs,
  };
}

const nothing: Pick<Scan, 'by' | 'score' | 'required' | 'likeness'> = {
  by: '',
  score: 0,
  required: 0,
  likeness: 0,
};

function byPoints(rules: readonly RuleHit[]): readonly RuleHit[] {
  return rules.toSorted((a, b) => b.points - a.points).slice(0, rulesMax);
}
