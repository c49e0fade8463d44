/**
 * `postern connect webmail`: adds a service to Postfix that only a webmail can use, so that Postfix
 * and the guard see the person's address behind it. Shows the change, asks, makes it, proves it,
 * and undoes it.
 */
import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { isWebUser } from '../../../core/scripts/web-users.ts';
import { faultText } from '../../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { uidOf } from '../../../partners/kernel/user-ids.ts';
import { loadConfig } from '../../config/load-config.ts';
import { installedConfig, usualConfig } from '../../config/usual-config.ts';
import { readRunFile, stateDirectory } from '../../guard/run-file.ts';
import { helpAfter, stateHelp } from '../../terminal/help.ts';
import { printReport } from '../../terminal/print.ts';
import { commandFor, configDirectoryOf } from '../config-directory.ts';
import {
  checkAndReload,
  digestOf,
  readPostfixFiles,
  readRecord,
  writePostfixFiles,
} from '../postfix-files.ts';
import type { PostfixFiles } from '../postfix-plan.ts';
import { mayGoOn } from '../question.ts';
import { certificateName, makeFiles, webmailPaths } from './key-files.ts';
import { isPortUsed, loginService, type WebmailPaths, withService } from './plan.ts';
import { webmailProof } from './proof.ts';
import { dropWebmailRecord, keepWebmailRecord, readWebmailRecord, undoneMaster } from './record.ts';

type WebmailOptions = {
  readonly user?: string;
  readonly port: string;
  readonly key: string;
  readonly config?: string;
  readonly configDir?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  /** False: do not prove it. */
  readonly verify?: boolean;
  readonly state?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
};
type WebmailReport = {
  readonly changed: boolean;
  readonly diff: string;
  /** What the webmail needs in its own configuration. */
  readonly settings: string;
  readonly proved: boolean;
};

const usualPort = '10587';
const usualKey = '/etc/postern-webmail/key.pem';
const nothingDone: WebmailReport = { changed: false, diff: '', settings: '', proved: false };

export function registerWebmail(connect: Command): void {
  connect
    .command('webmail')
    .summary('let Postfix see who is behind a webmail on this machine')
    .description(
      'Adds a service to Postfix for a webmail on this machine. The webmail says the address of ' +
        'the person there (XCLIENT ADDR); the person’s own password is still needed. Only the ' +
        'user of the webmail can use it: a TLS key proves that.',
    )
    .option('--user <name>', 'the user that the webmail runs as, and no other website')
    .option('--port <number>', 'port on 127.0.0.1', usualPort)
    .option('--key <file>', 'where the key for the webmail is put', usualKey)
    .option(
      '--config <file>',
      `configuration of the guard (default: ${installedConfig}, if it is there)`,
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'remove the service and its key; restore master.cf byte for byte')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--no-verify', 'do not connect to the service to prove the change')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Proof: without the key the service answers nothing; with it an address is taken, and\n' +
          'a login that is only claimed (XCLIENT LOGIN) is refused.\n' +
          'A webmail that cannot send a client certificate, or runs as www-data with other\n' +
          'websites, cannot use this: see webmail.field in the configuration.',
        examples: [
          ['sudo postern connect webmail --user roundcube --dry-run', 'show the change'],
          ['sudo postern connect webmail --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [64, 'no user is named'],
          [66, 'there is no such folder of Postfix'],
          [70, 'a step failed, or the proof; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
          [78, 'Postern is not connected, nobody can log in, or the user runs other websites'],
        ],
      }),
    )
    .action((options: WebmailOptions, command: Command) =>
      printReport(command, options, (show) => connectWebmail(options, show)),
    );
}

type Show = (text: string) => void;
type Folder = { readonly directory: string; readonly files: PostfixFiles };

async function connectWebmail(options: WebmailOptions, show: Show): Promise<WebmailReport> {
  const directory = await configDirectoryOf(options.configDir);
  const folder = { directory, files: await readPostfixFiles(directory) };
  if (options.undo === true) return undo(folder, options, show);
  if ((await readWebmailRecord(directory)) !== undefined) {
    show('Postfix has the service already. To change it, undo it first.\n');
    return nothingDone;
  }
  return connect(folder, options, show);
}

async function connect(
  { directory, files }: Folder,
  options: WebmailOptions,
  show: Show,
): Promise<WebmailReport> {
  const uid = await webmailUser(options);
  const port = portOf(options.port);
  const like = loginService(files);
  if ((await readRecord(directory)) === undefined || like === undefined) {
    throw new OperatorError(
      'not-connected-yet',
      like === undefined
        ? 'Postfix has no service at which people can log in'
        : 'Postern is not connected to this Postfix',
      { hint: 'first: sudo postern connect postfix', exit: sysexits.config },
    );
  }
  if (isPortUsed(files.master, port)) {
    throw new OperatorError('port-taken', `master.cf has a service on port ${port}`, {
      hint: 'name another port with --port',
      exit: sysexits.config,
    });
  }
  const paths = webmailPaths(directory, options.key);
  const master = withService(files, like, { paths, port });
  const settings = roundcubeSettings(port, paths);
  const diff = difference(directory, files.master, master, 'with a webmail');
  show(diff);
  for (const file of Object.values(paths)) show(`make ${file}\n`);
  const report = { changed: true, diff, settings, proved: false };
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  await makeFiles(paths, uid);
  try {
    const made = Object.values(paths);
    const record = { master: files.master, afterDigest: digestOf(master), port, files: made };
    await keepWebmailRecord(directory, record);
    await writePostfixFiles(directory, { main: files.main, master });
    const runs = await checkAndReload(directory);
    const proved = runs && options.verify !== false;
    if (proved) {
      const why = await webmailProof(port, paths);
      if (why !== undefined) throw new Error(why);
      show('ok  only the key opens the service, and it takes addresses, but no claimed login\n');
    } else show(`not proved: ${runs ? '--no-verify' : 'this Postfix does not run'}\n`);
    await noteGuard(options, show);
    show(`Settings for Roundcube 1.6 or newer (config.inc.php):\n${settings}`);
    show(`To undo: ${commandFor(options.configDir, 'postern', 'connect', 'webmail', '--undo')}\n`);
    return { ...report, proved };
  } catch (cause) {
    throw await asBefore({ directory, files }, paths, cause);
  }
}

/** Without a guard Postfix tells the webmail to try again later. */
async function noteGuard({ state }: WebmailOptions, show: Show): Promise<void> {
  const runs = await readRunFile(stateDirectory(state)).then(
    () => true,
    () => false,
  );
  if (!runs) show('note: no guard is running; until one does, the service takes no mail\n');
}

async function asBefore(
  { directory, files }: Folder,
  paths: WebmailPaths,
  cause: unknown,
): Promise<OperatorError> {
  await writePostfixFiles(directory, files);
  await checkAndReload(directory).catch(() => undefined);
  for (const file of Object.values(paths)) await rm(file, { force: true });
  await dropWebmailRecord(directory);
  return new OperatorError(
    'not-connected',
    `not changed, everything is as before: ${faultText(cause)}`,
    { cause, exit: sysexits.software },
  );
}

async function undo(
  { directory, files }: Folder,
  options: WebmailOptions,
  show: Show,
): Promise<WebmailReport> {
  const record = await readWebmailRecord(directory);
  if (record === undefined) {
    show('This command has changed nothing.\n');
    return nothingDone;
  }
  const master = undoneMaster(files.master, record);
  const diff = difference(directory, files.master, master, 'as before');
  show(diff);
  for (const file of record.files) show(`remove ${file}\n`);
  const report = { ...nothingDone, changed: true, diff };
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  await writePostfixFiles(directory, { main: files.main, master });
  await checkAndReload(directory);
  for (const file of record.files)
    if ((await stat(file).catch(() => undefined))?.isFile()) await rm(file);
  // The folder that was made for the key, once it is empty.
  await rmdir(dirname(usualKey)).catch(() => undefined);
  await dropWebmailRecord(directory);
  show('The service of the webmail is removed. Set the webmail back to its old server.\n');
  return report;
}

function difference(directory: string, before: string, after: string, what: string): string {
  const path = `${directory}/master.cf`;
  return unifiedDiff(before, after, { before: path, after: `${path} (${what})` });
}

/** The uid of the webmail's user. No other website may run as this user. */
async function webmailUser({ config: file, user }: WebmailOptions): Promise<number> {
  if (user === undefined) {
    throw new OperatorError('no-user', 'the user of the webmail is not named', {
      hint: 'name it: --user NAME (the user of its PHP-FPM pool)',
      exit: sysexits.usage,
    });
  }
  const uid = await uidOf(user);
  const { config } = loadConfig(file ?? usualConfig());
  if (uid !== undefined && uid !== 0 && !isWebUser(user, config.scripts.web_users)) return uid;
  throw new OperatorError(
    'shared-user',
    uid === undefined
      ? `there is no user ${user}`
      : `every program of ${user} could send as anybody who uses the webmail`,
    {
      hint: 'run the webmail as a user of its own (a PHP-FPM pool), and name that user',
      exit: sysexits.config,
    },
  );
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new OperatorError('bad-port', `not a port: ${text}`, { exit: sysexits.usage });
}

function roundcubeSettings(port: number, { certificate, key }: WebmailPaths): string {
  return [
    `$config['smtp_host'] = 'ssl://127.0.0.1:${port}';`,
    "$config['smtp_user'] = '%u';",
    "$config['smtp_pass'] = '%p';",
    "$config['smtp_xclient_addr'] = true;",
    "$config['smtp_conn_options'] = ['ssl' => [",
    `  'local_cert' => '${key}',`,
    `  'cafile' => '${certificate}',`,
    `  'peer_name' => '${certificateName}',`,
    ']];',
    '',
  ].join('\n');
}
