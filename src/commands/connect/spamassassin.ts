/**
 * `postern connect spamassassin`: finds spamd and lets it scan two test messages, one spam (GTUBE)
 * and one not. Then it sets scan.spamassassin in the configuration and waits until the running
 * guard uses it. `--undo` removes the setting.
 */
import type { Command } from 'commander';
import { withSetting } from '../../config/edit.ts';
import { parseConfig } from '../../config/load.ts';
import { whereOf } from '../../config/values.ts';
import { callsSpam } from '../../core/scan/likeness.ts';
import { faultText } from '../../lib/error-text.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { openSpamAssassin } from '../../partners/scanners/spamassassin.ts';
import { readConfigText, writeConfigText } from '../config/config-file.ts';
import { warnOldNames } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { guardTakesOver, mustBeItsConfig } from '../guard/take-over.ts';
import { badTestMessage, ordinaryTestMessage } from '../scan/test-messages.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { printReport } from '../terminal/print.ts';
import { mayGoOn } from './question.ts';

type Options = {
  readonly config?: string;
  readonly at?: string;
  readonly state?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
};

/** Where spamd listens on Debian, and on other systems. */
const usualPlaces = [
  'inet:127.0.0.1:783',
  'unix:/run/spamd.sock',
  'unix:/run/spamassassin/spamd.sock',
  'unix:/run/spamd/spamd.sock',
  'unix:/run/spamass-milter/spamd.sock',
];
const pingMs = 2_000;
const scanMs = 20_000;
const place = { table: 'scan', key: 'spamassassin' } as const;

export function registerSpamAssassin(connect: Command): void {
  connect
    .command('spamassassin')
    .summary('let SpamAssassin scan outgoing mail')
    .description('Lets SpamAssassin scan outgoing mail. Its score counts as evidence.')
    .option('--at <address>', 'where spamd listens: inet:HOST:PORT or unix:/PATH (default: found)')
    .option('--config <file>', `the configuration to change (default: ${installedConfig})`)
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'remove it')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          "With Debian's packages: apt-get install spamd spamassassin, systemctl enable\n" +
          '--now spamd. This command changes nothing in SpamAssassin. For rspamd and\n' +
          'ClamAV, set scan.rspamd and scan.clamav yourself.',
        examples: [
          ['sudo postern connect spamassassin --dry-run', 'find spamd, test it, show the change'],
          ['sudo postern connect spamassassin', ''],
          ['sudo postern connect spamassassin --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [69, 'no spamd answers, or spamd does not scan; nothing was changed'],
          [70, 'the running guard did not apply the setting; the file is changed'],
          [77, 'the file cannot be written; run this command as root'],
          [78, 'the configuration has an error, or is that of another guard'],
        ],
      }),
    )
    .action((options: Options, command: Command) =>
      printReport(command, options, (show) => connectSpamAssassin(options, show)),
    );
}

type Report = {
  readonly changed: boolean;
  readonly diff: string;
  readonly address: string;
  readonly takenOver: boolean;
};

async function connectSpamAssassin(
  options: Options,
  show: (text: string) => void,
): Promise<Report> {
  const file = options.config ?? usualConfig() ?? installedConfig;
  const before = readConfigText(file);
  const spamd = options.undo === true ? undefined : await found(options.at);
  if (spamd !== undefined) show(await tried(spamd));
  const address = spamd?.address ?? 'off';
  const value = spamd === undefined ? undefined : JSON.stringify(address);
  const after = withSetting(before, place, value);
  const { config, oldNames } = parseConfig(after, file);
  warnOldNames({ file, oldNames });
  if (config.scan.spamassassin !== address) {
    throw new OperatorError(
      'config-not-changed',
      `${file} has [scan] in a form that this command cannot change`,
      {
        hint:
          `set scan.spamassassin = ${value ?? '"off"'} in it yourself, then: systemctl reload ` +
          'postern',
        exit: sysexits.config,
      },
    );
  }
  const diff = unifiedDiff(before, after, { before: file, after: `${file} (connected)` });
  show(diff);
  const report = { changed: diff !== '', diff, address, takenOver: false };
  if (diff === '') {
    show(
      options.undo === true
        ? 'SpamAssassin is not connected.\n'
        : 'SpamAssassin is connected already.\n',
    );
    return report;
  }
  if (options.dryRun === true) return report;
  await mustBeItsConfig(options.state, file);
  await mayGoOn(options);
  writeConfigText(file, after);
  const takenOver = await guardTakesOver(
    { file, state: options.state },
    ({ doors }) => (doors['spamassassin'] ?? 'off') === address,
  );
  if (!takenOver)
    show(
      'The guard is not running; SpamAssassin scans mail from the next start of the guard on.\n',
    );
  else if (options.undo === true) show('SpamAssassin is removed; it no longer scans mail.\n');
  else show('Outgoing mail is scanned. To undo: postern connect spamassassin --undo\n');
  return { ...report, takenOver };
}

type Found = { readonly address: string; readonly where: SocketAddress };

/** The first address where a spamd answers. */
async function found(named: string | undefined): Promise<Found> {
  const places = named === undefined ? usualPlaces : [named];
  const faults: string[] = [];
  for (const address of places) {
    const where = whereOf(address, 0);
    if (where === undefined) {
      throw new OperatorError(
        'usage',
        `--at ${address} is not an address: give inet:HOST:PORT or unix:/PATH`,
        {
          exit: sysexits.usage,
        },
      );
    }
    try {
      await openSpamAssassin({ where, user: '', octetsMax: 1 }).ping(pingMs);
      return { address, where };
    } catch (cause) {
      faults.push(`${address}: ${faultText(cause)}`);
    }
  }
  throw new OperatorError(
    'no-spamd',
    `spamd does not answer at any of these addresses\n${faults.join('\n')}`,
    {
      hint:
        'apt-get install spamd spamassassin && systemctl enable --now spamd; ' +
        'or name its address with --at',
      exit: sysexits.unavailable,
    },
  );
}

/** Scans both test messages; answers with the results as text. */
async function tried({ address, where }: Found): Promise<string> {
  const spamd = openSpamAssassin({ where, user: '', octetsMax: 100_000 });
  try {
    const spam = await spamd.scan(badTestMessage('spamassassin', new Date()), scanMs);
    const ham = await spamd.scan(ordinaryTestMessage(new Date()), scanMs);
    if (callsSpam(spam) && !callsSpam(ham)) {
      return (
        `ok   spamd at ${address}: the spam test message gets ${spam.score} points, an ordinary ` +
        `message ${ham.score}; from ${ham.required} on it is spam\n`
      );
    }
    throw new Error(
      `the spam test message gets ${spam.score} points, an ordinary message ${ham.score}, ` +
        `where ${ham.required} are spam`,
    );
  } catch (cause) {
    throw new OperatorError(
      'spamd-not-scanning',
      `spamd at ${address} does not scan: ${faultText(cause)}`,
      {
        cause,
        hint: 'read the log of spamd; `spamassassin --lint` checks its configuration',
        exit: sysexits.unavailable,
      },
    );
  }
}
