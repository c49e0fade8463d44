/** `postern bounces classify`: why mail did not arrive, from the bounces that came back. */
import type { Command } from 'commander';
import { type JudgedRecipient, judgeBounce } from '../../core/bounces/judge-bounce.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import { allReplyRules } from '../../core/replies/rules/all.ts';
import { readBounce } from '../../formats/bounces/bounce.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { many, plain } from '../terminal/format.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { readMessages } from './bounce-files.ts';

type Options = { readonly json?: true; readonly config?: string };

export function register(program: Command): void {
  const bounces = program
    .command('bounces')
    .summary('why mail did not arrive')
    .description('Reads bounces, complaints and automatic replies that came back by mail.');
  classify(bounces);
}

function classify(bounces: Command): void {
  bounces
    .command('classify')
    .summary('the cause of each bounce, and what to do')
    .description(
      'Reads messages and prints one line for each recipient: the cause, the status code, and ' +
        'what to do. Understands delivery status notifications, feedback reports, and bounces ' +
        'that are only text. A message that is no bounce gets the cause other, and why.',
    )
    .argument('<file...>', 'a message, a mailbox (mbox), or a folder; -: standard input')
    .option('--json', 'one JSON object a line: file, recipient, cause, scope, status, code, cure')
    .option('--config <file>', 'configuration with your own rules for replies (providers.rules)')
    .addHelpText(
      'after',
      helpAfter({
        notes: 'The causes, and what each one means: docs/bounces.md',
        examples: [
          ['postern bounces classify bounce.eml', ''],
          ['postern bounces classify --json ~/Maildir/.Bounces >causes.jsonl', 'a whole folder'],
        ],
        exits: [
          [0, 'done; at least one message was understood'],
          [65, 'no message is a bounce, a complaint or an automatic reply'],
          [66, 'a file cannot be read; the others were read'],
          [78, 'the configuration or the file of rules has an error'],
        ],
      }),
    )
    .action(async (files: readonly string[], options: Options, command: Command) => {
      await run(files, options, command);
    });
}

async function run(files: readonly string[], options: Options, command: Command): Promise<void> {
  let read = 0;
  let understood = 0;
  let recipients = 0;
  let failed: OperatorError | undefined;
  const { replyRules } = loadConfig(options.config ?? usualConfig());
  const classifier = openReplyClassifier(allReplyRules(replyRules));
  const isJson = options.json === true;
  const fail = (error: OperatorError): void => {
    failed ??= error;
    warn(command, `postern: ${error.message}\n`);
  };
  const take = (file: string, octets: string): void => {
    read++;
    const judged = judgeBounce(readBounce(octets), classifier);
    if (judged.length > 0) understood++;
    recipients += judged.length;
    const lines = judged.length > 0 ? judged : [nothing(octets)];
    for (const one of lines) print(command, isJson ? jsonOf(file, one) : textOf(file, one));
  };
  for (const name of files) await readMessages(name, take, fail);
  warn(
    command,
    `Read: ${many(read, 'message')}. Understood: ${understood}, with ` +
      `${many(recipients, 'recipient')}. Left out, because they are no bounces: ` +
      `${read - understood}.\n`,
  );
  if (failed !== undefined) throw failed;
  if (understood === 0) {
    throw new OperatorError('no-bounce', 'no message is a bounce', { exit: sysexits.dataErr });
  }
}

/** The line of a message that is no bounce. */
type Nothing = JudgedRecipient & { readonly why: string };

function nothing(octets: string): Nothing {
  const why =
    octets.trim() === '' ? 'the message is empty' : 'neither a bounce, a complaint nor a reply';
  const rest = { scope: '', status: '', code: '', cure: '' } as const;
  return { recipient: '', cause: 'other', ...rest, why };
}

function jsonOf(file: string, one: JudgedRecipient): string {
  return jsonLine({ file, ...one });
}

function textOf(file: string, one: JudgedRecipient | Nothing): string {
  const who = one.recipient === '' ? '-' : plain(one.recipient);
  const codes = [one.code, one.status].filter((code) => code !== '').join(' ');
  const about = 'why' in one ? one.why : one.cure;
  const parts = [plain(file), who, one.cause, codes === '' ? '-' : codes, about];
  return `${parts.join('  ').trimEnd()}\n`;
}
