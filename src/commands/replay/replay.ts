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
import { openWebmailPeople } from '../../flow/replay/webmail-people.ts';
import { isAmong, parseNetwork, parseNetworkRule } from '../../formats/postfix/network-list.ts';
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
import { inputName, lineFault, lineName, openInput } from './input.ts';
import { replayLogs } from './log.ts';
import { openOutput, type ReplayOutput } from './output.ts';
import { mustBeUnderstood, type ReadReport, readText } from './read-report.ts';
import { readTime } from './read-time.ts';
import { summaryText } from './summary.ts';
import { readWebmailLogs } from './webmail-log.ts';
import { noWebmail, peopleNotes, type Webmail, webmailOf } from './webmail-options.ts';

const forLogs = 'to read a mail log: postern replay --format postfix --summary FILE…';

type Options = InboundOptions & {
  readonly format: 'events' | 'postfix';
  readonly defaultDomain: string;
  readonly operatorClears?: number;
  readonly ownHost: readonly string[];
  readonly webmailLog: readonly string[];
  readonly webmailHost: readonly string[];
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
      repeated,
      [] as readonly string[],
    )
    .option(
      '--webmail-log <file>',
      'log of a webmail with its logins, as in webmail.logs; with --format postfix; repeatable',
      repeated,
      [] as readonly string[],
    )
    .option(
      '--webmail-host <address>',
      'host from which that webmail hands in mail (default: webmail.hosts); repeatable',
      repeated,
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
          [65, 'there is no event, or no line of the logs was understood'],
          [66, 'the file cannot be read'],
          [78, 'the configuration or the file of rules has an error'],
        ],
      }),
    )
    .action(runReplay);
  addInboundOptions(command);
}

const repeated = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  value,
];

async function runReplay(files: readonly string[], options: Options): Promise<void> {
  if (options.inbound === true) {
    noWebmail(options, '--inbound reads no mail log');
    await replayInbound(oneFile(files), options, readTime);
    return;
  }
  const { config, replyRules } = loadConfig(options.config ?? usualConfig());
  const webmail = webmailOf(options, config.webmail);
  const isOwnHost = ownHostsOf([...options.ownHost, ...webmail.hosts]);
  const replay = openReplay({
    policy: { ...noCeilings, heldMax: usualHeldMax, isOwnHost },
    operatorClearsMs: options.operatorClears,
    replyRules,
  });
  const output = options.summary === true ? undefined : openOutput();
  let report: ReadReport | undefined;
  if (options.format === 'postfix') {
    const logs = files.length === 0 ? ['-'] : files;
    report = await runLogs({ logs, replay, output, isOwnHost, webmail }, options.defaultDomain);
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
  {
    isOwnHost,
    logs: files,
    output,
    replay,
    webmail,
  }: {
    readonly logs: readonly string[];
    readonly replay: Replay;
    readonly output: ReplayOutput | undefined;
    readonly isOwnHost: (client: string) => boolean;
    readonly webmail: Webmail;
  },
  defaultDomain: string,
): Promise<ReadReport> {
  const networks = webmail.hosts.flatMap((host) => parseNetwork(host) ?? []);
  const isHost = (client: string): boolean => isAmong(client, networks);
  const { logins, notes } = await readWebmailLogs(webmail.logs, defaultDomain);
  const people = openWebmailPeople(logins, { isHost, isOwnHost, sessionMs: webmail.sessionMs });
  const verdict = (said: ReplayVerdict): Promise<void> | undefined => {
    output?.add(said);
    return output?.isFull() === true ? output.flush() : undefined;
  };
  const how = { files, defaultDomain, replay, verdict };
  const report = await replayLogs(webmail.logs.length === 0 ? how : { ...how, people });
  await output?.flush();
  mustBeUnderstood(report);
  return {
    ...report,
    notes: [...report.notes, ...notes, ...peopleNotes(people.counts(), webmail)],
  };
}

async function run(file: string, replay: Replay, output: ReplayOutput | undefined): Promise<void> {
  const { source, bytes } = await openInput(file);
  const progress = openProgress('replaying', bytes);
  /** Lines of the batches before. */
  let before = 0;
  let any = false;
  const take: TakeEvent = (event, line) => {
    any = true;
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
  if (any) return;
  throw new OperatorError('replay-nothing', `nothing was read: ${inputName(file)} has no events`, {
    exit: sysexits.dataErr,
    hint: forLogs,
  });
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
