/** The reports of scanners on a message as text for a terminal. Pure. */
import { type Scan, type ScanReport, scannerTitles } from '../../core/scan/report.ts';
import type { RuleHit } from '../../formats/scan/rule.ts';
import { plain } from '../terminal/format.ts';
import { paint, table } from '../terminal/table.ts';

/** `holdScore`: 0 if no score alone holds a message. */
export function scanText(scan: Scan, reports: readonly ScanReport[], holdScore: number): string {
  return [
    ...reports.map((report) => said(report, scan)),
    rules(scan.rules),
    scan.masked.length === 0
      ? ''
      : `\nNot counted, because they say nothing about outgoing mail (scan.masked_rules):\n` +
        rules(scan.masked),
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
  const given = `${paint(colour, points(counted))} points`;
  return `${who} gives the message ${given}; spam begins at ${points(required)}${less}.\n`;
}

function rules(hits: readonly RuleHit[]): string {
  if (hits.length === 0) return '';
  return table(
    [{ title: 'POINTS', align: 'right' }, { title: 'RULE' }, { title: 'ABOUT' }],
    hits.map(({ name, points: given, about = '' }) => [points(given), plain(name), plain(about)]),
  );
}

function counts({ likeness, score, virus }: Scan, holdScore: number): string {
  if (virus !== '') {
    return 'Postern would hold this message for its virus; only an operator could release it.';
  }
  if (holdScore > 0 && score >= holdScore) {
    return (
      `Postern would hold this message, because it has ${holdScore} points or more ` +
      '(scan.hold_score); only an operator could release it.'
    );
  }
  if (likeness >= 1) {
    return 'The message looks like spam. That counts against the account, among other evidence.';
  }
  return 'The message does not look like spam, so it does not count against the account.';
}

const points = (value: number): string => value.toFixed(1);
