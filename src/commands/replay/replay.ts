/**
 * `postern replay [--format events|postfix] [--operator-clears DURATION] [--summary] [FILE… | -]`
 *
 * Reads recorded events or old mail logs, and prints what the guard would have done. An event that
 * cannot be read, or goes back in time by more than a minute, ends the run with exit 65. Lines of
 * logs are never refused, but logs of which no line was understood end with exit 65.
 */
import { type Command, Option } from 'commander';
import { noCeilings } from '../../core/account/policy.ts';
import type { ReplayEvent } from '../../core/event.ts';
import { usualHeldMax } from '../../core/verdict.ts';
import {
  backwardsMax,
  openReplay,
  type Replay,
  type ReplayVerdict,
} from '../../flow/replay/replay.ts';
import { parseNetworkRule } from '../../formats/postfix/network-list.ts';
import { ownHosts } from '../../formats/postfix/own-hosts.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { helpAfter } from '../terminal/help.ts';
import { durationOption } from '../terminal/options.ts';
import { openProgress } from '../terminal/progress.ts';
import { eventBatches } from './event-batches.ts';
import type { TakeEvent } from './event-lines.ts';
import { addInboundOptions, type InboundOptions, replayInbound } from './inbound.ts';
import { lineFault, lineName, openInput } from './input.ts';
import { replayLogs } from './log.ts';
import { openOutput, type ReplayOutput } from './output.ts';
import { mustBeUnderstood, type ReadReport, readText } from './read-report.ts';
import { readTime } from './read-time.ts';
import { summaryText } from './summary.ts';

const forLogs = 'to read a mail log: postern replay --format postfix --summary FILE…';

type Options = InboundOptions & {
  readonly format: 'events' | 'postfix';
  readonly defaultDomain: string;
  readonly operatorClears?: number;
  readonly ownHost: readonly string[];
  readonly config?: string;
  readonly summary?: true;
  readonly json?: true;
};

export function register(program: Command): void {
  const command = program
    .command('replay')
    .summary('what the guard would have done to recorded mail')
    .description(
      'Judges recorded events on their own clock, with everything in memory, and prints one ' +
        'verdict for each send. An event is one line with a JSON object: send, login, receive, ' +
        'delivery, expect or clear. With --format postfix it reads old logs of Postfix, Dovecot, ' +
        'Exim and OpenSMTPD, also compressed ones and in any order: what would the guard have ' +
        'done last month? It ends with what it read and what it left out.',
    )
    .argument('[file...]', 'events or logs; - or no file: standard input')
    .addOption(
      new Option('--format <format>', 'what the files are')
        .choices(['events', 'postfix'])
        .default('events'),
    )
    .option('--default-domain <domain>', 'domain of logins in a log that have none', '')
    .option(
      '--operator-clears <duration>',
      'an operator looks at each suspension, and at mail that waits, after this time: 1h',
      durationOption,
    )
    .option(
      '--own-host <network>',
      'a host or network of this server, never a new network: webmail, web server; repeatable',
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option('--config <file>', 'configuration with your own rules for replies (providers.rules)')
    .option('--summary', 'a table for people instead of verdicts')
    .option('--json', 'with --summary: one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'The format of events and verdicts: docs/reference/replay.md\n' +
          'From the journal: journalctl SYSLOG_FACILITY=2 -o json |\n' +
          '  postern replay --format postfix --summary',
        examples: [
          ['postern replay --summary events.jsonl', 'which accounts would have been suspended'],
          [
            'postern replay --format postfix --summary /var/log/mail.log*',
            'the same for your own mail',
          ],
          ['zcat events.gz | postern replay --operator-clears 1h -', 'one verdict in each line'],
        ],
        exits: [
          [0, 'done'],
          [65, 'an event cannot be read or goes back in time; the message names its line'],
          [65, 'no line of the logs was understood; the message says what was expected'],
          [66, 'the file cannot be read'],
          [78, 'the configuration or the file of rules has an error'],
        ],
      }),
    )
    .action(runReplay);
  addInboundOptions(command);
}

async function runReplay(files: readonly string[], options: Options): Promise<void> {
  if (options.inbound === true) {
    await replayInbound(oneFile(files), options, readTime);
    return;
  }
  const replay = openReplay({
    policy: {
      ...noCeilings,
      heldMax: usualHeldMax,
      isOwnHost: ownHostsOf(options.ownHost),
    },
    operatorClearsMs: options.operatorClears,
    replyRules: loadConfig(options.config ?? usualConfig()).replyRules,
  });
  const output = options.summary === true ? undefined : openOutput();
  let report: ReadReport | undefined;
  if (options.format === 'postfix') {
    const logs = files.length === 0 ? ['-'] : files;
    report = await runLogs(logs, options.defaultDomain, replay, output);
  } else await run(oneFile(files), replay, output);
  if (options.summary === true) {
    process.stdout.write(summaryText(replay, report, options.json === true));
  } else if (report !== undefined) process.stderr.write(readText(report));
}

/** Private networks and this machine are own hosts without a word. */
function ownHostsOf(named: readonly string[]): (client: string) => boolean {
  const wrong = named.find((text) => parseNetworkRule(text) === undefined);
  if (wrong === undefined) return ownHosts(named);
  throw new OperatorError('replay-file', `--own-host ${wrong}: not an IP address or network`, {
    exit: sysexits.usage,
    hint: 'for example 203.0.113.80 or 203.0.113.0/28',
  });
}

/** Events need one order of time, and several files have none. */
function oneFile(files: readonly string[]): string {
  const [file = '-', ...others] = files;
  if (others.length === 0) return file;
  throw new OperatorError('replay-file', 'events must be in one file', {
    exit: sysexits.usage,
    hint: 'join the files in order of time; for logs, use --format postfix',
  });
}

async function runLogs(
  files: readonly string[],
  defaultDomain: string,
  replay: Replay,
  output: ReplayOutput | undefined,
): Promise<ReadReport> {
  const verdict = (said: ReplayVerdict): Promise<void> | undefined => {
    output?.add(said);
    return output?.isFull() === true ? output.flush() : undefined;
  };
  const report = await replayLogs({ files, defaultDomain, replay, verdict });
  await output?.flush();
  mustBeUnderstood(report);
  return report;
}

async function run(file: string, replay: Replay, output: ReplayOutput | undefined): Promise<void> {
  const { source, bytes } = await openInput(file);
  const progress = openProgress('replaying', bytes);
  /** Lines of the batches before. */
  let before = 0;
  const take: TakeEvent = (event, line) => {
    const verdict = step(replay, event, before + line + 1, file);
    if (verdict !== undefined) output?.add(verdict);
  };
  try {
    for await (const events of eventBatches(source)) {
      const { lines, fault } = events.read(take);
      if (fault !== undefined) {
        const hint = replay.summary.messages === 0 ? forLogs : '';
        throw lineFault(file, before + fault.line + 1, fault.text, hint);
      }
      before += lines;
      if (output?.isFull() === true) await output.flush();
      progress.add(events.bytes);
    }
  } finally {
    await output?.flush();
    progress.end();
  }
}

/** Judges one event; the number of its line is for faults. */
function step(
  replay: Replay,
  event: ReplayEvent,
  number: number,
  file: string,
): ReplayVerdict | undefined {
  const before = replay.now();
  const verdict = replay.apply(event);
  if (event.at >= before - backwardsMax) return verdict;
  const times = `from ${iso(before)} to ${iso(event.at)}`;
  const text = `${lineName(file, number)}: goes back in time ${times}`;
  throw new OperatorError('replay-order', text, {
    exit: sysexits.dataErr,
    hint: 'sort the events by `at`',
  });
}

const iso = (at: number): string => new Date(at).toISOString();
