/**
 * `postern connect spamassassin`: finds spamd, has it scan a letter that is spam by agreement and one that is none, sets
 * scan.spamassassin in the configuration, and sees the running guard take it over. `--undo` takes
 * it out again.
 */
import type { Command } from 'commander';
import { withSetting } from '../../config/edit.ts';
import { parseConfig } from '../../config/load.ts';
import { whereOf } from '../../config/values.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Where } from '../../lib/listener.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { openSpamAssassin } from '../../partners/scanners/spamassassin.ts';
import type { StatusView } from '../../ports/admin.ts';
import { readConfigText, writeConfigText } from '../config/config-file.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { connectToGuard } from '../guard/client.ts';
import { isNotRunning } from '../guard/run-file.ts';
import { badLetter, isKnown, ordinaryLetter } from '../scan/test-letters.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
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

/** Where Debian's spamd listens, and where others have it. */
const usualPlaces = [
  'inet:127.0.0.1:783',
  'unix:/run/spamd.sock',
  'unix:/run/spamassassin/spamd.sock',
  'unix:/run/spamd/spamd.sock',
  'unix:/run/spamass-milter/spamd.sock',
];
const pingMs = 2_000;
const scanMs = 20_000;
/**
 * The guard reads its configuration again at once; its first metrics after that may take a moment.
 */
const takenOverMs = 5_000;
const place = { table: 'scan', key: 'spamassassin' } as const;

export function registerSpamAssassin(connect: Command): void {
  connect
    .command('spamassassin')
    .description('have mail that leaves scanned by SpamAssassin, and its score count as evidence')
    .option('--at <address>', 'where spamd listens: inet:HOST:PORT or unix:/PATH (default: found)')
    .option('--config <file>', `the configuration to change (default: ${installedConfig})`)
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the change, make none')
    .option('--undo', 'take it out again')
    .option('--yes', 'do not ask; without a terminal nobody is asked')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          "With Debian's packages: apt-get install spamd spamassassin, systemctl enable --now spamd. Nothing of\n" +
          'SpamAssassin is changed. rspamd and ClamAV are set by hand: scan.rspamd, scan.clamav.',
        examples: [
          ['sudo postern connect spamassassin --dry-run', 'find it, try it, show the change'],
          ['sudo postern connect spamassassin', ''],
          ['sudo postern connect spamassassin --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [69, 'no spamd answers, or it does not scan; nothing was changed'],
          [70, 'the running guard did not take it over; the file is changed'],
          [77, 'the file cannot be written; run this as root'],
          [78, 'the configuration is wrong'],
        ],
      }),
    )
    .action(async (options: Options, command: Command) => {
      const show = (text: string): void => {
        if (options.json !== true) print(command, text);
      };
      const report = await connectSpamAssassin(options, show);
      if (options.json === true) print(command, jsonLine(report));
    });
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
  if (parseConfig(after, file).config.scan.spamassassin !== address) {
    throw new OperatorError('config-not-changed', `${file} has [scan] in a form of its own`, {
      hint: `set scan.spamassassin = ${value ?? '"off"'} by hand`,
      exit: sysexits.config,
    });
  }
  const diff = unifiedDiff(before, after, { before: file, after: `${file} (connected)` });
  show(diff);
  const report = { changed: diff !== '', diff, address, takenOver: false };
  if (diff === '') {
    show(options.undo === true ? 'SpamAssassin is not connected.\n' : 'It is connected already.\n');
    return report;
  }
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  writeConfigText(file, after);
  const takenOver = await guardTakesOver(options.state, address);
  if (!takenOver) show('The guard does not run; it scans from its next start on.\n');
  else if (options.undo === true)
    show('SpamAssassin is taken out; mail is not shown to it any more.\n');
  else show('Mail that leaves is scanned. To undo: postern connect spamassassin --undo\n');
  return { ...report, takenOver };
}

type Found = { readonly address: string; readonly where: Where };

/** The first address where a spamd answers. */
async function found(named: string | undefined): Promise<Found> {
  const places = named === undefined ? usualPlaces : [named];
  const faults: string[] = [];
  for (const address of places) {
    const where = whereOf(address, 0);
    if (where === undefined) {
      throw new OperatorError('usage', '--at is inet:HOST:PORT or unix:/PATH', {
        exit: sysexits.usage,
      });
    }
    try {
      await openSpamAssassin({ where, user: '', octetsMax: 1 }).ping(pingMs);
      return { address, where };
    } catch (cause) {
      faults.push(`${address}: ${faultText(cause)}`);
    }
  }
  throw new OperatorError('no-spamd', `no spamd answers\n${faults.join('\n')}`, {
    hint: 'apt-get install spamd spamassassin && systemctl enable --now spamd; or name it with --at',
    exit: sysexits.unavailable,
  });
}

/** Both letters, and what came of them in words. */
async function tried({ address, where }: Found): Promise<string> {
  const spamd = openSpamAssassin({ where, user: '', octetsMax: 100_000 });
  try {
    const spam = await spamd.scan(badLetter('spamassassin', new Date()), scanMs);
    const ham = await spamd.scan(ordinaryLetter(new Date()), scanMs);
    if (isKnown(spam) && !isKnown(ham)) {
      return (
        `ok   spamd at ${address}: the letter that is spam by agreement gets ${spam.score} points, an ordinary ` +
        `one ${ham.score}; ${ham.required} are spam\n`
      );
    }
    throw new Error(
      `spam gets ${spam.score} points, ham ${ham.score}, where ${ham.required} are spam`,
    );
  } catch (cause) {
    throw new OperatorError(
      'spamd-not-scanning',
      `spamd at ${address} does not scan: ${faultText(cause)}`,
      {
        cause,
        hint: 'its own log says why; `spamassassin --lint` checks its configuration',
        exit: sysexits.unavailable,
      },
    );
  }
}

/** False: no guard runs. */
async function guardTakesOver(state: string | undefined, address: string): Promise<boolean> {
  let admin: Awaited<ReturnType<typeof connectToGuard>>;
  try {
    admin = await connectToGuard(state);
  } catch (error) {
    if (isNotRunning(error)) return false;
    throw error;
  }
  process.kill(admin.run.pid, 'SIGHUP');
  const until = performance.now() + takenOverMs;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { doors } = await admin.read<StatusView>('/status');
    if ((doors['spamassassin'] ?? 'off') === address) return true;
  }
  throw new OperatorError('not-taken-over', 'the guard runs, and did not take the setting over', {
    hint: 'was it started with another file? `postern up --config FILE`; its log says more',
    exit: sysexits.software,
  });
}
