/** What receiving servers replied, as a mail log has it: one by one, or the same ones together. */
import type { LogEvent } from '../../core/event.ts';
import { openLogLines } from '../../core/logs/log-lines.ts';
import type {
  AnsweredReply,
  ClassifiedReply,
  ReplyClassifier,
} from '../../core/replies/classified.ts';
import { frameOf } from '../../formats/logs/frame.ts';
import type { Millis } from '../../lib/time.ts';
import { many, plain } from '../terminal/format.ts';
import { meaningText, whoText } from './reply-text.ts';

/** Kinds of replies that are kept apart; more are counted together. */
const kindsMax = 500;
const shownMax = 20;
const exampleMax = 400;

/** Whether a line is of a mail log. */
export function isLogLine(line: string): boolean {
  return !line.startsWith('{') && frameOf(line) !== undefined;
}

type LoggedReply = { readonly queueId: string; readonly asked: AnsweredReply };

/** Replies of a log, a line at a time; `undefined` ends the log. Deliveries are no replies here. */
export function openReplyLog(): (line: string | undefined) => readonly LoggedReply[] {
  // Times do not count.
  const lines = openLogLines({ defaultDomain: '', writtenAt: Date.now() as Millis });
  return (line) => (line === undefined ? lines.end() : lines.take(line)).flatMap(replyOf);
}

function replyOf(event: LogEvent): readonly LoggedReply[] {
  if (event.kind !== 'delivery' || event.outcome === 'sent') return [];
  const { mxHost, outcome: status, queueId, reply } = event;
  return [{ queueId, asked: { reply, mxHost, status } }];
}

type Kind = { readonly answer: ClassifiedReply; readonly example: string; count: number };

export type ReplyKinds = {
  add(asked: AnsweredReply): void;
  /** The most frequent first; ends with what was read. */
  text(lines: number): string;
};

/** Counts replies that mean the same. */
export function openReplyKinds(classifier: ReplyClassifier): ReplyKinds {
  const kinds = new Map<string, Kind>();
  let replies = 0;
  let uncounted = 0;
  return {
    add(asked) {
      replies++;
      const answer = classifier.classify(asked);
      const { filter, provider, rule } = answer;
      const key = `${provider} ${filter} ${rule === '' ? classifier.shape(asked.reply) : rule}`;
      const known = kinds.get(key);
      if (known !== undefined) known.count++;
      else if (kinds.size >= kindsMax) uncounted++;
      else kinds.set(key, { answer, example: asked.reply.slice(0, exampleMax), count: 1 });
    },
    text(lines) {
      const sorted = [...kinds.values()].sort((one, other) => other.count - one.count);
      const shown = sorted.slice(0, shownMax);
      const rest = sorted.slice(shownMax).reduce((sum, { count }) => sum + count, uncounted);
      const more = rest === 0 ? '' : `Less frequent kinds: ${many(rest, 'more time')} in all.\n\n`;
      const of = `${many(replies, 'reply', 'replies')} that put mail off or refuse it`;
      const read = `Read: ${many(lines, 'line')}, with ${of}.\n`;
      return `${shown.map((kind) => `${kindText(kind)}\n`).join('')}${more}${read}`;
    },
  };
}

function kindText({ answer, count, example }: Kind): string {
  return (
    `${many(count, 'time')}: ${whoText(answer)}\n` +
    `  Their words   ${plain(example)}\n` +
    meaningText(answer)
      .map(([title, text]) => `  ${title.padEnd(14)}${text}\n`)
      .join('')
  );
}
