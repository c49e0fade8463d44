/**
 * How fast replies of receiving servers are classified: every kind that a rule has an example of,
 * and as many that no rule knows, each with ids, addresses and times of its own. The classifier
 * keeps no answers, so that every reply costs its whole time.
 *
 *   node bench/replies.ts [--replies N] [--rounds N] [--json]
 */
import { parseArgs } from 'node:util';
import type { AnsweredReply } from '../src/core/replies/classified.ts';
import { openReplyClassifier } from '../src/core/replies/classifier.ts';
import { allReplyRules, ourReplyRules } from '../src/core/replies/rules/all.ts';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';

export type ReplyFigures = {
  readonly replies: number;
  readonly charactersEach: number;
  readonly perSecond: readonly number[];
  readonly shapesPerSecond: readonly number[];
  readonly openMs: number;
  readonly load: number;
  readonly goals: readonly Goal[];
};

export function benchReplies(options: {
  readonly replies: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}): ReplyFigures {
  const { replies, rounds, say } = options;
  const began = performance.now();
  const classifier = openReplyClassifier(allReplyRules([]));
  const openMs = performance.now() - began;
  const answers = manyReplies(replies);
  const charactersEach = answers.reduce((sum, { reply }) => sum + reply.length, 0) / replies;
  const runs = (name: string, one: (answer: AnsweredReply) => unknown): readonly number[] =>
    Array.from({ length: rounds }, (_, round) => {
      say(`replies: ${name}, round ${round + 1} of ${rounds}`);
      const start = performance.now();
      for (const answer of answers) one(answer);
      return (replies / (performance.now() - start)) * 1000;
    });
  const perSecond = runs('classified', (answer) => classifier.classify(answer));
  const shapesPerSecond = runs('shapes', ({ reply }) => classifier.shape(reply));
  const goals: readonly Goal[] = [
    { what: 'replies classified', value: median(perSecond), unit: 'a second', least: 50_000 },
  ];
  const load = machineLoad();
  return { replies, charactersEach, perSecond, shapesPerSecond, openMs, load, goals };
}

/** Replies as Postfix logs them, no two alike. */
function manyReplies(count: number): readonly AnsweredReply[] {
  const texts = ourReplyRules.flatMap(({ from, yes, no }) => [
    { from, text: yes },
    { from: [], text: no },
  ]);
  return Array.from({ length: count }, (_, nth) => {
    const { text } = texts[nth % texts.length] ?? { text: '' };
    const id = (nth * 2_654_435_761).toString(36);
    const host = `mx${nth % 40}.${nth % 3 === 0 ? 'google.com' : 'example.net'}`;
    const said = text.startsWith('host ')
      ? text
      : `host ${host}[203.0.113.${nth % 250}] said: ${text}`;
    const reply =
      `${said.replaceAll('192.0.2.9', `192.0.2.${nth % 250}`)} <u${id}@example.org> ` +
      `${id}-${nth}si${id}qtb.${nth % 900} (in reply to RCPT TO command)`;
    return { reply, mxHost: host, status: nth % 2 === 0 ? 'bounced' : 'deferred' };
  });
}

export function replyTable(figures: ReplyFigures): string {
  const { replies, charactersEach, openMs, perSecond, shapesPerSecond } = figures;
  return [
    table([
      ['replies', 'characters each', 'classified a second', 'shapes a second', 'opened in'],
      [
        shown(replies),
        shown(charactersEach),
        shown(median(perSecond)),
        shown(median(shapesPerSecond)),
        `${shown(openMs)} ms`,
      ],
    ]),
    `load of the machine: ${shown(figures.load)}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      replies: { type: 'string', default: '200000' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = benchReplies({
    replies: Number(values.replies),
    rounds: Number(values.rounds),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  const text = `${replyTable(figures)}\n\n${goalLines(figures.goals)}\n`;
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : text);
}
