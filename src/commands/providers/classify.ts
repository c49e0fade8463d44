/** `postern providers classify`: what a reply of a receiving server means, and what to do. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import { allReplyRules } from '../../core/replies/rules/all.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { loggedReply, type ReplyAsked, replyAsked } from './asked.ts';
import { inputLines } from './lines.ts';
import { isLogLine, openReplyKinds, openReplyLog } from './log-replies.ts';
import { classifiedJson, classifiedText } from './reply-text.ts';

type Options = { readonly json?: true; readonly mx?: string; readonly config?: string };

export function registerClassify(providers: Command): void {
  providers
    .command('classify')
    .summary('what a reply means, and what to do')
    .description(
      'Says of a reply of a receiving server who answered, what is held against what, how long ' +
        'to wait and what to do. The reply is the text in brackets behind status=deferred or ' +
        'status=bounced in the mail log; a whole line of the log does as well.',
    )
    .argument('<text>', 'the reply; -: JSON lines, or a mail log, from standard input')
    .option('--json', 'one JSON object; of a log, one for each reply, with its queue id')
    .option('--mx <host>', 'the host that answered, if the text does not name it')
    .option('--config <file>', 'configuration with your own rules (providers.rules)')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'With - each line is a JSON object: id, reply, mx and status (deferred or bounced).\n' +
          'For each line there is one line of output, in the same order: id, provider, scope,\n' +
          'severity, wait, cure, rule and filter. A line that cannot be read becomes a line\n' +
          'with error. Of a mail log, replies that mean the same are counted together, the most\n' +
          'frequent first. What the words mean: docs/replies.md',
        examples: [
          ["postern providers classify '550 5.7.1 (S3140)' --mx mx1.hotmail.com", ''],
          ['postern providers classify - <replies.jsonl >answers.jsonl', ''],
          ['postern providers classify - </var/log/mail.log', 'why mail was put off or refused'],
        ],
        exits: [
          [0, 'done'],
          [1, 'no rule knows the reply'],
          [65, 'a line of the input cannot be read; the others were answered'],
          [78, 'the configuration or the file of rules has an error'],
        ],
      }),
    )
    .action(async (text: string, options: Options, command: Command) => {
      const { replyRules } = loadConfig(options.config ?? usualConfig());
      const classifier = openReplyClassifier(allReplyRules(replyRules));
      if (text !== '-' && existsSync(text)) {
        throw new OperatorError('unknown-reply', `${text} is a file, not a reply`, {
          exit: sysexits.usage,
          hint: `to read a mail log: postern providers classify - <${shellWords(text)}`,
        });
      }
      if (text === '-') await classifyLines(classifier, options, command);
      else classifyText(classifier, loggedReply(text, options.mx ?? ''), options, command);
    });
}

function classifyText(
  classifier: ReplyClassifier,
  asked: ReplyAsked,
  options: Options,
  command: Command,
): void {
  const answer = classifier.classify(asked);
  const shape = classifier.shape(asked.reply);
  print(
    command,
    options.json === true ? jsonLine(classifiedJson('', answer)) : classifiedText(answer, shape),
  );
  if (answer.rule === '') {
    throw new OperatorError('unknown-reply', 'no rule knows this reply', { exit: 1 });
  }
}

async function classifyLines(
  classifier: ReplyClassifier,
  { json }: Options,
  command: Command,
): Promise<void> {
  let number = 0;
  let bad = 0;
  let log: ReturnType<typeof openReplyLog> | undefined;
  const kinds = openReplyKinds(classifier);
  const logged = (line: string | undefined): string => {
    let out = '';
    for (const { asked, queueId } of log?.(line) ?? []) {
      if (json === true) out += jsonLine(classifiedJson(queueId, classifier.classify(asked)));
      else kinds.add(asked);
    }
    return out;
  };
  for await (const lines of inputLines(process.stdin)) {
    let out = '';
    for (const line of lines) {
      number++;
      if (line === '') continue;
      // The first line says what the others are.
      if (number === 1 && typeof line === 'string' && isLogLine(line)) log = openReplyLog();
      if (log !== undefined) {
        if (typeof line === 'string') out += logged(line);
        continue;
      }
      const asked = replyAsked(line);
      if ('error' in asked) {
        bad++;
        warn(command, `postern: line ${number}: ${asked.error}\n`);
        out += jsonLine({ id: asked.id, error: `line ${number}: ${asked.error}` });
      } else {
        out += jsonLine(classifiedJson(asked.id, classifier.classify(asked)));
      }
    }
    if (out !== '') print(command, out);
  }
  if (log !== undefined) {
    print(command, logged(undefined) + (json === true ? '' : kinds.text(number)));
  }
  if (bad > 0) {
    const text = bad === 1 ? '1 line' : `${bad} lines`;
    throw new OperatorError('bad-reply-lines', `${text} of the input could not be read`, {
      exit: sysexits.dataErr,
      hint: 'give JSON objects, as postern providers classify --help says, or a mail log',
    });
  }
}
