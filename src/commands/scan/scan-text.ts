/** What scanners said of a message, as a person reads it on a terminal. Pure. */
import { type Scan, type ScanReport, scannerTitles } from '../../core/scan/report.ts';
import type { RuleHit } from '../../formats/scan/rule.ts';
import { plain } from '../terminal/format.ts';
import { paint, table } from '../terminal/table.ts';

/** `holdScore` 0: there is no limit. */
export function scanText(scan: Scan, reports: readonly ScanReport[], holdScore: number): string {
  return [
    ...reports.map((report) => said(report, scan)),
    rules(scan.rules),
    scan.masked.length === 0
      ? ''
      : `\nNot counted, since they say nothing about mail that leaves (scan.masked_rules):\n${rules(scan.masked)}`,
    `\n${counts(scan, holdScore)}\n`,
  ].join('');
}

function said({ scanner, score, required, virus }: ScanReport, scan: Scan): string {
  const who = scannerTitles[scanner];
  if (required <= 0) {
    return virus === ''
      ? `${who} finds nothing.\n`
      : `${who} finds ${paint('red', plain(virus))}.\n`;
  }
  const counted = scan.by === scanner ? scan.score : score;
  const colour = counted >= required ? 'red' : 'green';
  const less = counted === score ? '' : ` (${points(score)} with the rules that do not count)`;
  return `${who} gives it ${paint(colour, points(counted))} points where ${points(required)} are spam${less}.\n`;
}

function rules(hits: readonly RuleHit[]): string {
  if (hits.length === 0) return '';
  return table(
    [{ title: 'POINTS', align: 'right' }, { title: 'RULE' }, { title: 'ABOUT' }],
    hits.map(({ name, points: given, about = '' }) => [points(given), plain(name), plain(about)]),
  );
}

function counts({ likeness, score, virus }: Scan, holdScore: number): string {
  if (virus !== '') return 'It would be held, and only a person could let it go.';
  if (holdScore > 0 && score >= holdScore) {
    return `From ${holdScore} points on (scan.hold_score) it would be held, and only a person could let it go.`;
  }
  if (likeness >= 1) {
    return 'It looks like spam: evidence against its account, together with all else that is known of it.';
  }
  return 'It does not look like spam: no evidence against anybody.';
}

const points = (value: number): string => value.toFixed(1);
