/**
 * `postern scripts`: shows which scripts of this machine send mail, and sets what each may send.
 */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { patternFault } from '../../core/scripts/path-glob.ts';
import { entriesOf } from '../../core/scripts/rule-text.ts';
import type { RuleEffect, ScriptRate } from '../../core/scripts/rules.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { act } from '../guard/act.ts';
import { type GuardReads, openReads } from '../guard/reads.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { noOddScript, ruleListText, scriptListText, scriptText } from './scripts-text.ts';

type CommonOptions = { readonly state?: string; readonly json?: true };
type ListOptions = CommonOptions & {
  readonly like?: string;
  readonly rules?: true;
  readonly odd?: true;
  readonly limit: number;
};
type RuleOptions = CommonOptions & {
  readonly user?: number;
  readonly any?: true;
  readonly to?: readonly string[];
  readonly toFile?: readonly string[];
  readonly owner?: readonly string[];
  readonly from?: readonly string[];
  readonly rate?: ScriptRate;
  readonly note?: string;
};

const { done, notRunning, nothingToRead } = exitCodes;
const noSuch = [67, 'no such script has been seen'] as const;
const notDone = [1, 'the guard could not do it; prints why'] as const;
const pathHelp = 'path of the script (* is any part of a name, ** includes folders), or user:NAME';

export function register(program: Command): void {
  const scripts = program
    .command('scripts')
    .summary('which web scripts send mail, and what each may send')
    .description(
      'The register of senders that use sendmail on this machine: web scripts by path, and ' +
        'users (user:www-data) if no script is known. At first it only observes. With ' +
        'scripts.mode = "guard", Postern holds mail that no rule allows.',
    );
  list(scripts);
  show(scripts);
  for (const effect of ['allow', 'deny', 'observe'] as const) rule(scripts, effect);
  forget(scripts);
}

function list(scripts: Command): void {
  scripts
    .command('list')
    .summary('scripts that send, how much and to which recipients; newest mail first')
    .description(
      'Lists the scripts and users that sent mail with sendmail, newest mail first: how much, to ' +
        'which recipients, and which rule they have.',
    )
    .option('--like <text>', 'only scripts with this text in the path or user')
    .option('--odd', 'only scripts with odd mail: outside a rule, or with injected header fields')
    .option('--rules', 'list the rules instead')
    .option('--limit <n>', 'number of scripts, at most', listLimitOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: mode, scripts, rules, known')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern scripts list', ''],
          ['postern scripts list --odd', 'web forms that may be abused'],
          ['postern scripts list --rules', ''],
          ['postern stats --by script', 'which web script sends spam?'],
        ],
        exits: [done, nothingToRead],
        notes:
          'ODD counts messages outside a rule or with injected header fields. If the guard ' +
          'is not\n' +
          'running, the command reads its ledger instead.',
      }),
    )
    .action(async (options: ListOptions, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const { like, limit } = options;
      const all = await reads.scripts({ limit, ...(like === undefined ? {} : { like }) });
      const odd = options.odd === true ? all.scripts.filter((one) => one.odd > 0) : all.scripts;
      const found = options.odd === true ? { ...all, scripts: odd, known: odd.length } : all;
      if (options.json === true) print(command, jsonLine(found));
      else if (options.rules === true) print(command, ruleListText(found));
      else if (all.known > 0 && found.known === 0) print(command, noOddScript);
      else print(command, scriptListText(found));
    });
}

function show(scripts: Command): void {
  scripts
    .command('show')
    .summary('one script: what it sent, and its rule or a suggested rule')
    .description('Shows what a script sent, and its rule or a suggested rule.')
    .argument('<script>', 'path of the script, or user:NAME')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array: an object for each user that runs it')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern scripts show /var/www/shop/contact.php', ''],
          ['postern held list --account script:/var/www/shop/contact.php', 'its held mail'],
        ],
        exits: [done, noSuch, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (script: string, options: CommonOptions, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      // The guard searches for a part of the name; only exact matches are wanted here.
      const { scripts: near, rules } = await reads.scripts({
        like: script.slice(0, 256),
        limit: 1_000,
      });
      const exact = near.filter(({ account, subject }) => subject === script || account === script);
      if (exact.length === 0) {
        throw new OperatorError('no-such', `no script ${script} has sent mail`, {
          hint:
            'see: postern scripts list' +
            (near.length === 0 ? '' : `; did you mean ${near[0]?.subject}?`),
          exit: sysexits.noUser,
        });
      }
      const whole = [];
      for (const one of exact) whole.push({ ...one, stories: await storiesOf(reads, one.account) });
      if (options.json === true) print(command, jsonLine(whole));
      else {
        const texts = whole.map(({ stories, ...one }) => scriptText(one, rules, stories));
        print(command, texts.join('\n'));
      }
    });
}

async function storiesOf(reads: GuardReads, account: string) {
  try {
    return (await reads.account(account)).stories;
  } catch {
    return []; // the guard never judged mail of this account
  }
}

const about: Readonly<Record<RuleEffect, readonly [string, string]>> = {
  allow: [
    'allow a script to send, within limits',
    'Sets to which recipients a script may write, with which sender addresses and how often. In ' +
      'guard mode, Postern holds other mail of the script and says why.',
  ],
  deny: [
    'hold all mail of a script',
    'In guard mode, Postern holds all mail of a script until an operator releases it. Nothing ' +
      'is deleted.',
  ],
  observe: [
    'allow all mail of a script, and watch it',
    'The register holds no mail of the script, even in guard mode. Odd mail is still counted.',
  ],
};

function rule(scripts: Command, effect: RuleEffect): void {
  const [summary, description] = about[effect];
  const command = scripts
    .command(effect)
    .summary(summary)
    .description(description)
    .argument('<script>', pathHelp, path)
    .option('--user <name>', 'only when this user runs it (name or number)', userOption);
  if (effect !== 'deny') recipientOptions(command);
  command
    .option('--note <text>', 'reason; kept with the rule', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: examples[effect],
        exits: [done, notDone, [64, 'an address or a path is invalid'], notRunning],
        notes:
          'It replaces a rule with the same path and user. If several rules fit, the one with ' +
          'the most\n' +
          'specific path counts. A rule without --user applies to the owner of the script and ' +
          'for the web\n' +
          'server (users below 1000); other users who name the script need a rule with --user. ' +
          'The last\n' +
          'line of the output is the command that undoes this one.',
      }),
    )
    .action((script: string, options: RuleOptions) =>
      act(command, options, '/scripts/rule', ruleBody(effect, script, options)),
    );
}

const examples: Readonly<Record<RuleEffect, readonly (readonly [string, string])[]>> = {
  allow: [
    [
      'postern scripts allow /var/www/shop/contact.php --owner info@shop.example',
      'to its owner and one visitor a message',
    ],
    ["postern scripts allow '/var/www/shop/**' --to @shop.example --from @shop.example", ''],
    ['postern scripts allow /var/www/club/list.php --to-file members.txt --rate 200/1d', ''],
    ['postern scripts allow user:backup --to root@here.example', 'mail of a user without a script'],
  ],
  deny: [
    [
      "postern scripts deny '/var/www/*/wp-content/uploads/**'",
      'no script belongs in a folder for uploads',
    ],
  ],
  observe: [['postern scripts observe /var/www/shop/newsletter.php', '']],
};

function recipientOptions(command: Command): void {
  const more = (text: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    ...entriesOption(text),
  ];
  command
    .addOption(new Option('--any', 'to all recipients').conflicts(['to', 'toFile', 'owner']))
    .option(
      '--to <address>',
      'only to this recipient: an address, @domain or @*.domain; may be repeated',
      more,
    )
    .option(
      '--to-file <file>',
      'only to the recipients in this file, one a line; the file is read once, now',
      (file: string, before: readonly string[] = []) => [
        ...before,
        ...entriesOption(readList(file)),
      ],
    )
    .addOption(
      new Option('--owner <address>', 'to this owner, and one visitor a message; may be repeated')
        .argParser(more)
        .conflicts(['to', 'toFile']),
    )
    .option('--from <address>', 'only with this sender (From, envelope); may be repeated', more)
    .option(
      '--rate <n/time>',
      'at most this many messages in this time, such as 20/1h',
      rateOption,
    );
}

function ruleBody(
  effect: RuleEffect,
  script: string,
  options: RuleOptions,
): Readonly<Record<string, unknown>> {
  const { any, owner, from, rate, note, user } = options;
  const listed = [...(options.to ?? []), ...(options.toFile ?? [])];
  if (effect === 'allow' && any !== true && owner === undefined && listed.length === 0) {
    throw new OperatorError('usage', 'name the recipients: --owner, --to, --to-file or --any', {
      hint: `postern scripts show ${script} suggests a rule`,
      exit: sysexits.usage,
    });
  }
  const recipients =
    owner !== undefined
      ? { kind: 'owner-and-visitor', owners: owner }
      : listed.length > 0
        ? { kind: 'listed', entries: listed }
        : { kind: 'any' };
  return {
    effect,
    path: script,
    recipients,
    from: from ?? [],
    ...(user === undefined ? {} : { uid: user }),
    ...(rate === undefined ? {} : { rate }),
    ...(note === undefined ? {} : { note }),
  };
}

function forget(scripts: Command): void {
  const command = scripts
    .command('forget')
    .summary('remove a rule')
    .description(
      'Removes a rule. Mail of the script then has no rule, unless another rule matches.',
    )
    .argument('<rule>', 'name (r3) or path of the rule')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern scripts forget r3', '']],
        exits: [done, notDone, notRunning],
        notes: 'The last line of the output is the command that makes the rule again.',
      }),
    );
  command.action((which: string, options: CommonOptions) =>
    act(command, options, '/scripts/forget', { rule: which }),
  );
}

function path(text: string): string {
  const fault = patternFault(text);
  if (fault !== undefined) throw new InvalidArgumentError(`It cannot be a script: ${fault}.`);
  return text;
}

function entriesOption(text: string): readonly string[] {
  const entries = entriesOf(text);
  if (entries !== undefined && entries.length > 0) return entries;
  throw new InvalidArgumentError('It must be 1 to 1000 of: an address, @domain, @*.domain.');
}

function readList(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new InvalidArgumentError(`It cannot be read: ${faultText(cause)}.`);
  }
}

/** `20/1h`: at most 20 messages in 1 hour. */
function rateOption(text: string): ScriptRate {
  const [, count = '', time = ''] = /^(\d{1,4})\/(.+)$/.exec(text) ?? [];
  const messages = Number(count);
  const perMs = parseDuration(/^\d/.test(time) ? time : `1${time}`);
  if (perMs !== undefined && perMs >= 1_000 && messages >= 1 && messages <= 1_000) {
    return { messages, perMs };
  }
  throw new InvalidArgumentError('It must be like 20/1h or 200/1d, with at most 1000 messages.');
}

function userOption(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === text && uid !== undefined) return Number(uid);
  }
  throw new InvalidArgumentError(`There is no user ${text} in /etc/passwd; give its number.`);
}
