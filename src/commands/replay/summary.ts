/**
 * The result of a replay for people: which accounts would have been suspended and when, and which
 * others had mail held or delayed.
 */
import { firstReasonText, shownReason } from '../../core/explain.ts';
import type { Replay } from '../../flow/replay/replay.ts';
import { many } from '../terminal/format.ts';
import { clock, table } from '../terminal/table.ts';
import { type ReadReport, readText } from './read-report.ts';

/** Accounts listed under "held or delayed, not suspended". */
const touchedShown = 20;
/** One line in ten that is not understood is told with the result. */
const missedShare = 10;
const noneSuspended = 'No account would have been suspended.\n';
const heldOnly =
  'Their mail waits, and the operator gets a notice. Only a second kind of evidence beside the\n' +
  'numbers suspends an account.\n';
const logsHaveLess =
  'The running guard has more evidence: a log has no subject, no From and no body.\n';
const nothingJudged =
  'No message was judged: these logs name no message of a login or of sendmail(1).\n';

export function summaryText(
  { summary }: Replay,
  report: ReadReport | undefined,
  json: boolean,
): string {
  const { messages, verdicts, suspensions } = summary;
  const touched = [...summary.touched].sort((a, b) => b[1] - a[1]);
  if (json) {
    const out = {
      messages,
      verdicts,
      suspensions: suspensions.map((one) => ({ ...one, because: one.because.map(shownReason) })),
      touched: Object.fromEntries(touched),
      ...(report === undefined ? {} : { read: report }),
    };
    return `${JSON.stringify(out)}\n`;
  }
  const share = (count: number): string =>
    `${((100 * count) / Math.max(1, messages)).toFixed(3)} %`;
  const read = report === undefined ? '' : `\n${readText(report)}`;
  if (messages === 0 && report !== undefined) return `${nothingJudged}${read}`;
  let text = `${many(messages, 'message')}: ${(['pass', 'delay', 'hold', 'refuse'] as const)
    .map((kind) => `${kind} ${verdicts[kind]} (${share(verdicts[kind])})`)
    .join(', ')}\n\n`;
  if (suspensions.length === 0) {
    text += report === undefined ? noneSuspended : `${ofUnderstood(report)}${noneSuspended}`;
  } else {
    text += table(
      [
        { title: 'SUSPENDED' },
        { title: 'AT' },
        { title: 'PASSED BEFORE', align: 'right' },
        { title: 'STOPPED', align: 'right' },
        { title: 'WHY' },
      ],
      suspensions.map((one) => [
        one.account,
        clock(one.at),
        `${one.leakedMessages} to ${one.leakedRecipients}`,
        String(one.stopped),
        firstReasonText(one.because),
      ]),
    );
  }
  if (touched.length === 0) return text + read;
  text += `\nHeld or delayed, but never suspended: ${many(touched.length, 'account')}\n`;
  text += table(
    [{ title: 'ACCOUNT' }, { title: 'MESSAGES', align: 'right' }],
    touched.slice(0, touchedShown).map(([account, count]) => [account, String(count)]),
  );
  text += report === undefined ? heldOnly : `${heldOnly}${logsHaveLess}`;
  return text + read;
}

/** A result of lines that were hardly understood is not a result about the mail. */
function ofUnderstood({ lines }: ReadReport): string {
  const missed = lines.strange + lines.formless;
  if (missed <= lines.told / missedShare) return '';
  return `${missed} of ${lines.lines} lines were not understood. In the others: `;
}
