/** Held messages and stories as text for a terminal. Pure. */
import type { UnsignedText } from '../../core/unsigned-text.ts';
import { isPutOff } from '../../core/verdict.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { StoryView } from '../../ports/admin.ts';
import type { ExplainAnswer, HeldView } from '../../ports/asking.ts';
import type { InboundRow } from '../../ports/inbound/inbound.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import { reasonLines } from '../accounts/accounts-text.ts';
import { fateFacts, fateHead, fateText } from '../find/fate-text.ts';
import { subjectCell } from '../find/find-text.ts';
import type { FoundHeld } from '../guard/client.ts';
import { many, plain, verdictWord } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

const whys: Readonly<Record<HeldRow['why'], string>> = {
  verdict: 'on arrival',
  queue: 'pulled back from the queue',
  content: 'for its content',
  rule: 'by a script rule',
  foreign: 'for its author',
};
const heldBecause: Readonly<Record<HeldRow['why'], string>> = {
  verdict: 'held on arrival',
  queue: 'pulled back from the queue when its account was suspended',
  content: 'held on arrival for its content (only an operator can release it)',
  rule: 'held on arrival because no rule for scripts allows it (only an operator can release it)',
  foreign:
    'held on arrival because nothing allows its account to write as its author (only an operator ' +
    'can release it, and it leaves unsigned)',
};

export function heldListText(rows: readonly HeldView[]): string {
  if (rows.length === 0) return 'Nothing is held.\n';
  return table(
    [
      { title: 'ID' },
      { title: 'ACCOUNT' },
      { title: 'SINCE' },
      { title: 'FROM' },
      { title: 'SUBJECT' },
      { title: 'TO' },
      { title: 'HELD' },
      { title: 'STATE' },
    ],
    rows.map((one) => [
      one.queueId,
      plain(one.account),
      clock(one.at),
      plain(one.client ?? ''),
      subjectCell(one),
      toCell(one),
      whys[one.why],
      one.state === 'held' ? 'held' : `${one.state} by ${plain(one.by)}`,
    ]),
  );
}

/** Its first recipient, and how many others there are; a guard of an earlier version has none. */
function toCell({ recipients, sample = [] }: HeldView): string {
  const [first] = sample;
  if (first === undefined) return many(recipients, 'recipient');
  return recipients > 1 ? `${plain(first)} and ${recipients - 1} more` : plain(first);
}

/** Mail that came in and is in the hold queue, too: it belongs to no account. */
export function incomingText(rows: readonly InboundRow[]): string {
  if (rows.length === 0) return '';
  const list = table(
    [
      { title: 'ID' },
      { title: 'FROM' },
      { title: 'SINCE' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'STATE' },
      { title: 'UNTIL' },
    ],
    rows.map((one) => [
      one.queueId,
      one.sender === '' ? '(no sender)' : plain(one.sender),
      clock(one.at),
      String(one.recipientCount),
      one.state === 'waiting' ? 'waits' : 'quarantine',
      clock(one.due),
    ]),
  );
  return `\nMail that came in, on hold for its recipients here:\n${list}`;
}

export function heldText({ held, story }: FoundHeld): string {
  const { queueId, account, instance, state } = held;
  const ofInstance = instance === undefined ? [] : ['-c', instance];
  const now =
    state === 'held'
      ? 'held'
      : `${state} ${clock(held.changedAt)}${state === 'gone' ? '' : ` by ${plain(held.by)}`}`;
  const head =
    `${queueId} of ${plain(account)}: ${paint('bold', now)}\n` +
    `Received ${clock(held.at)}, ${heldBecause[held.why]}, ` +
    `to ${many(held.recipients, 'recipient')}.\n` +
    (instance === undefined ? '' : `It is in the queue of the Postfix in ${plain(instance)}.\n`);
  const next =
    state === 'held'
      ? `To deliver it:      ${shellWords('postern', 'held', 'release', queueId)}\n` +
        `To delete it:       ${shellWords('postern', 'held', 'drop', queueId)}\n` +
        `To read it (root):  ${shellWords('postcat', ...ofInstance, '-q', queueId)}\n` +
        (held.why === 'foreign'
          ? `What allows it:     ${shellWords('postern', 'explain', queueId)}\n`
          : '')
      : '';
  const { client = '', recipients, sample = [], subject = '' } = held;
  const from = client === '' ? '' : `From     ${plain(client)}\n`;
  const facts = from + storyFacts(story ?? { recipients, sample, subject });
  const about = facts + (story === undefined ? '' : whyText(story));
  return [head, about, next].filter((part) => part !== '').join('\n');
}

/** The verdict of a message with its reasons, and the command that undoes it. */
export function explainText(found: ExplainAnswer): string {
  const { fate, message, probation = '', story } = found;
  const isKnown = story !== undefined || message !== undefined;
  const head = isKnown || fate === undefined ? verdictText(found) : fateHead(fate);
  const now = probation === '' ? '' : `\nIts account is now ${plain(probation)}.\n`;
  const told = fate === undefined ? '' : fateText(fate);
  return [head + now, told].filter((part) => part !== '').join('\n');
}

function verdictText({ fate, story, message, unsigned }: ExplainAnswer): string {
  if (story === undefined) {
    if (message === undefined) return '';
    const what = verdictWord(message.verdict, false);
    const facts = fate === undefined ? '' : fateFacts(fate.message);
    return (
      `${message.queueId} of ${plain(message.account)}: ${paint('bold', what)}\n` +
      `Received ${clock(message.at)} from ${fromWhere(message.client)}, to ` +
      `${many(message.recipients, 'recipient')}.\n` +
      (message.origin === undefined
        ? ''
        : `Behind a filter, or requeued: Postern judged this message as ${message.origin}.\n`) +
      `\n${facts === '' ? '' : `${facts}\n`}` +
      'Postern found nothing unusual in it.\n' +
      unsignedLines(unsigned)
    );
  }
  const { id, account, verdict, state, observed } = story;
  const and =
    state === 'clear' ? '' : `, its account ${observed ? 'would have been ' : ''}${state}`;
  const head =
    `${id} of ${plain(account)}: ${paint('bold', verdictWord(verdict, observed))}${and}\n` +
    `Received ${clock(story.at)} from ${fromWhere(story.client)}, to ` +
    `${many(story.recipients, 'recipient')}.\n`;
  return [head, storyFacts(story) + whyText(story) + unsignedLines(unsigned), undoText(story)]
    .filter((part) => part !== '')
    .join('\n');
}

/** Why no key signed it, and the command that lets its account write as its author. */
function unsignedLines(unsigned: UnsignedText | undefined): string {
  if (unsigned === undefined) return '';
  const { text, allow } = unsigned;
  const command = allow === '' ? '' : `To allow it:  ${allow}\n`;
  return `It has no DKIM signature of this server: ${plain(text)}.\n${command}`;
}

function fromWhere(client: string): string {
  return client === '' ? 'this machine' : plain(client);
}

function storyFacts(story: Pick<StoryView, 'recipients' | 'sample' | 'subject'>): string {
  const others = story.recipients - story.sample.length;
  const more = others > 0 && story.sample.length > 0 ? ` and ${others} more` : '';
  const subject = story.subject === '' ? '' : `Subject  ${plain(story.subject)}\n`;
  const to = story.sample.length === 0 ? '' : `To       ${plain(story.sample.join(', '))}${more}\n`;
  return subject + to;
}

function whyText(story: StoryView): string {
  if (story.reasons.length === 0) return '';
  return `${paint('bold', 'Why')}\n${reasonLines(story.reasons)}`;
}

function undoText(story: StoryView): string {
  const { id, account, verdict, state, observed } = story;
  if (observed) return 'Postern only observes (mode = "observe"): the message passed.\n';
  const lines: string[] = [];
  if (verdict === 'hold') lines.push(`To deliver it:  postern held release ${id}`);
  if (verdict === 'delay') {
    const list = shellWords('postern', 'held', 'list', '--account', account);
    lines.push(
      isPutOff(story)
        ? `The sender keeps it. Decide about the held mail of its account:  ${list}`
        : 'The sender tries again automatically; you need not do anything.',
    );
  }
  if (verdict === 'refuse' && state === 'suspended') {
    lines.push(
      'The sender was told to ask your contact. The message was refused, so Postern has no copy.',
    );
  }
  if (state === 'suspended') {
    const release = shellWords('postern', 'accounts', 'release', account);
    lines.push(
      'To release the account, after you changed its password:',
      `  ${release} --hijacked`,
    );
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
