/** Mail that comes in, as text for a terminal. Pure. */
import { shellWords } from '../../lib/shell-words.ts';
import { minuteMs } from '../../lib/time.ts';
import type {
  AllowedRow,
  DeferredRow,
  InboundRow,
  InboundState,
  InboundStatus,
} from '../../ports/inbound/inbound.ts';
import { cutTo, dayText, many, plain, span } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

export const aboutHelp: string =
  'only mail with this in its sender, recipients or subject, or of this client address';

const states: Readonly<Record<InboundState, string>> = {
  observed: 'delivered; it would have waited',
  'observed-junk': 'delivered; it would have gone to Junk',
  junk: 'delivered to Junk',
  waiting: 'waits',
  quarantined: 'in quarantine',
  released: 'delivered',
  dropped: 'deleted',
  expired: 'deleted: nobody asked for it',
  gone: 'taken out of the queue by others',
};
function stanceText({ stance, waitMs }: InboundStatus): string {
  if (stance === 'defer') return 'defer: suspicious mail is put off with a 451';
  if (stance === 'observe') {
    return waitMs > 0
      ? 'observe: nothing waits; the list shows what would have waited or gone to Junk'
      : 'observe: nothing is changed; the list shows what would have gone to Junk';
  }
  return waitMs > 0
    ? `wait: suspicious mail waits here for ${span(waitMs)}`
    : 'wait: what counts as spam goes to Junk; nothing waits, as inbound.wait is 0s';
}
/** Characters of a subject in a list, beside nothing else on 80 columns. */
const subjectMax = 56;

const senderOf = (sender: string): string => (sender === '' ? '(no sender)' : plain(sender));

function recipientsOf({ recipients, recipientCount }: InboundRow): string {
  const [first = ''] = recipients;
  return recipientCount > 1 ? `${plain(first)} +${recipientCount - 1}` : plain(first);
}

/** What is or was done with it, and how long it waited or will wait. */
function stateOf({ state, at, changedAt, due, by }: InboundRow): string {
  const text = states[state];
  if (state === 'waiting') return `${text} until ${clock(due).slice(11)}`;
  if (state === 'quarantined') return `${text} until ${dayText(due)}`;
  if (state !== 'released' && state !== 'dropped') return text;
  const waited = changedAt - at >= minuteMs ? span(changedAt - at) : 'less than a minute';
  return `${text} after ${waited}${by === 'postern' ? '' : ` by ${plain(by)}`}`;
}

/** Three lines a message: they fit a terminal of 80 columns. */
function inboundRows(rows: readonly InboundRow[], more: (row: InboundRow) => string): string {
  const some = rows.map((row) => {
    const subject = cutTo(plain(row.subject), subjectMax) || '(no subject)';
    const about = [
      `from ${senderOf(row.sender)} to ${recipientsOf(row)}`,
      `${subject} (${row.points.toFixed(1)} points)`,
    ];
    const head = `${clock(row.at)}  ${paint('bold', row.queueId)}  ${more(row)}`;
    return `${[head, ...about.map((line) => `    ${line}`)].join('\n')}\n`;
  });
  return some.join('');
}

/** `status`: undefined if the guard is not running. */
export function inboundListText(
  rows: readonly InboundRow[],
  status: InboundStatus | undefined,
  limit: number,
): string {
  const head =
    status === undefined
      ? ''
      : `Stance ${stanceText(status)}.\n` +
        `${many(status.waiting, 'message')} waiting, ${status.quarantined} in quarantine, ` +
        `${status.atRisk} put off and late (postern inbound at-risk).\n\n`;
  if (rows.length === 0) return `${head}No such mail came in.\n`;
  const list = inboundRows(rows, stateOf);
  return `${head}${list}\n${ended(rows, limit)}Why: postern inbound show ID\n`;
}

function ended(rows: readonly unknown[], limit: number): string {
  const rest = rows.length < limit ? '' : ' There may be more: give a larger --limit.';
  return `${many(rows.length, 'message')}, newest first.${rest}\n`;
}

export function quarantineText(rows: readonly InboundRow[], limit: number): string {
  if (rows.length === 0) return 'Nothing is in quarantine.\n';
  return (
    `${inboundRows(rows, ({ due }) => `will be deleted ${clock(due)}`)}\n${ended(rows, limit)}` +
    'Why: postern inbound show ID. Deliver it: postern quarantine release ID\n'
  );
}

/** It is in the hold queue now. */
export function isInQueue({ state }: InboundRow): boolean {
  return state === 'waiting' || state === 'quarantined';
}

export function inboundText(row: InboundRow): string {
  const { queueId, client, clientName, helo, likeness, reasons } = row;
  const ofInstance = row.instance === '' ? [] : ['-c', row.instance];
  const isNow = isInQueue(row);
  const scan =
    likeness === undefined
      ? 'no scanner looked at it'
      : `the scanner gave ${Math.round(likeness * 100)} % of what it calls spam`;
  const facts = [
    `Came     ${clock(row.at)}`,
    `From     ${senderOf(row.sender)}`,
    `To       ${plain(row.recipients.join(', '))}${
      row.recipientCount > row.recipients.length
        ? ` and ${row.recipientCount - row.recipients.length} more`
        : ''
    }`,
    `Subject  ${plain(row.subject)}`,
    `Client   ${plain(client)} ${plain(clientName) || '(no name)'}, HELO ${plain(helo)}`,
    `Content  ${scan}`,
    ...(row.toldAt > 0 ? [`Told     its recipients got a mail about it ${clock(row.toldAt)}`] : []),
  ];
  const why = reasons.map((reason) => `  ${plain(reason)}`);
  const next = isNow
    ? [
        '',
        `To deliver it:      ${shellWords('postern', 'quarantine', 'release', queueId)}`,
        `To delete it:       ${shellWords('postern', 'quarantine', 'drop', queueId)}`,
        `To read it (root):  ${shellWords('postcat', ...ofInstance, '-q', queueId)}`,
      ]
    : [];
  const never = row.sender === '' ? [] : [allowLine(row)];
  return [
    `${queueId}: ${paint('bold', stateOf(row))}`,
    ...(row.state === 'quarantined' ? [`Deleted  ${clock(row.due)}`] : []),
    ...facts,
    '',
    paint('bold', `Why (${row.points.toFixed(1)} points when it came; from 6 on it is suspicious)`),
    ...why,
    ...next,
    ...(isNow ? [] : ['']),
    ...never,
    '',
  ].join('\n');
}

function allowLine({ sender }: InboundRow): string {
  return `Let it through:     ${shellWords('postern', 'inbound', 'allow', sender)}`;
}

/** Mail that came in and that a search found. */
export function inboundFoundText(rows: readonly InboundRow[]): string {
  if (rows.length === 0) return '';
  const list = inboundRows(rows, stateOf);
  return `\nMail that came in and was not simply delivered:\n${list}Why: postern inbound show ID\n`;
}

export function atRiskText(rows: readonly DeferredRow[], now: number): string {
  if (rows.length === 0) return 'No honest-looking mail is late.\n';
  const list = rows.map((row) => {
    const when =
      row.until > now
        ? `may come back from ${clock(row.until)} on`
        : `late: ${span(now - row.until)}`;
    return (
      `${clock(row.firstAt)}  ${many(row.tries, 'try', 'tries')}, ${when}\n` +
      `    from ${senderOf(row.sender)} (${plain(row.client)}) to ${plain(row.recipient)}\n` +
      `    ${plain(row.subject).slice(0, subjectMax) || '(no subject)'}\n`
    );
  });
  return (
    `${list.join('')}\nThis mail was put off and has not come back. Let it in at the next try: ` +
    'postern inbound\nallow ADDRESS. A sender that never tries again must send it once more.\n'
  );
}

export function allowedText(rows: readonly AllowedRow[]): string {
  if (rows.length === 0) return 'Nothing is allowed by hand.\n';
  return table(
    [{ title: 'NEVER WAITS' }, { title: 'SINCE' }, { title: 'BY' }, { title: 'NOTE' }],
    rows.map(({ what, at, by, note }) => [plain(what), clock(at), plain(by), plain(note)]),
  );
}
