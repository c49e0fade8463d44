/** Held messages and stories as a person reads them on a terminal. Pure. */
import { shellWords } from '../../lib/shell-words.ts';
import type { HeldRow, StoryRow } from '../../ports/ledger.ts';
import { reasonLines } from '../accounts/accounts-text.ts';
import type { FoundGuard } from '../guard/client.ts';
import { many, plain, verdictWord } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

const whys: Readonly<Record<HeldRow['why'], string>> = {
  verdict: 'as it came',
  queue: 'taken from the queue',
  content: 'for its content',
  rule: 'by the rules of scripts',
};
const cameAndWas: Readonly<Record<HeldRow['why'], string>> = {
  verdict: 'held as it came',
  queue: 'taken from the queue when its account was suspended',
  content: 'held as it came for what is in it: only a person lets it go',
  rule: 'held as it came because no rule of scripts allows it: only a person lets it go',
};

export function heldListText(rows: readonly HeldRow[]): string {
  if (rows.length === 0) return 'Nothing is held.\n';
  return table(
    [
      { title: 'ID' },
      { title: 'ACCOUNT' },
      { title: 'SINCE' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'HELD' },
      { title: 'STATE' },
    ],
    rows.map((one) => [
      one.queueId,
      plain(one.account),
      clock(one.at),
      String(one.recipients),
      whys[one.why],
      one.state === 'held' ? 'held' : `${one.state} by ${plain(one.by)}`,
    ]),
  );
}

export function heldText({ held, story }: FoundGuard<'heldOne'>): string {
  const { queueId, account, state } = held;
  const now =
    state === 'held'
      ? 'held'
      : `${state} ${clock(held.changedAt)}${state === 'gone' ? '' : ` by ${plain(held.by)}`}`;
  const head =
    `${queueId} of ${plain(account)}: ${paint('bold', now)}\n` +
    `Came ${clock(held.at)}, ${cameAndWas[held.why]}, ` +
    `to ${many(held.recipients, 'recipient')}.\n`;
  const next =
    state === 'held'
      ? `To let it go:       ${shellWords('postern', 'held', 'release', queueId)}\n` +
        `To delete it:       ${shellWords('postern', 'held', 'drop', queueId)}\n` +
        `To read it (root):  ${shellWords('postcat', '-q', queueId)}\n`
      : '';
  const about = story === undefined ? '' : storyFacts(story) + whyText(story);
  return [head, about, next].filter((part) => part !== '').join('\n');
}

/** The story of a verdict, with the way to undo it. */
export function explainText({ story, message }: FoundGuard<'explain'>): string {
  if (story === undefined) {
    if (message === undefined) return '';
    const what = verdictWord(message.verdict, false);
    return (
      `${message.queueId} of ${plain(message.account)}: ${paint('bold', what)}\n` +
      `Came ${clock(message.at)} from ${fromWhere(message.client)}, to ${many(message.recipients, 'recipient')}.\n\n` +
      'Nothing spoke against it.\n'
    );
  }
  const { id, account, verdict, state, observed } = story;
  const and =
    state === 'clear' ? '' : `, its account ${observed ? 'would have been ' : ''}${state}`;
  const head =
    `${id} of ${plain(account)}: ${paint('bold', verdictWord(verdict, observed))}${and}\n` +
    `Came ${clock(story.at)} from ${fromWhere(story.client)}, to ${many(story.recipients, 'recipient')}.\n`;
  return [head, storyFacts(story) + whyText(story), undoText(story)]
    .filter((part) => part !== '')
    .join('\n');
}

function fromWhere(client: string): string {
  return client === '' ? 'this machine' : plain(client);
}

function storyFacts(story: StoryRow): string {
  const others = story.recipients - story.sample.length;
  const more = others > 0 && story.sample.length > 0 ? ` and ${others} more` : '';
  const subject = story.subject === '' ? '' : `Subject  ${plain(story.subject)}\n`;
  const to = story.sample.length === 0 ? '' : `To       ${plain(story.sample.join(', '))}${more}\n`;
  return subject + to;
}

function whyText(story: StoryRow): string {
  if (story.reasons.length === 0) return '';
  return `${paint('bold', 'Why')}\n${reasonLines(story.reasons)}`;
}

function undoText({ id, account, verdict, state, observed }: StoryRow): string {
  if (observed) return 'Postern only observes: the message passed.\n';
  const lines: string[] = [];
  if (verdict === 'hold') lines.push(`To let it go:             postern held release ${id}`);
  if (verdict === 'delay') lines.push('Its sender tries again by itself; nothing is to be done.');
  if (verdict === 'refuse' && state === 'suspended') {
    lines.push('Its sender was told whom to ask; the message itself is not here.');
  }
  if (state === 'suspended') {
    const release = shellWords('postern', 'accounts', 'release', account);
    lines.push(`To release the account:   ${release}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
