/** What got out in an incident, as text for a terminal and as CSV. Pure. */
import { type LeakMark, leakMarks, leakWords } from '../../core/fate/leaked.ts';
import type { IncidentDetail, LeakedView } from '../../ports/asking.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';
import { recipientsCell, subjectCell } from './find-text.ts';

/** `listed`: how many messages are shown. */
export function leakedText({ leaked, marks, remarks }: IncidentDetail, listed: number): string {
  const said = remarks.map((one) => `${plain(one)}\n`).join('');
  if (leaked.length === 0) return said;
  const sums = leakMarks
    .filter((mark) => marks[mark] > 0)
    .map((mark) => `${marks[mark]} ${leakWords[mark]}`)
    .join(', ');
  return (
    `${paint('bold', 'Mail that got out')}: ${many(leaked.length, 'message')}, ${sums}\n` +
    `${leakedTable(leaked.slice(0, listed))}${said}`
  );
}

function leakedTable(leaked: readonly LeakedView[]): string {
  return table(
    [
      { title: 'TIME' },
      { title: 'ID' },
      { title: 'SUBJECT' },
      { title: 'RECIPIENTS' },
      { title: 'OUTCOME' },
      { title: 'SENT BY' },
      { title: 'BECAUSE' },
    ],
    leaked.map((one) => [
      clock(one.at),
      plain(one.id),
      subjectCell(one),
      recipientsCell(one),
      one.became,
      paintMark(one.mark),
      plain(one.why[0] ?? ''),
    ]),
  );
}

function paintMark(mark: LeakMark): string {
  const colours = { thief: 'red', owner: 'green', unclear: 'yellow' } as const;
  return paint(colours[mark], leakWords[mark]);
}

/** Lines without an address. Whoever writes into the log chooses how many recipients it counts. */
const unnamedMax = 100_000;

const columns = ['time', 'id', 'recipient', 'subject', 'sent_by', 'became', 'because'] as const;

/**
 * One line for each recipient (RFC 4180), to tell them. A recipient without an address in clear
 * text has an empty one.
 */
export function leakedCsv({ leaked }: Pick<IncidentDetail, 'leaked'>): string {
  let left = unnamedMax;
  const lines = leaked.flatMap((one) => {
    const length = Math.min(left, one.recipientCount - one.recipients.length);
    left -= length;
    const unnamed = Array.from({ length }, () => '');
    return [...one.recipients, ...unnamed].map((recipient) =>
      [
        new Date(one.at).toISOString(),
        one.id,
        recipient,
        one.subject,
        leakWords[one.mark],
        one.became,
        one.why.join('; '),
      ]
        .map(cell)
        .join(','),
    );
  });
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}

/** A spreadsheet must not run what a stranger wrote as a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  const clean = plain(safe);
  return /[",\r\n]/.test(clean) ? `"${clean.replaceAll('"', '""')}"` : clean;
}
