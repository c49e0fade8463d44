/**
 * `postern scan FILE`: shows what the scanners find in one message, rule by rule, and what that
 * would mean for the message.
 */
import { stdout } from 'node:process';
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { whereOf } from '../../config/values.ts';
import { combine } from '../../core/scan/combine.ts';
import { looksLikeSpam } from '../../core/scan/likeness.ts';
import { maskOf } from '../../core/scan/masked-rules.ts';
import {
  type Scan,
  type ScannerName,
  type ScanReport,
  scannerTitles,
} from '../../core/scan/report.ts';
import { TooLargeError } from '../../core/scan/too-large.ts';
import { openScanners } from '../../daemon/readers/scanners.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openSpamAssassin, type SpamAssassin } from '../../partners/scanners/spamassassin.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { readMessageFile } from '../terminal/message-file.ts';
import { durationOption } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { scanText } from './scan-text.ts';

type Options = {
  readonly config?: string;
  readonly spamassassin?: string;
  readonly learn?: 'spam' | 'ham' | 'forget';
  readonly marked?: true;
  readonly json?: true;
};

/** The largest file that is read; scanners see less of a message. */
const octetsMax = 64 * 1024 * 1024;

export function register(program: Command): void {
  program
    .command('scan')
    .summary('what scanners find in a message')
    .description(
      'Gives a message to the scanners that check outgoing mail ([scan] in the ' +
        'configuration). Shows the score, each rule with its points, and the rules that do not ' +
        'count because they say nothing about outgoing mail. Works without the guard, and ' +
        'changes no statistics.',
    )
    .argument('<file>', 'the message; -: standard input. Lines may end with LF')
    .option('--config <file>', `[scan] in this file (default: ${installedConfig}, if it is there)`)
    .option('--spamassassin <address>', 'ask only this spamd: inet:HOST:PORT or unix:/PATH')
    .option('--learn <as>', 'teach SpamAssassin instead: spam, ham, or forget', lesson)
    .option('--marked', 'print the message as SpamAssassin marks it')
    .option('--json', 'one JSON object: scan and reports')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern scan suspicious.eml', ''],
          ['postcat -qbh 4bXm2R7hQzz2 | postern scan -', 'a message in the queue, as root'],
          ['postern scan newsletter.eml --learn ham', 'spamd must allow it: --allow-tell'],
        ],
        exits: [
          [0, 'scanned; no scanner calls it spam'],
          [1, 'it looks like spam, or has a virus'],
          [65, 'the file is no message'],
          [66, 'the file cannot be read'],
          [69, 'a scanner does not answer, or no scanner is configured'],
          [78, 'the configuration is wrong'],
        ],
      }),
    )
    .action(async (file: string, options: Options, command: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      const message = await octetsOf(file);
      if (options.learn !== undefined) {
        print(command, await learned(options.learn, message, options, config));
        return;
      }
      if (options.marked === true) {
        const spamd = spamAssassin(options, config);
        const marked = await spamd.process(message, deadline(config)).catch(refused);
        stdout.write(marked); // octet for octet: it may be in any charset
        return;
      }
      const { scan, reports } = await scanned(message, options, config);
      const holdScore = config.scan.hold_score;
      print(
        command,
        options.json === true ? jsonLine({ scan, reports }) : scanText(scan, reports, holdScore),
      );
      if (scan.virus !== '') throw new OperatorError('has-virus', scan.virus, { exit: 1 });
      if (looksLikeSpam(scan))
        throw new OperatorError('is-spam', 'it looks like spam', { exit: 1 });
    });
}

function lesson(text: string): NonNullable<Options['learn']> {
  if (text === 'spam' || text === 'ham' || text === 'forget') return text;
  throw new OperatorError('usage', '--learn must be spam, ham or forget', { exit: sysexits.usage });
}

/** The message with CRLF at the end of lines, as scanners see it. */
async function octetsOf(file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let octets = 0;
  const add = (part: Buffer): void => {
    octets += part.length;
    if (octets <= octetsMax) parts.push(part);
  };
  let inBody = false;
  await readMessageFile(file, {
    header: (name, value) =>
      add(Buffer.from(`${name}:${value.replace(/\r?\n/g, '\r\n')}\r\n`, 'latin1')),
    body(bytes, start, end) {
      if (!inBody) add(Buffer.from('\r\n'));
      inBody = true;
      add(Buffer.from(bytes.subarray(start, end)));
    },
  });
  if (!inBody) add(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

async function scanned(
  message: Buffer,
  options: Options,
  config: Config,
): Promise<{ readonly scan: Scan; readonly reports: readonly ScanReport[] }> {
  const scanners =
    options.spamassassin === undefined ? openScanners(config) : [spamAssassin(options, config)];
  if (scanners.length === 0) throw nobody();
  const began = performance.now();
  const tooBig: ScannerName[] = [];
  const told = await Promise.all(
    scanners.map(async (scanner) => {
      const seen = message.subarray(0, scanner.octetsMax);
      try {
        return [await scanner.scan(seen, deadline(config))];
      } catch (cause) {
        if (!(cause instanceof TooLargeError)) return refused(cause, scannerTitles[scanner.name]);
        tooBig.push(scanner.name);
        return [];
      } finally {
        scanner.close();
      }
    }),
  );
  const reports = told.flat();
  const tookMs = Math.round(performance.now() - began);
  const heard = { reports, missing: [], tooBig, scans: reports.length, reused: 0, tookMs };
  const { masked_rules, clamav_evidence } = config.scan;
  const weights = { isMasked: maskOf(masked_rules), isEvidence: maskOf(clamav_evidence) };
  return { scan: combine(heard, weights), reports };
}

async function learned(
  as: NonNullable<Options['learn']>,
  message: Buffer,
  options: Options,
  config: Config,
): Promise<string> {
  const spamd = spamAssassin(options, config);
  const changed = await spamd.tell(message, as, deadline(config)).catch(refused);
  const done =
    as === 'forget'
      ? 'SpamAssassin has forgotten the message'
      : `SpamAssassin has learned the message as ${as}`;
  return changed ? `${done}.\n` : 'SpamAssassin changed nothing, because it knew that already.\n';
}

function spamAssassin(options: Options, { scan }: Config): SpamAssassin {
  const where = whereOf(options.spamassassin ?? scan.spamassassin, 0);
  if (where === undefined) throw nobody();
  const user = scan.spamassassin_user;
  return openSpamAssassin({ where, user, octetsMax: scan.message_bytes_max });
}

function deadline({ scan }: Config): number {
  return durationOption(scan.deadline);
}

function nobody(): OperatorError {
  return new OperatorError('no-scanner', 'no scanner is configured', {
    hint:
      'postern connect spamassassin finds and sets one; ' +
      'or name one with --spamassassin inet:127.0.0.1:783',
    exit: sysexits.unavailable,
  });
}

function refused(cause: unknown, who = 'SpamAssassin'): never {
  throw new OperatorError(
    'scanner-failed',
    `${who} did not scan the message: ${faultText(cause)}`,
    { exit: sysexits.unavailable },
  );
}
