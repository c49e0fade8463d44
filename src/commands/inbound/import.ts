/**
 * `postern inbound import FILE…`: reads old mail logs, so that the guard knows on its first day who
 * has written here and who our users have written to.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  type LoggedSender,
  type LoggedSenders,
  type LoggedSendersReport,
  openLoggedSenders,
} from '../../core/inbound/logged-senders.ts';
import type { LogCounts } from '../../core/logs/log-facts.ts';
import { type LogLines, openLogLines } from '../../core/logs/log-lines.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { lineEnd, openLineCutter } from '../../lib/line-cutter.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { readMailFacts } from '../../partners/postfix/mail-facts.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { connectToGuard } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { cannotRead, inputName } from '../replay/input.ts';
import { logBytes } from '../replay/log-bytes.ts';
import { many } from '../terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { several } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';

type Options = {
  readonly domain?: readonly string[];
  readonly configDir?: string;
  readonly dryRun?: true;
  readonly state?: string;
  readonly json?: true;
};
type Imported = LoggedSendersReport & {
  readonly lines: LogCounts;
  readonly writtenTo: number;
  readonly domains: number;
  readonly taken: number;
};

/** Names in one request: the guard takes 64 KiB. */
const atOnce = 400;
/** Names that are taken over, the latest first. */
const takenMax = 50_000;

export function registerLogImport(inbound: Command): void {
  inbound
    .command('import')
    .summary('learn from old mail logs who has written here')
    .description(
      'Reads mail logs (also compressed; the forms of postern replay) and takes over: addresses ' +
        'that our users have written to, and domains that have written to us at least three ' +
        'times on two days. A domain helps only a sender who proves it by SPF or DKIM.',
    )
    .argument('<files...>', 'mail logs; -: standard input')
    .option(
      '--domain <name>',
      'a domain of this server; may be repeated (default: Postfix says)',
      several,
    )
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option('--dry-run', 'read and count; change nothing')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern inbound import /var/log/mail.log*', ''],
          ['postern inbound import --dry-run --domain example.org mail.log.2.gz', ''],
        ],
        exits: [
          exitCodes.done,
          [65, 'no line of the logs tells about mail'],
          [66, 'a file cannot be read'],
          exitCodes.notRunning,
        ],
      }),
    )
    .action(async (files: readonly string[], options: Options, self: Command) => {
      const own = await ownDomains(options);
      const senders = openLoggedSenders((domain) => isOwnDomain(own, domain));
      const lines = await readLogs(files, senders);
      const found = senders.end();
      if (lines.told === 0) {
        throw new OperatorError('import-nothing', `none of ${lines.lines} lines is about mail`, {
          hint: 'give logs of Postfix, Exim or OpenSMTPD; postern replay says more about a log',
          exit: sysexits.dataErr,
        });
      }
      const chosen = found.senders.slice(0, takenMax);
      if (options.dryRun !== true) await send(options.state, chosen);
      const named = (kind: LoggedSender['kind']): number =>
        found.senders.filter((one) => one.kind === kind).length;
      const imported: Imported = {
        ...found.report,
        lines,
        writtenTo: named('written-to'),
        domains: named('domain'),
        taken: options.dryRun === true ? 0 : chosen.length,
      };
      print(self, options.json === true ? jsonLine(imported) : importedText(imported));
    });
}

async function ownDomains({ domain, configDir }: Options): Promise<ReadonlySet<string>> {
  if (domain !== undefined) return new Set(domain.map((one) => one.toLowerCase()));
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    return new Set((await readMailFacts(folder)).localDomains);
  } catch (cause) {
    throw new OperatorError('import-domains', 'Postfix does not say which domains are ours', {
      cause,
      hint: 'name them: --domain example.org',
      exit: sysexits.usage,
    });
  }
}

async function readLogs(files: readonly string[], senders: LoggedSenders): Promise<LogCounts> {
  const dated = await Promise.all(
    [...new Set(files)].map(async (name) => ({ name, at: await writtenAt(name) })),
  );
  dated.sort((one, other) => one.at - other.at);
  const lines = openLogLines({
    defaultDomain: '',
    writtenAt: dated[0]?.at ?? (Date.now() as Millis),
  });
  let tooLong = 0;
  for (const [nth, { name }] of dated.entries()) {
    tooLong += await readLog(name, lines, senders);
    for (const event of lines.end(dated[nth + 1]?.at)) senders.take(event);
  }
  const counts = lines.counts();
  return { ...counts, lines: counts.lines + tooLong, formless: counts.formless + tooLong };
}

async function writtenAt(name: string): Promise<Millis> {
  if (name === '-') return Date.now() as Millis;
  try {
    return Math.floor((await stat(name)).mtimeMs) as Millis;
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

/** Answers with the number of lines that were too long to read. */
async function readLog(name: string, lines: LogLines, senders: LoggedSenders): Promise<number> {
  let tooLong = 0;
  const cutter = openLineCutter(() => {
    tooLong++;
  });
  const take = (chunk: Buffer): void => {
    for (const line of cutter.take(chunk)) {
      if (line === '') continue;
      for (const event of lines.take(line)) senders.take(event);
    }
  };
  const damaged = (why: string): void => {
    process.stderr.write(`postern: ${inputName(name)}: ${why}\n`);
  };
  try {
    const raw = name === '-' ? process.stdin : createReadStream(name);
    for await (const chunk of logBytes(raw, damaged)) take(chunk);
    take(lineEnd);
  } catch (cause) {
    throw cause instanceof OperatorError ? cause : cannotRead(name, cause);
  }
  return tooLong;
}

async function send(state: string | undefined, senders: readonly LoggedSender[]): Promise<void> {
  becomeOwnerOf(stateDirectory(state));
  const guard = await connectToGuard(state);
  for (let from = 0; from < senders.length; from += atOnce) {
    await guard.act('/inbound/learn', { names: senders.slice(from, from + atOnce) });
  }
}

function importedText(imported: Imported): string {
  const { lines, sent, received, writtenTo, domains, tooFew, tooMany, taken } = imported;
  const some = [
    `${many(lines.lines, 'line')} read: ${lines.told} tell about mail, ${lines.known} more are ` +
      `of mail, ${lines.strange} of mail were not understood, ` +
      `${lines.other + lines.formless} are others.`,
    `${many(sent, 'delivery', 'deliveries')} of our users to others: ` +
      `${many(writtenTo, 'address', 'addresses')}.`,
    `${many(received, 'delivery', 'deliveries')} of others to us: ` +
      `${many(domains, 'domain')} wrote often enough, ${tooFew} did not.`,
  ];
  if (tooMany > 0) some.push(`${tooMany} names were left out: there were too many.`);
  some.push(
    taken === 0
      ? 'Nothing was taken over.'
      : `${many(taken, 'name was', 'names were')} taken over.`,
  );
  return `${some.join('\n')}\n`;
}
