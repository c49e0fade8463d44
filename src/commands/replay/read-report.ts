/** What a replay of logs read: lines, what was not understood, messages that were not judged. */
import type { LogCounts } from '../../core/logs/log-facts.ts';
import type { LeftOut } from '../../flow/replay/logged-events.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { many } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

export type ReadReport = {
  readonly lines: LogCounts;
  /** The most frequent shapes of lines that are of mail and were not understood. */
  readonly notUnderstood: readonly ShapeCount[];
  readonly leftOut: LeftOut;
  /** Messages that came in from elsewhere. */
  readonly cameIn: number;
  /** Messages with recipients that no line names, and how many of these. */
  readonly unnamed: { readonly messages: number; readonly recipients: number };
  /** Files that are damaged, or copies of others. */
  readonly notes: readonly string[];
};

const lineRows: readonly (readonly [keyof LogCounts, string])[] = [
  ['told', 'understood: they tell something about a message or a login'],
  ['known', 'understood: of mail, nothing to judge'],
  ['strange', 'of mail, not understood'],
  ['other', 'of other programs'],
  ['formless', 'no known form of a log'],
];

const leftOutRows: readonly (readonly [keyof LeftOut, string])[] = [
  ['startMissing', 'the log begins after they were handed over'],
  ['neverQueued', 'never in the queue: the client left'],
  ['refused', 'refused by the mail server or a filter'],
  ['onHold', 'on hold to the end: no line names a recipient'],
  ['twice', 'read before, in another file or further up'],
  ['outOfOrder', 'too old: the log goes back in time by more than can be sorted'],
  ['evicted', 'more messages were in the queue than are followed'],
];

const forms =
  'Expected: lines of Postfix, Dovecot, Exim or OpenSMTPD from syslog (RFC 3164, RFC 3339, ' +
  'RFC 5424), the journal (json, export, short) or containers, plain or compressed.';

/** Ends the command if no line told anything. */
export function mustBeUnderstood(report: ReadReport): void {
  const { lines } = report;
  if (lines.told > 0) return;
  const [shape] = report.notUnderstood;
  const example = shape === undefined ? '' : ` The most frequent line was: ${shape.shape}`;
  const what =
    lines.lines === 0
      ? 'the log has no lines'
      : `none of ${lines.lines} lines tells about a message or a login: ` +
        `${lines.formless} have no known form, ${lines.other} are of other programs, ` +
        `${lines.known} are of mail with nothing to judge, ${lines.strange} were not understood`;
  throw new OperatorError('replay-nothing', `nothing was judged: ${what}`, {
    exit: sysexits.dataErr,
    hint: [...report.notes, `${forms}${example}`].join('\n'),
  });
}

export function readText(report: ReadReport): string {
  const { lines, leftOut, notUnderstood, notes, unnamed } = report;
  const count = (value: number): string => String(value);
  const parts = [
    table(
      [{ title: 'LINES', align: 'right' }, { title: 'READ' }],
      [[count(lines.lines), 'all'], ...lineRows.map(([name, text]) => [count(lines[name]), text])],
    ),
  ];
  if (notUnderstood.length > 0) {
    parts.push(
      table(
        [{ title: 'LINES', align: 'right' }, { title: 'NOT UNDERSTOOD, MOST FREQUENT' }],
        notUnderstood.map((one) => [count(one.lines), one.shape]),
      ),
    );
  }
  const left = leftOutRows.filter(([name]) => leftOut[name] > 0);
  const rows = left.map(([name, text]) => [count(leftOut[name]), text]);
  if (report.cameIn > 0) rows.push([count(report.cameIn), 'came in from elsewhere: not judged']);
  if (rows.length > 0) {
    parts.push(table([{ title: 'MESSAGES', align: 'right' }, { title: 'LEFT OUT' }], rows));
  }
  if (unnamed.messages > 0) {
    parts.push(
      `${many(unnamed.messages, 'message was', 'messages were')} judged with ` +
        `${many(unnamed.recipients, 'recipient')} that no line names: the mail server counted ` +
        'them.\n',
    );
  }
  if (notes.length > 0) parts.push(notes.map((note) => `note: ${note}\n`).join(''));
  return parts.join('\n');
}
