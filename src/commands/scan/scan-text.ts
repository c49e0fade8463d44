/** The reports of scanners on a message as text for a terminal. Pure. */
import { likenessOf, looksLikeSpam, reachesHoldScore } from '../../core/scan/likeness.ts';
import {
  type Scan,
  type ScannerName,
  type ScanReport,
  scannerTitles,
} from '../../core/scan/report.ts';
import type { RuleHit } from '../../formats/scan/rule.ts';
import { plain } from '../terminal/format.ts';
import { paint, table } from '../terminal/table.ts';

/** `holdScore`: 0 if no score alone holds a message. */
export function scanText(scan: Scan, reports: readonly ScanReport[], holdScore: number): string {
  return [
    ...reports.map((report) => said(report, scan)),
    ...scan.tooBig.map(tooBigText),
    rules(scan.rules),
    scan.masked.length === 0
      ? ''
      : `\nNot counted, because they say nothing about outgoing mail (scan.masked_rules):\n` +
        rules(scan.masked),
    `\n${counts(scan, holdScore)}\n`,
  ].join('');
}

function said(report: ScanReport, scan: Scan): string {
  const { scanner, score, required, action, virus } = report;
  const who = scannerTitles[scanner];
  if (required <= 0 && action === undefined) {
    if (virus === '') return `${who} finds nothing.\n`;
    const why = virus === scan.suspected ? ', which is evidence (scan.clamav_evidence)' : '';
    return `${who} finds ${paint('red', plain(virus))}${why}.\n`;
  }
  const counted = scan.by === scanner ? scan.score : score;
  const isSpam = (likenessOf(report, counted) ?? 0) >= 1;
  const less = counted === score ? '' : ` (${points(score)} with the rules that do not count)`;
  const given = `${paint(isSpam ? 'red' : 'green', points(counted))} points${less}`;
  return `${who} gives the message ${given}.\n${limitText(report)}`;
}

/** Where the limit comes from. */
function limitText({ scanner, required, action }: ScanReport): string {
  if (action === undefined) {
    return `  Spam begins at ${points(required)}, says ${scannerTitles[scanner]}’s answer.\n`;
  }
  const { name, isSpam, highest } = action;
  const meaning = isSpam ? 'that means spam' : 'that does not mean spam';
  const done = `  Its action is “${plain(name)}”; ${meaning}.`;
  if (required > 0)
    return `${done} Spam begins at ${points(required)} (thresholds in its answer).\n`;
  if (highest <= 0) return `${done} It has no limit.\n`;
  return (
    `${done} Its highest limit is ${points(highest)} (required_score); where spam begins is ` +
    'not in its answer.\n'
  );
}

function tooBigText(scanner: ScannerName): string {
  return (
    `${paint('yellow', `${scannerTitles[scanner]} did not scan the message: it is too big.`)} ` +
    'Postern would judge it without this scanner.\n'
  );
}

function rules(hits: readonly RuleHit[]): string {
  if (hits.length === 0) return '';
  return table(
    [{ title: 'POINTS', align: 'right' }, { title: 'RULE' }, { title: 'ABOUT' }],
    hits.map(({ name, points: given, about = '' }) => [points(given), plain(name), plain(about)]),
  );
}

function counts(scan: Scan, holdScore: number): string {
  const { virus } = scan;
  if (virus !== '') {
    return 'Postern would hold this message for its virus; only an operator could release it.';
  }
  if (reachesHoldScore(scan, holdScore)) {
    return (
      `Postern would hold this message, because it has ${holdScore} points or more ` +
      '(scan.hold_score); only an operator could release it.'
    );
  }
  if (looksLikeSpam(scan)) {
    return 'The message looks like spam. That counts against the account, among other evidence.';
  }
  return 'The message does not look like spam, so it does not count against the account.';
}

const points = (value: number): string => value.toFixed(1);
