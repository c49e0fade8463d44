/**
 * `postern connect sendmail`: puts postern-sendmail in the place of /usr/sbin/sendmail, and lets Postfix take such mail from
 * Postern and root alone. Shows what it would do, asks, does it, proves it with a letter, and takes
 * everything back when a step fails. `--undo` takes it back, and waits for what is still under way.
 */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { processUser } from '../guard/process-user.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { readPostfixFiles } from './postfix-files.ts';
import { mayGoOn } from './question.ts';
import { doorIs, queueEmptied, verified } from './sendmail-proof.ts';
import {
  divertPart,
  isConnected,
  type Part,
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
/** Postfix counts the envelope, and our own field; what it would refuse is refused at once. */
const envelopeBytes = 4_096;
/** Where Postfix has no limit. */
const unlimitedBytes = 100_000_000;

export function registerSendmail(connect: Command): void {
  connect
    .command('sendmail')
    .description('put postern-sendmail in the place of /usr/sbin/sendmail, through dpkg-divert')
    .option('--config <file>', `the configuration to change (default: ${installedConfig})`)
    .option('--config-dir <dir>', "Postfix's configuration (default: what postconf says)")
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show what would be done, do nothing')
    .option('--undo', 'take it back; waits for mail that is under way')
    .option('--yes', 'do not ask; without a terminal nobody is asked')
    .option('--no-verify', 'do not send a letter to postmaster to prove it')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Every program that sends by sendmail(1) then hands its mail to Postern, which knows whose it is, and Postfix takes\n' +
          'such mail from Postern and root alone (authorized_submit_users). While Postern is away the mail waits in a spool.\n' +
          'Which scripts send, and what they may: postern scripts.',
        examples: [
          ['sudo postern connect sendmail --dry-run', 'every step, and what changes in main.cf'],
          ['sudo postern connect sendmail', ''],
          ['sudo postern connect sendmail --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [67, 'the guard runs as a user that has no name'],
          [69, 'Postern does not run, or Postfix is not connected'],
          [70, 'a step failed; all is as it was'],
          [77, 'not root'],
          [78, 'a fault in the configuration, or /usr/sbin/sendmail is diverted by somebody else'],
        ],
      }),
    )
    .addOption(new Option('--door <address>', 'where the door is to be').hideHelp())
    .action(async (options: Options, command: Command) => {
      const show: Show = (text) => {
        if (options.json !== true) print(command, text);
      };
      const report = await connectSendmail(options, show);
      if (options.json === true) print(command, jsonLine(report));
    });
}

async function connectSendmail(options: Options, show: Show): Promise<Report> {
  if (options.dryRun !== true && process.getuid?.() !== 0) {
    throw new OperatorError('not-root', 'putting another sendmail into place needs root', {
      hint: 'sudo postern connect sendmail',
      exit: sysexits.noPerm,
    });
  }
  const file = options.config ?? usualConfig() ?? installedConfig;
  const { config } = parseConfig(readConfigText(file), file);
  const about = await partOptions(options, config);
  const parts = await allParts(about, { file, options });
  return options.undo === true
    ? undo({ parts, config, options, show })
    : connect({ parts, options, show });
}

async function connect(of: {
  readonly parts: readonly Part[];
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
  const made: Part[] = [];
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
      `not connected, all is as it was: ${faultText(cause)}`,
      { cause, ...(hint === undefined ? {} : { hint }), exit: sysexits.software },
    );
  }
  show('sendmail is connected. To undo: postern connect sendmail --undo\n');
  return report;
}

async function undo(of: {
  readonly parts: readonly Part[];
  readonly config: Config;
  readonly options: Options;
  readonly show: Show;
}): Promise<Report> {
  const { parts, config, options, show } = of;
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
  // Programs go the old way again first; then what they have handed to us leaves; then all is taken
  // away.
  await made.find((part) => part.name === 'postfix')?.takeBack();
  await stepAside();
  await queueEmptied(options.state, config.sendmail.spool);
  for (const part of made) await part.takeBack();
  show('sendmail is as it was.\n');
  return report;
}

async function partOptions(options: Options, config: Config): Promise<PartOptions> {
  const named = options.configDir ?? process.env['MAIL_CONFIG'];
  const configDirectory = named ?? (await postconf('config_directory', undefined));
  const guard = await guardUser(options).catch((cause: unknown) => {
    // To take it back nobody needs to run.
    if (options.undo !== true) throw cause;
    return { name: 'postern', uid: 0, gid: 0 };
  });
  if (options.undo !== true) await mustBeReady(configDirectory);
  const door = options.door ?? (config.sendmail.door === 'off' ? usualDoor : config.sendmail.door);
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

/** Whoever the guard runs as: Postfix takes mail from it. */
async function guardUser(options: Options): Promise<PartOptions['guard']> {
  const { pid } = await readRunFile(stateDirectory(options.state));
  const user = processUser(pid);
  if (user === undefined) {
    throw new OperatorError('not-running', 'Postern has just ended', {
      hint: 'start it again, then call this again',
      exit: sysexits.unavailable,
    });
  }
  if (user.name === '') {
    throw new OperatorError('guard-user', `the guard runs as user ${user.uid}, which has no name`, {
      hint: 'Postfix wants one to take mail from it; sudo ./postern install makes a user',
      exit: sysexits.noUser,
    });
  }
  return user;
}

/**
 * Mail that goes past the milter door would never be met again; and who starts Node is often root.
 */
async function mustBeReady(configDirectory: string): Promise<void> {
  const { main } = await readPostfixFiles(configDirectory);
  if (mainValue(parseMainCf(main), 'postern_milter') === undefined) {
    throw new OperatorError('postfix-not-connected', 'Postfix is not connected to Postern', {
      hint: 'first: postern connect postfix',
      exit: sysexits.unavailable,
    });
  }
  if (!existsSync('/usr/bin/dpkg-divert')) {
    throw new OperatorError('no-dpkg', 'there is no dpkg-divert here', {
      hint: 'postern-sendmail is put into place by it; this is not Debian',
      exit: sysexits.unavailable,
    });
  }
  for (let path = process.execPath; ; path = join(path, '..')) {
    const { uid, mode } = statSync(path);
    if (uid !== 0 || (mode & 0o022) !== 0 || (mode & 0o001) === 0) {
      throw new OperatorError('node-not-shared', `every user would run ${process.execPath}`, {
        hint: `${path} must be root’s, written by nobody else, and open to all; sudo ./postern install puts it so`,
        exit: sysexits.config,
      });
    }
    if (path === '/') return;
  }
}

async function allParts(
  about: PartOptions,
  of: { readonly file: string; readonly options: Options },
): Promise<readonly Part[]> {
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
): Part {
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
    throw new OperatorError('config-not-changed', `${file} has [sendmail] in a form of its own`, {
      hint: `set sendmail.door = "${door}" by hand`,
      exit: sysexits.config,
    });
  }
  const write = async (clear: boolean): Promise<void> => {
    writeConfigText(file, set(readConfigText(file), clear));
    await doorIs(options.state, clear ? 'off' : door);
  };
  return {
    name: 'config',
    text: 'have the guard open the door',
    undoText: 'have the guard close the door',
    diff: unifiedDiff(before, after, { before: file, after: `${file} (connected)` }),
    undoDiff: unifiedDiff(before, cleaned, { before: file, after: `${file} (not connected)` }),
    isMade: before === after,
    isThere: before !== cleaned,
    make: () => write(false),
    takeBack: () => write(true),
  };
}

/**
 * Throws OperatorError `still-connected` while programs come to us: what they send would get
 * nowhere.
 */
export async function sendmailMustBeFree(): Promise<void> {
  if (!(await isConnected())) return;
  throw new OperatorError('still-connected', `${sendmailPath} is still Postern’s`, {
    hint: 'first: postern connect sendmail --undo',
    exit: sysexits.config,
  });
}
