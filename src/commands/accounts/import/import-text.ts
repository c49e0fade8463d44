/** What an import read and did, as text for a terminal. Pure. */
import type { LeftOutWhy } from '../../../formats/contacts/found.ts';
import type { ImportRow } from '../../../ports/imports/imports.ts';
import { many, plain } from '../../terminal/format.ts';
import { clock, table } from '../../terminal/table.ts';
import type { ReadFile } from './read-files.ts';
import type { ReadLogs } from './read-logs.ts';
import type { Sent, SentAccount } from './send-parts.ts';

/** Accounts that are listed by name. `--json` has all. */
const shownMax = 20;

const kinds: Readonly<Record<ReadFile['kind'], readonly [string, string]>> = {
  vcard: ['vCard', 'vCards'],
  csv: ['row', 'rows'],
  ldif: ['entry', 'entries'],
  mbox: ['message', 'messages'],
  message: ['message', 'messages'],
  maildir: ['message', 'messages'],
  list: ['line', 'lines'],
};

const whys: Readonly<Record<LeftOutWhy, string>> = {
  without: 'without an address',
  noAddress: 'not a mail address',
  received: 'received, not sent',
  tooLong: 'too long',
  damaged: 'damaged',
  unreadable: 'not readable',
  noFile: 'not a file (link, folder, pipe)',
  gone: 'moved or deleted while the folder was read',
  full: 'more than are kept',
};

/** One line for each file. */
export function filesText(files: readonly ReadFile[]): string {
  return files
    .map((file) => {
      const { addresses, entries, fault, kind, leftOut } = file;
      const [one, more] = kinds[kind];
      const rest = Object.entries(whys)
        .filter(([why]) => leftOut[why as LeftOutWhy] > 0)
        .map(([why, text]) => `${leftOut[why as LeftOutWhy]} ${text}`);
      return (
        `${fileName(file)}: ${many(entries, one, more)} read, ` +
        `${many(addresses.size, 'address', 'addresses')} found` +
        (rest.length === 0 ? '' : `; left out: ${rest.join(', ')}`) +
        (fault === '' ? '' : `; ${plain(fault)}`) +
        '\n'
      );
    })
    .join('');
}

const fileName = ({ name }: ReadFile): string => (name === '-' ? 'standard input' : plain(name));

export function logsText({ bounced, contacts, full, others, report, unusual }: ReadLogs): string {
  const { lines } = report;
  const recipients = [...contacts.values()].reduce((sum, list) => sum + list.length, 0);
  const stopped = [...unusual.values()].reduce((sum, count) => sum + count, 0);
  const rest = [
    ...(bounced > 0 ? [many(bounced, 'recipient that bounced', 'recipients that bounced')] : []),
    ...(stopped > 0 ? [`${many(stopped, 'recipient')} of mail that the guard would stop`] : []),
    ...(others > 0 ? [many(others, 'sender without a login', 'senders without a login')] : []),
    ...(full > 0 ? [`${many(full, 'recipient')} more than are kept`] : []),
  ];
  const names = [...unusual.keys()].slice(0, shownMax).map(plain).join(', ');
  const how =
    stopped === 0
      ? ''
      : `Mail that the guard would stop was sent by: ${names}\n` +
        'Why: postern replay --format postfix --summary FILE…; to take it too: --unusual\n';
  return (
    `Logs: ${many(lines.lines, 'line')} read, ${lines.told} understood; ` +
    `${many(recipients, 'recipient')} of ${many(contacts.size, 'login')} found` +
    (rest.length === 0 ? '' : `; left out: ${rest.join(', ')}`) +
    `\n${how}${report.notes.map((note) => `note: ${plain(note)}\n`).join('')}`
  );
}

export function sentText({ accounts, id, neverSeen }: Sent, dryRun: boolean): string {
  const added = accounts.reduce((sum, one) => sum + one.added, 0);
  const shown = accounts.slice(0, shownMax).map((one) => accountLine(one, dryRun));
  const more = accounts.length - shown.length;
  const rest = more > 0 ? `… and ${many(more, 'more account', 'more accounts')}: --json\n` : '';
  const unknown =
    neverSeen.length === 0
      ? ''
      : `Left out, never seen here: ${neverSeen.slice(0, shownMax).map(plain).join(', ')}` +
        `${neverSeen.length > shownMax ? ` and ${neverSeen.length - shownMax} more` : ''}\n` +
        'To import for them too: --unknown\n';
  const after = dryRun
    ? 'Nothing was changed.\n'
    : added === 0
      ? ''
      : `To take it back within 30 days: postern accounts import --undo ${id}\n`;
  return `${shown.join('')}${rest}${unknown}${after}`;
}

function accountLine({ account, added, cut, known }: SentAccount, dryRun: boolean): string {
  const are = added === 1 ? 'is' : 'are';
  const would = dryRun ? 'would become known' : `${are} known to it from now on`;
  return (
    `${plain(account)}: ${many(added, 'address', 'addresses')} ${would}` +
    (known === 0 ? '' : `, ${known} were known`) +
    (cut === 0 ? '' : `; ${cut} left out: 20,000 addresses can be imported for one account`) +
    '\n'
  );
}

export function importListText(rows: readonly ImportRow[]): string {
  if (rows.length === 0) return 'Nothing was imported.\n';
  return table(
    [
      { title: 'ID', align: 'right' },
      { title: 'ACCOUNT' },
      { title: 'ADDED', align: 'right' },
      { title: 'AT' },
      { title: 'BY' },
      { title: 'FROM' },
      { title: 'UNDONE' },
    ],
    rows.map((one) => [
      String(one.id),
      plain(one.account),
      String(one.added),
      clock(one.at),
      plain(one.by),
      plain(one.source),
      one.undoneAt === undefined || one.undoneAt === null ? '' : clock(one.undoneAt),
    ]),
  );
}
