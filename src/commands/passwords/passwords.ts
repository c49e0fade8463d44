/**
 * `postern passwords`: which accounts have passwords that can be guessed, and what follows. The
 * work is loaded when asked for.
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
      'Finds out whose password can be guessed, with John the Ripper, and sees to it that it is changed. What is found is ' +
        'never shown, kept or logged: not by Postern, and not by John.',
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
      'Tries on every account what an attacker would try first: its own names, common passwords, walks over the keyboard, ' +
        'seasons with years, leaked lists, and these varied by rule. At the lowest priority, within a time; the next audit ' +
        'goes on where this one ended, tries changed passwords first, and never the same twice.',
    )
    .option('--source <source>', sourceHelp, several)
    .option('--rules <names>', "sections of John's rules for the end, with commas, or none")
    .option('--list <file>', 'a further list of leaked passwords; may be given again', several)
    .option('--quick', 'only what is guessed in under a second')
    .option('--time <duration>', 'end after this long (default: passwords.time)', durationOption)
    .option('--cpus <n>', 'processors to use (default: passwords.processors)', processorsOption)
    .option('--resume', 'take up the audit that did not end, with its sources and rules')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'at the end one JSON object a line for each account')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'How it gets on is shown on standard error: a bar on a terminal, JSON lines elsewhere.\n' +
          'KIND is shadow, passwd-file, htpasswd, vpopmail, ldif, list, sql or ldap (files such as dovecot-sql.conf.ext).',
        examples: [
          ['sudo postern passwords audit', 'where this server keeps them'],
          ['sudo postern passwords audit --source shadow:/etc/shadow --time 10m', ''],
          ['sudo postern passwords audit --resume', ''],
          ['sudo postern passwords audit --json | jq "select(.weak)"', ''],
        ],
        exits: [
          [0, 'done, or as far as time allowed'],
          [64, 'an unknown source or option'],
          noSource,
          [69, 'John is not installed, or the guard cannot be reached'],
          [75, 'another audit is under way'],
          [77, 'John cannot be run apart from your home folder: run it as root'],
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
      'Looks into the configuration of Dovecot, Postfix and the system for the places where passwords are kept.',
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
    .description('Lists the accounts of the sources; or, of the last audits, those that are weak.')
    .option('--source <source>', sourceHelp, several)
    .option('--weak', 'only those known to be weak, with what to do; reads no source')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object a line for each account; with --weak one array')
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
      'Shows how weak a password is, since when, whether its owner was told, and what to do.',
    )
    .argument('<name>', 'the account')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern passwords show joe@example.org', '']],
        exits: [done, [67, 'it is not known to be weak'], wrongConfig],
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
      'Writes to each owner who was not told yet, in passwords.languages, and a list to notices.mail_to. The mail names no ' +
        'password and has no link.',
    )
    .argument('[names...]', 'accounts (default: all that are weak)')
    .option('--again', 'also to those who were told')
    .option('--dry-run', 'show the mails, send none')
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
        exits: [done, [1, 'a mail was not taken'], [67, 'not known to be weak'], wrongConfig],
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
    .description('Runs passwords.require_change_command for each account.')
    .argument('[names...]', 'accounts with a weak password')
    .option('--all', 'all that are weak')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['sudo postern passwords require-change joe', '']],
        exits: [done, [1, 'the command failed for one'], [67, 'not known to be weak'], wrongConfig],
      }),
    )
    .action(async (names: readonly string[], options: WeakOptions, command: Command) =>
      (await import('./tell.ts')).requireChangeCommand(names, options, command),
    );
}

function forget(passwords: Command): void {
  passwords
    .command('forget')
    .summary('take accounts off the list of the weak')
    .description(
      'For what no audit will see again, such as a file that is gone: these accounts count as weak no more, for the guard ' +
        'and for doctor. The next audit that still finds one weak puts it back.',
    )
    .argument('[names...]', 'accounts with a weak password')
    .option('--source <source>', 'all of this source; may be given again', several)
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['sudo postern passwords forget --source list:/root/accounts', '']],
        exits: [done, [67, 'not known to be weak'], wrongConfig],
      }),
    )
    .action(async (names: readonly string[], options: WeakOptions, command: Command) =>
      (await import('./tell.ts')).forgetCommand(names, options, command),
    );
}

function check(passwords: Command): void {
  passwords
    .command('check')
    .summary('is a new password good enough')
    .description(
      'Reads one password from standard input and says whether it is good: zxcvbn, your lists, and leaks where ranges are ' +
        'set up. For pam_exec (expose_authtok), with --checkpassword for Dovecot, and with --listen for web panels.',
    )
    .argument('[reply...]', 'with --checkpassword: the program that Dovecot names')
    .option('--account <name>', 'whose it will be (default: PAM_USER)')
    .option('--checkpassword', 'as a passdb of Dovecot: login and password on descriptor 3')
    .option(
      '--listen <address>',
      'inet:HOST:PORT or unix:/PATH: POST the password, X-Account beside it',
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
            'password requisite pam_exec.so expose_authtok stdout /usr/local/bin/postern passwords check',
            'in /etc/pam.d; docs/passwords.md has the rest, and Dovecot’s',
          ],
        ],
        exits: [[0, 'good'], [1, 'weak, and said why'], wrongConfig],
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
