/**
 * `postern connect sendmail`: replaces /usr/sbin/sendmail by postern-sendmail, and lets Postfix
 * accept such mail only from Postern and root. It shows the steps, asks, does them, and proves them
 * with a test message. When a step fails, it undoes everything. `--undo` removes the connection and
 * waits for handovers that are not done yet.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { withSetting } from '../../config/edit.ts';
import { parseConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { readConfigText, writeConfigText } from '../config/config-file.ts';
import { warnOldNames } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { notGuard, otherOwnerOf } from '../guard/owner.ts';
import { processUser } from '../guard/process-user.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { printReport } from '../terminal/print.ts';
import { readPostfixFiles } from './postfix-files.ts';
import { mayGoOn } from './question.ts';
import { doorIs, queueEmptied, verified } from './sendmail-proof.ts';
import {
  type ConnectPart,
  divertPart,
  isConnected,
  isRunBySystemd,
  type PartOptions,
  postfixPart,
  realPath,
  sendmailPath,
  spoolPart,
  stepAside,
  unitPart,
  wrapperPart,
} from './sendmail-steps.ts';

type Options = {
  readonly config?: string;
  readonly configDir?: string;
  readonly state?: string;
  readonly door?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
  readonly verify?: boolean;
};
type Report = {
  readonly changed: boolean;
  readonly steps: readonly string[];
  readonly diff: string;
};
type Show = (text: string) => void;

const usualDoor = 'unix:/run/postern/sendmail';
/** Part of Postfix's limit that envelope and Postern's own header field take. */
const envelopeBytes = 4_096;
/** Limit if Postfix has none. */
const unlimitedBytes = 100_000_000;

export function registerSendmail(connect: Command): void {
  connect
    .command('sendmail')
    .summary('replace /usr/sbin/sendmail with postern-sendmail')
    .description('Replaces /usr/sbin/sendmail with postern-sendmail (dpkg-divert).')
    .option('--config <file>', `the configuration to change (default: ${installedConfig})`)
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the steps without doing them')
    .option('--undo', 'remove it; waits for mail that is not yet passed on')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--no-verify', 'do not send a test message to postmaster')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Every program that calls sendmail(1) then hands its mail to Postern, which finds\n' +
          'the script or user behind it. Postfix accepts such mail only from Postern and\n' +
          'root (authorized_submit_users). While the guard is down, the mail waits in a\n' +
          'spool. Scripts and the rules for them: postern scripts.',
        examples: [
          ['sudo postern connect sendmail --dry-run', 'show every step, and the change of main.cf'],
          ['sudo postern connect sendmail', ''],
          ['sudo postern connect sendmail --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [67, 'the guard runs as a user that has no name'],
          [69, 'the guard is not running, or Postfix is not connected'],
          [70, 'a step failed; everything is as before'],
          [77, 'not root'],
          [78, 'an error in the configuration, or /usr/sbin/sendmail is diverted already'],
        ],
      }),
    )
    .addOption(new Option('--door <address>', 'address of the sendmail door').hideHelp())
    .action((options: Options, command: Command) =>
      printReport(command, options, (show) => connectSendmail(options, show)),
    );
}

async function connectSendmail(options: Options, show: Show): Promise<Report> {
  if (options.dryRun !== true && process.getuid?.() !== 0) {
    throw new OperatorError('not-root', 'replacing /usr/sbin/sendmail needs root', {
      hint: 'run: sudo postern connect sendmail',
      exit: sysexits.noPerm,
    });
  }
  const file = options.config ?? usualConfig() ?? installedConfig;
  const { config, oldNames } = parseConfig(readConfigText(file), file);
  warnOldNames({ file, oldNames });
  const about = await partOptions(options, config);
  const parts = await allParts(about, { file, options });
  return options.undo === true
    ? undo({ parts, config, queueDirectory: about.queueDirectory, options, show })
    : connect({ parts, options, show });
}

async function connect(of: {
  readonly parts: readonly ConnectPart[];
  readonly options: Options;
  readonly show: Show;
}): Promise<Report> {
  const { parts, options, show } = of;
  const wanted = parts.filter(({ isMade }) => !isMade);
  const report = {
    changed: wanted.length > 0,
    steps: wanted.map(({ text }) => text),
    diff: wanted.map(({ diff = '' }) => diff).join(''),
  };
  for (const { text, diff = '' } of wanted) show(`${text}\n${diff}`);
  if (wanted.length === 0) show('sendmail is connected already.\n');
  if (options.dryRun === true || wanted.length === 0) return report;
  await mayGoOn(options);
  const made: ConnectPart[] = [];
  try {
    for (const part of wanted) {
      made.unshift(part);
      await part.make();
    }
    if (options.verify !== false) show(`ok   ${await verified(options.state)}\n`);
  } catch (cause) {
    for (const part of made) await part.takeBack().catch(() => undefined);
    const hint = cause instanceof OperatorError ? cause.hint : undefined;
    throw new OperatorError(
      'sendmail-not-connected',
      `not connected, everything is as before: ${faultText(cause)}`,
      { cause, ...(hint === undefined ? {} : { hint }), exit: sysexits.software },
    );
  }
  show('sendmail is connected. To undo: postern connect sendmail --undo\n');
  return report;
}

async function undo(of: {
  readonly parts: readonly ConnectPart[];
  readonly config: Config;
  readonly queueDirectory: string;
  readonly options: Options;
  readonly show: Show;
}): Promise<Report> {
  const { parts, config, queueDirectory, options, show } = of;
  const made = parts.filter(({ isThere }) => isThere).reverse();
  const report = {
    changed: made.length > 0,
    steps: made.map(({ undoText }) => undoText),
    diff: made.map(({ undoDiff = '' }) => undoDiff).join(''),
  };
  for (const { undoText, undoDiff = '' } of made) show(`${undoText}\n${undoDiff}`);
  if (made.length === 0) show('sendmail is not connected.\n');
  if (options.dryRun === true || made.length === 0) return report;
  await mayGoOn(options);
  // First programs use the old sendmail again, then handovers finish, then all parts are removed.
  await made.find((part) => part.name === 'postfix')?.takeBack();
  await stepAside();
  await queueEmptied(options.state, { spool: config.sendmail.spool, queueDirectory });
  for (const part of made) await part.takeBack();
  show('sendmail is as before.\n');
  return report;
}

async function partOptions(options: Options, config: Config): Promise<PartOptions> {
  const named = options.configDir ?? process.env['MAIL_CONFIG'];
  const configDirectory = named ?? (await postconf('config_directory', undefined));
  const guard = await guardUser(options).catch((cause: unknown) => {
    // The undo does not need a running guard.
    if (options.undo !== true) throw cause;
    return { name: 'postern', uid: 0, gid: 0 };
  });
  const door = options.door ?? (config.sendmail.door === 'off' ? usualDoor : config.sendmail.door);
  if (options.undo !== true) {
    await mustBeReady(configDirectory);
    doorFolderMustBe(dirname(door.replace(/^unix:/, '')), guard);
  }
  const limit = Number(await postconf('message_size_limit', configDirectory));
  return {
    configDirectory,
    guard,
    spool: config.sendmail.spool,
    node: process.execPath,
    queueDirectory: await postconf('queue_directory', configDirectory),
    place: {
      door: door.replace(/^unix:/, ''),
      spool: config.sendmail.spool,
      real: realPath,
      messageBytesMax: limit > 0 ? Math.max(10_000, limit - envelopeBytes) : unlimitedBytes,
      host: await postconf('myhostname', configDirectory),
    },
  };
}

/** The user that the guard runs as; Postfix must accept mail from this user. */
async function guardUser(options: Options): Promise<PartOptions['guard']> {
  const state = stateDirectory(options.state);
  const { pid } = await readRunFile(state);
  const user = processUser(pid);
  if (user === undefined) {
    throw new OperatorError('not-running', 'Postern has just ended', {
      hint: 'start Postern again, then repeat this command',
      exit: sysexits.unavailable,
    });
  }
  // The guard's user wrote run.json, and must not name a process of another user.
  const owner = otherOwnerOf(state);
  if (owner !== undefined && user.uid !== owner.uid) throw notGuard(pid, owner.uid);
  if (user.name === '') {
    throw new OperatorError('guard-user', `the guard runs as user ${user.uid}, which has no name`, {
      hint: 'Postfix accepts mail only from a user with a name; sudo ./postern install creates one',
      exit: sysexits.noUser,
    });
  }
  return user;
}

/**
 * Throws unless all conditions hold. Without the milter door the guard would never see the mail
 * again; and root often starts the Node that every user would run.
 */
async function mustBeReady(configDirectory: string): Promise<void> {
  const { main } = await readPostfixFiles(configDirectory);
  if (mainValue(parseMainCf(main), 'postern_milter') === undefined) {
    throw new OperatorError('postfix-not-connected', 'Postfix is not connected to Postern', {
      hint: 'connect it first: postern connect postfix',
      exit: sysexits.unavailable,
    });
  }
  if (!existsSync('/usr/bin/dpkg-divert')) {
    throw new OperatorError('no-dpkg', 'there is no /usr/bin/dpkg-divert', {
      hint: 'this command needs dpkg-divert, so it works only on Debian and systems based on it',
      exit: sysexits.unavailable,
    });
  }
  for (let path = process.execPath; ; path = join(path, '..')) {
    const { uid, mode } = statSync(path);
    if (uid !== 0 || (mode & 0o022) !== 0 || (mode & 0o001) === 0) {
      throw new OperatorError(
        'node-not-shared',
        `${process.execPath} is not safe to be run by every user`,
        {
          hint:
            `${path} must belong to root, be writable by root only, and be readable by all; ` +
            'sudo ./postern install arranges that',
          exit: sysexits.config,
        },
      );
    }
    if (path === '/') return;
  }
}

/** Throws if the guard cannot make its door. systemd makes the folder for the service. */
function doorFolderMustBe(folder: string, guard: PartOptions['guard']): void {
  if (isRunBySystemd()) return;
  const found = statSync(folder, { throwIfNoEntry: false });
  const isUsable = found?.isDirectory() === true && (guard.uid === 0 || found.uid === guard.uid);
  if (isUsable) return;
  const what = found === undefined ? 'does not exist' : `does not belong to ${guard.name}`;
  throw new OperatorError('no-door-folder', `${folder}, the folder of the sendmail door, ${what}`, {
    hint:
      `make it: sudo install -d -m 755 -o ${guard.name} ${folder}; ` +
      'it must be there again after each start of the machine',
    exit: sysexits.config,
  });
}

async function allParts(
  about: PartOptions,
  of: { readonly file: string; readonly options: Options },
): Promise<readonly ConnectPart[]> {
  const unit = await unitPart(about);
  return [
    await spoolPart(about),
    ...(unit === undefined ? [] : [unit]),
    configPart(about, of),
    await wrapperPart(about),
    await postfixPart(about),
    await divertPart(),
  ];
}

function configPart(
  { place, queueDirectory }: PartOptions,
  { file, options }: { readonly file: string; readonly options: Options },
): ConnectPart {
  const door = `unix:${place.door}`;
  const before = readConfigText(file);
  const values: readonly (readonly [string, string])[] = [
    ['door', JSON.stringify(door)],
    ['program', JSON.stringify(realPath)],
    ['queue_directory', JSON.stringify(queueDirectory)],
    ['message_bytes_max', String(place.messageBytesMax)],
  ];
  const set = (text: string, clear: boolean): string =>
    values.reduceRight(
      (now, [key, value]) =>
        withSetting(now, { table: 'sendmail', key }, clear ? undefined : value),
      text,
    );
  const [after, cleaned] = [set(before, false), set(before, true)];
  if (parseConfig(after, file).config.sendmail.door !== door) {
    throw new OperatorError(
      'config-not-changed',
      `${file} has [sendmail] in a form that this command cannot change`,
      {
        hint: `set sendmail.door = "${door}" in it yourself, then repeat this command`,
        exit: sysexits.config,
      },
    );
  }
  const write = async (clear: boolean): Promise<void> => {
    writeConfigText(file, set(readConfigText(file), clear));
    await doorIs(options.state, clear ? 'off' : door);
  };
  return {
    name: 'config',
    text: 'let the guard open the sendmail door',
    undoText: 'let the guard close the sendmail door',
    diff: unifiedDiff(before, after, { before: file, after: `${file} (connected)` }),
    undoDiff: unifiedDiff(before, cleaned, { before: file, after: `${file} (not connected)` }),
    isMade: before === after,
    isThere: before !== cleaned,
    make: () => write(false),
    takeBack: () => write(true),
  };
}

/** Throws OperatorError `still-connected` while programs use Postern: their mail would fail. */
export async function sendmailMustBeFree(): Promise<void> {
  if (!(await isConnected())) return;
  throw new OperatorError('still-connected', `${sendmailPath} is still postern-sendmail`, {
    hint: 'disconnect it first: postern connect sendmail --undo',
    exit: sysexits.config,
  });
}
