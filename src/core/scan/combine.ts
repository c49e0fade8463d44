/**
 * Combines the reports of several scanners on one message. Masked rules do not count; the score is
 * the one that is highest compared with the scanner's own limit.
 */

import type { RuleHit } from '../../formats/scan/rule.ts';
import { hundredths } from '../../lib/round.ts';
import { likenessOf } from './likeness.ts';
import { pointsOf } from './masked-rules.ts';
import type { Scan, ScannerName, ScanReport } from './report.ts';

/** Rules kept for one message; SpamAssassin rarely has more than 30. */
const rulesMax = 60;

export type ScannerReport = {
  readonly reports: readonly ScanReport[];
  readonly missing: readonly ScannerName[];
  readonly tooBig: readonly ScannerName[];
  readonly scans: number;
  readonly reused: number;
  readonly tookMs: number;
};

/** What the operator set: rules that do not count, and findings of ClamAV that are no virus. */
export type ScanWeights = {
  readonly isMasked: (rule: string) => boolean;
  readonly isEvidence: (finding: string) => boolean;
};

export function combine(heard: ScannerReport, { isMasked, isEvidence }: ScanWeights): Scan {
  const { missing, tooBig, scans, reused, tookMs } = heard;
  let strongest = nothing;
  const rules: RuleHit[] = [];
  const masked: RuleHit[] = [];
  for (const report of heard.reports) {
    const out: RuleHit[] = [];
    for (const rule of report.rules) (isMasked(rule.name) ? out : rules).push(rule);
    masked.push(...out);
    const score = hundredths(report.score - pointsOf(out));
    const likeness = likenessOf(report, score);
    if (likeness === undefined) continue;
    if (strongest.by !== '' && likeness <= strongest.likeness) continue;
    const { scanner: by, required, action } = report;
    strongest = { by, score, required, likeness, ...(action === undefined ? {} : { action }) };
  }
  const found = heard.reports.flatMap(({ virus }) => (virus === '' ? [] : [virus]));
  return {
    ...strongest,
    rules: byPoints(rules),
    masked: byPoints(masked),
    virus: found.find((name) => !isEvidence(name)) ?? '',
    suspected: found.find(isEvidence) ?? '',
    missing,
    tooBig,
    scans,
    reused,
    tookMs,
  };
}

const nothing: Pick<Scan, 'by' | 'score' | 'required' | 'likeness' | 'action'> = {
  by: '',
  score: 0,
  required: 0,
  likeness: 0,
};

function byPoints(rules: readonly RuleHit[]): readonly RuleHit[] {
  return rules.toSorted((a, b) => b.points - a.points).slice(0, rulesMax);
}
