/** What became of a message, as text for a terminal. Pure. */
import { type FateGroup, fateLine } from '../../core/fate/tell.ts';
import type { FateView } from '../../ports/asking.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint } from '../terminal/table.ts';

/** Addresses shown of one group. `--json` has more. */
const namedMax = 5;

/** A message of which the ledger itself knows nothing. */
export function fateHead({ message }: FateView): string {
  const { account, at, client, id, recipientCount, sender } = message;
  const who = account === '' ? 'no account' : plain(account);
  const lines = [
    `${plain(id)} of ${who}${message.verdict === undefined ? ': not judged by Postern' : ''}`,
    `Received ${clock(at)} from ${client === '' ? 'this machine' : plain(client)}, to ` +
      `${many(recipientCount, 'recipient')}.`,
    '',
    ...(sender === '' ? [] : [`Sender   ${plain(sender)}`]),
  ];
  return `${lines.join('\n')}\n${fateFacts(message)}`.trimEnd().concat('\n');
}

/** Subject and recipients, as far as they are kept. */
export function fateFacts(message: FateView['message']): string {
  const { recipientCount, recipients, subject } = message;
  return (
    (subject === '' ? '' : `Subject  ${plain(subject)}\n`) +
    (recipients.length === 0 ? '' : `To       ${namesText(recipients, recipientCount)}\n`)
  );
}

/** The first addresses, and how many more of `count` there are. */
function namesText(recipients: readonly string[], count: number): string {
  const shown = recipients.slice(0, namedMax);
  const more = count - shown.length;
  return `${shown.map(plain).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function fateText({ message, told }: FateView): string {
  const [first] = told.groups;
  const only = told.groups.length === 1 ? first : undefined;
  const parts = only === undefined ? told.groups.map(groupText) : [];
  const reply = only === undefined ? '' : replyText(only, 2);
  const all = only !== undefined && only.count > 1 ? ` (all ${only.count} recipients)` : '';
  const also =
    message.otherIds.length === 0
      ? ''
      : `  Further queue ids (behind a filter, requeued, or of a bounce): ` +
        `${message.otherIds.map(plain).join(', ')}\n`;
  return (
    `${paint('bold', 'Outcome')}\n  ${plain(fateLine(told.steps, clock))}${all}\n` +
    `${reply}${parts.join('')}${also}${told.remarks.map((one) => `  ${plain(one)}\n`).join('')}`
  );
}

function groupText(group: FateGroup): string {
  const { count, recipients } = group;
  const where = group.where === '' ? '' : ` (${plain(group.where)})`;
  const names = recipients.length === 0 ? '' : `      ${namesText(recipients, count)}\n`;
  return (
    `  - ${many(count, 'recipient')}${where}: ${plain(fateLine(group.steps, clock))}\n` +
    `${names}${replyText(group, 6)}`
  );
}

function replyText({ from, mx, reply }: FateGroup, indent: number): string {
  const space = ' '.repeat(indent);
  const server = mx === '' ? '' : ` of ${plain(mx)}`;
  const own = from === '' ? '' : ` to ${plain(from)}`;
  return reply === '' ? '' : `${space}Last reply${server}${own}: ${plain(reply)}\n`;
}
