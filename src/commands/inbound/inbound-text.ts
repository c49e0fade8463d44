/** Mail that comes in, as text for a terminal. Pure. */
import { shellWords } from '../../lib/shell-words.ts';
import type {
  AllowedRow,
  DeferredRow,
  InboundRow,
  InboundState,
  InboundStatus,
} from '../../ports/inbound/inbound.ts';
import { many, plain, span } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

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

const senderOf = (sender: string): string => (sender === '' ? '(no sender)' : plain(sender));

function recipientsOf({ recipients, recipientCount }: InboundRow): string {
  const [first = ''] = recipients;
  return recipientCount > 1 ? `${plain(first)} +${recipientCount - 1}` : plain(first);
}

/** How long it waited; empty if it did not. */
function waitOf({ state, at, changedAt }: InboundRow): string {
  return state === 'released' || state === 'dropped' ? span(changedAt - at) : '';
}

export function inboundListText(rows: readonly InboundRow[], status: InboundStatus): string {
  const head =
    `Stance ${stanceText(status)}.\n` +
    `${many(status.waiting, 'message')} waiting, ${status.quarantined} in quarantine, ` +
    `${status.atRisk} put off that may be lost (postern inbound at-risk).\n`;
  if (rows.length === 0) return `${head}No incoming mail waited or went to Junk.\n`;
  const list = table(
    [
      { title: 'ID' },
      { title: 'CAME' },
      { title: 'FROM' },
      { title: 'TO' },
      { title: 'POINTS', align: 'right' },
      { title: 'STATE' },
      { title: 'AFTER' },
    ],
    rows.map((row) => [
      row.queueId,
      clock(row.at),
      senderOf(row.sender),
      recipientsOf(row),
      row.points.toFixed(1),
      states[row.state],
      waitOf(row),
    ]),
  );
  return `${head}\n${list}`;
}

export function quarantineText(rows: readonly InboundRow[]): string {
  if (rows.length === 0) return 'Nothing is in quarantine.\n';
  return table(
    [
      { title: 'ID' },
      { title: 'CAME' },
      { title: 'FROM' },
      { title: 'TO' },
      { title: 'SUBJECT' },
      { title: 'DELETED' },
    ],
    rows.map((row) => [
      row.queueId,
      clock(row.at),
      senderOf(row.sender),
      recipientsOf(row),
      plain(row.subject).slice(0, 50),
      clock(row.due),
    ]),
  );
}

export function inboundText(row: InboundRow): string {
  const { queueId, client, clientName, helo, likeness, reasons, state } = row;
  const ofInstance = row.instance === '' ? [] : ['-c', row.instance];
  const isHere = state === 'waiting' || state === 'quarantined';
  const until = isHere
    ? `, ${state === 'waiting' ? 'judged again' : 'deleted'} ${clock(row.due)}`
    : `, ${clock(row.changedAt)}${row.by === '' ? '' : ` by ${plain(row.by)}`}`;
  const scan =
    likeness === undefined
      ? 'no scanner looked at it'
      : `the scanner gave ${Math.round(likeness * 100)} % of what it calls spam`;
  const facts = [
    `From     ${senderOf(row.sender)}`,
    `To       ${plain(row.recipients.join(', '))}${
      row.recipientCount > row.recipients.length
        ? ` and ${row.recipientCount - row.recipients.length} more`
        : ''
    }`,
    `Subject  ${plain(row.subject)}`,
    `Client   ${plain(client)} ${plain(clientName) || '(no name)'}, HELO ${plain(helo)}`,
    `Content  ${scan}`,
  ];
  const why = reasons.map((reason) => `  ${plain(reason)}`);
  const next = isHere
    ? [
        '',
        `To deliver it:      ${shellWords('postern', 'quarantine', 'release', queueId)}`,
        `To delete it:       ${shellWords('postern', 'quarantine', 'drop', queueId)}`,
        `To read it (root):  ${shellWords('postcat', ...ofInstance, '-q', queueId)}`,
      ]
    : [];
  return [
    `${queueId}: ${paint('bold', states[state])}${until}`,
    ...facts,
    '',
    paint('bold', `Why (${row.points.toFixed(1)} points)`),
    ...why,
    ...next,
    '',
  ].join('\n');
}

export function atRiskText(rows: readonly DeferredRow[], now: number): string {
  if (rows.length === 0) return 'No honest-looking mail is waiting for its sender to come back.\n';
  const list = table(
    [
      { title: 'FIRST TRY' },
      { title: 'TRIES', align: 'right' },
      { title: 'FROM' },
      { title: 'TO' },
      { title: 'CLIENT' },
      { title: 'SUBJECT' },
    ],
    rows.map((row) => [
      `${clock(row.firstAt)} (${span(now - row.firstAt)} ago)`,
      String(row.tries),
      senderOf(row.sender),
      plain(row.recipient),
      plain(row.client),
      plain(row.subject).slice(0, 40),
    ]),
  );
  return (
    `${list}\nThis mail was put off and has not come back. Let a sender through at the next try: ` +
    'postern inbound allow ADDRESS\n'
  );
}

export function allowedText(rows: readonly AllowedRow[]): string {
  if (rows.length === 0) return 'Nothing is allowed by hand.\n';
  return table(
    [{ title: 'NEVER WAITS' }, { title: 'SINCE' }, { title: 'BY' }, { title: 'NOTE' }],
    rows.map(({ what, at, by, note }) => [plain(what), clock(at), plain(by), plain(note)]),
  );
}
