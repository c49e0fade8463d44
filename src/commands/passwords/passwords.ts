/**
 * `postern passwords`: finds passwords that can be guessed, and has them changed. Each sub-command
 * loads its own module only when it runs.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { installedConfig } from '../config/usual-config.ts';
import { exitCodes, helpAfter, stateHelp } from '../terminal/help.ts';
import { durationOption, several } from '../terminal/options.ts';
import type { AuditCommandOptions } from './audit.ts';
import type { CheckCommandOptions } from './check.ts';
import type { ListOptions } from './list.ts';
import type { WeakOptions } from './tell.ts';

const configHelp = `configuration of Postern (default: ${installedConfig}, if it is there)`;
const sourceHelp = 'KIND:PATH, such as shadow:/etc/shadow; may be given again';
const noSource = [66, 'nothing could be read'] as const;
const wrongConfig = [78, 'the configuration is wrong'] as const;
const { done } = exitCodes;

export function register(program: Command): void {
  const passwords = program
    .command('passwords')
    .summary('audit, sources, list, show, notify, check')
    .description(
      'Finds accounts with a password that can be guessed, with John the Ripper, and has the ' +
        'password changed. Neither Postern nor John ever shows, keeps or logs a guessed password.',
    );
  audit(passwords);
  sources(passwords);
  list(passwords);
  show(passwords);
  notify(passwords);
  requireChange(passwords);
  forget(passwords);
  check(passwords);
}

function audit(passwords: Command): void {
  passwords
    .command('audit')
    .summary('try the passwords of all accounts')
    .description(
      'Tries on every account what an attacker would try first: names of the account, common ' +
        'passwords, keyboard patterns, seasons with years, leaked lists, and variations of these ' +
        'by rules. It runs at the lowest priority and for a limited time. The next audit ' +
        'continues where this one ended, tries changed passwords first, and tries nothing twice.',
    )
    .option('--source <source>', sourceHelp, several)
    .option(
      '--rules <names>',
      "sections of John's rules for the last step, separated by commas; or none",
    )
    .option('--list <file>', 'a further list of leaked passwords; may be given again', several)
    .option('--quick', 'try only passwords that are guessed in under a second')
    .option('--time <duration>', 'end after this long (default: passwords.time)', durationOption)
    .option('--cpus <n>', 'processors to use (default: passwords.processors)', processorsOption)
    .option('--resume', 'continue the unfinished audit with its sources and rules')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'at the end one line with a JSON object for each account')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Progress is shown on standard error: a bar on a terminal, JSON lines elsewhere.\n' +
          'KIND is shadow, passwd-file, htpasswd, vpopmail, ldif, list, sql or ldap (with a ' +
          'file such\n' +
          'as dovecot-sql.conf.ext).',
        examples: [
          ['sudo postern passwords audit', 'all sources of this server'],
          ['sudo postern passwords audit --source shadow:/etc/shadow --time 10m', ''],
          ['sudo postern passwords audit --resume', ''],
          ['sudo postern passwords audit --json | jq "select(.weak)"', ''],
        ],
        exits: [
          [0, 'everything was tried, or time was up'],
          [64, 'an unknown source or option'],
          noSource,
          [69, 'John is not installed, or the guard cannot be reached'],
          [75, 'another audit is running'],
          [77, 'John cannot be run in a sandbox: run the audit as root'],
          wrongConfig,
        ],
      }),
    )
    .action(async (options: AuditCommandOptions, command: Command) =>
      (await import('./audit.ts')).auditCommand(options, command),
    );
}

function sources(passwords: Command): void {
  passwords
    .command('sources')
    .summary('where this server keeps passwords')
    .description(
      'Reads the configuration of Dovecot, Postfix and the system, and lists where passwords ' +
        'are stored.',
    )
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({ examples: [['postern passwords sources', '']], exits: [done, wrongConfig] }),
    )
    .action(async (options: ListOptions, command: Command) =>
      (await import('./list.ts')).sourcesCommand(options, command),
    );
}

function list(passwords: Command): void {
  passwords
    .command('list')
    .summary('accounts, their schemes, and who is weak')
    .description('Lists the accounts of the sources, or the accounts that audits found weak.')
    .option('--source <source>', sourceHelp, several)
    .option('--weak', 'only accounts known to be weak, and what to do; reads no source')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON array')
    .option('--json-lines', 'a JSON object for each account, one a line')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern passwords list --weak', ''],
          ['sudo postern passwords list --source passwd-file:/etc/dovecot/users', ''],
        ],
        exits: [done, [1, 'a source could not be read'], noSource, wrongConfig],
      }),
    )
    .action(async (options: ListOptions, command: Command) =>
      (await import('./list.ts')).listCommand(options, command),
    );
}

function show(passwords: Command): void {
  passwords
    .command('show')
    .summary('one account with a weak password')
    .description(
      'Shows how weak a password is, since when, whether the owner was told, and what to do.',
    )
    .argument('<name>', 'the account')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern passwords show joe@example.org', '']],
        exits: [done, [67, 'the account is not known to have a weak password'], wrongConfig],
      }),
    )
    .action(async (name: string, options: ListOptions, command: Command) =>
      (await import('./list.ts')).showCommand(name, options, command),
    );
}

function notify(passwords: Command): void {
  passwords
    .command('notify')
    .summary('write to the owners of weak passwords')
    .description(
      'Writes a mail to each owner who was not told yet, in the languages of ' +
        'passwords.languages, and a list to notices.mail_to. The mail contains no password and ' +
        'no link.',
    )
    .argument('[names...]', 'accounts (default: all that are weak)')
    .option('--again', 'also to owners who were told before')
    .option('--dry-run', 'show the mails and send nothing')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern passwords notify --dry-run', ''],
          ['postern passwords notify joe@example.org --again', ''],
        ],
        exits: [
          done,
          [1, 'a mail was not accepted'],
          [67, 'the account is not known to have a weak password'],
          wrongConfig,
        ],
      }),
    )
    .action(async (names: readonly string[], options: WeakOptions, command: Command) =>
      (await import('./tell.ts')).notifyCommand(names, options, command),
    );
}

function requireChange(passwords: Command): void {
  passwords
    .command('require-change')
    .summary('have weak passwords changed at the next login')
    .description(
      'Makes owners change a weak password at the next login: runs ' +
        'passwords.require_change_command once for each account.',
    )
    .argument('[names...]', 'accounts with a weak password')
    .option('--all', 'all that are weak')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['sudo postern passwords require-change joe', '']],
        exits: [
          done,
          [1, 'the command failed for at least one account'],
          [67, 'the account is not known to have a weak password'],
          wrongConfig,
        ],
      }),
    )
    .action(async (names: readonly string[], options: WeakOptions, command: Command) =>
      (await import('./tell.ts')).requireChangeCommand(names, options, command),
    );
}

function forget(passwords: Command): void {
  passwords
    .command('forget')
    .summary('take accounts off the list of weak passwords')
    .description(
      'Takes accounts off the list of weak passwords. Use it for accounts that no audit will see ' +
        'again, such as those of a deleted file. The guard and doctor then no longer count them ' +
        'as weak. An audit that finds such an account weak again puts it back on the list.',
    )
    .argument('[names...]', 'accounts with a weak password')
    .option('--source <source>', 'all accounts of this source; may be given again', several)
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['sudo postern passwords forget --source list:/root/accounts', '']],
        exits: [done, [67, 'the account is not known to have a weak password'], wrongConfig],
      }),
    )
    .action(async (names: readonly string[], options: WeakOptions, command: Command) =>
      (await import('./tell.ts')).forgetCommand(names, options, command),
    );
}

function check(passwords: Command): void {
  passwords
    .command('check')
    .summary('check whether a new password is good enough')
    .description(
      'Reads one password from standard input and checks it with zxcvbn, your lists, and leaks ' +
        'if passwords.range_files or passwords.range_service is set. For pam_exec ' +
        '(expose_authtok); with --checkpassword for Dovecot; with --listen for web panels.',
    )
    .argument('[reply...]', 'with --checkpassword: the program that Dovecot names')
    .option('--account <name>', 'the account that gets the password (default: PAM_USER)')
    .option('--checkpassword', 'act as a passdb of Dovecot: login and password on descriptor 3')
    .option(
      '--listen <address>',
      'serve HTTP on inet:HOST:PORT or unix:/PATH: POST the password, account in X-Account',
    )
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object: ok, score, why, advice')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern passwords check --account joe@example.org < file', ''],
          ['postern passwords check --listen unix:/run/postern/passwords.sock', ''],
          [
            'password requisite pam_exec.so expose_authtok stdout /usr/local/bin/postern ' +
              'passwords check',
            'a line in /etc/pam.d; see docs/passwords.md, also for Dovecot',
          ],
        ],
        exits: [[0, 'good'], [1, 'weak; prints why'], wrongConfig],
      }),
    )
    .action(async (reply: readonly string[], options: CheckCommandOptions, command: Command) =>
      (await import('./check.ts')).checkCommand(reply, options, command),
    );
}

function processorsOption(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1_024) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1024.');
  }
  return count;
}
