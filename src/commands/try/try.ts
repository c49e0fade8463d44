/** `postern try`: plays a hijack against the running guard, or sends a test notice. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { tryDomain } from '../../core/made-up.ts';
import { type WebhookFormat, webhookFormats } from '../../core/notice-format.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { parseMilterAddress } from '../../partners/milter/client.ts';
import type { StatusView } from '../../ports/admin.ts';
import type { ExplainAnswer } from '../../ports/asking.ts';
import { act } from '../guard/act.ts';
import { connectToGuard, type GuardClient, nothingThere } from '../guard/client.ts';
import { pinnedSocket } from '../guard/owned-file.ts';
import { neededDoor, stateDirectory } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { countOption, rateOption } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { playHijack } from './hijack.ts';
import { previewText } from './notice-preview.ts';
import { sceneText, tallyText } from './try-text.ts';

type Options = { readonly state?: string; readonly json?: true };
type UndoOptions = Options & { readonly undo?: true };
type HijackOptions = Options & {
  readonly account?: string;
  readonly messages: number;
  readonly rate: number;
};

const { done, notRunning } = exitCodes;

export function register(program: Command): void {
  const trial = program
    .command('try')
    .summary('play a hijack against the running guard, or send a test notice')
    .description('Tests that the guard stops a hijacked account and that notices reach you.')
    .option('--undo', 'remove what plays left, also those of earlier versions')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern try hijack', 'watch a made-up hijacked account being stopped'],
          ['postern try --undo', 'remove the made-up accounts with all that is about them'],
        ],
        exits: [done, notRunning],
      }),
    );
  trial.action((options: UndoOptions) => {
    if (options.undo !== true) trial.help({ error: true });
    return act(trial, options, '/undo-tries');
  });
  hijack(trial);
  notice(trial);
}

const messagesOption: Option = new Option(
  '--messages <n>',
  'stop after N messages, even if the guard did nothing',
)
  .argParser(countOption)
  .default(100);

function hijack(trial: Command): void {
  const command = trial
    .command('hijack')
    .summary('watch a made-up hijacked account being stopped')
    .description(
      'Plays mail to the milter door as a mail server would: first honest mail of a few ' +
        'made-up accounts, then the same text from one of them to one new recipient after ' +
        'another, until the guard suspends it. Harmless: this command acts as the mail server, ' +
        'so nothing is delivered, even if a Postfix is connected to the guard.',
    )
    .option(
      '--account <name>',
      `name of the hijacked account, in ${tryDomain} (default: victim)`,
      victimOption,
    )
    .addOption(messagesOption)
    .option('--rate <n/s>', 'messages a second', rateOption, 5)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object at the end')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern try hijack', ''],
          ['postern try hijack --account eve --rate 50/s', 'a fast spammer'],
        ],
        exits: [
          [0, 'the account was suspended (in mode observe: it would have been)'],
          [1, 'all messages were played, and the account was not suspended'],
          notRunning,
        ],
        notes:
          `What stays until postern try --undo, or the next play: accounts ...@${tryDomain},\n` +
          'one of them suspended, with an incident, and entries in the list of held messages\n' +
          'without a real message (ids TRY...). You get a notice on each channel that is\n' +
          'configured. The audit trail keeps its entries.',
      }),
    );
  command.action(async () => {
    // `try` has --state and --json too, and takes them wherever they stand.
    const options = command.optsWithGlobals<HijackOptions>();
    const admin = await connectToGuard(options.state);
    const door = parseMilterAddress(neededDoor(admin.run, 'milter'));
    if (door === undefined) throw noDoor(admin.run.doors.milter);
    const state = stateDirectory(options.state);
    using pinned = 'path' in door ? pinnedSocket(door.path, { state, orRoot: true }) : undefined;
    const { mode } = await admin.read<StatusView>('/status');
    await admin.act('/undo-tries', {}); // what earlier plays left would hide this one
    const victim = options.account ?? `victim@${tryDomain}`;
    const say = (text: string): void => {
      if (options.json !== true) print(command, text);
    };
    const about = { victim, observed: mode === 'observe', perSecond: options.rate };
    say(opening(admin));
    const tally = await playHijack({
      ...about,
      door: pinned ?? door,
      messages: options.messages,
      tag: Date.now().toString(36),
      story: async (id) => (await known<ExplainAnswer>(admin, `/explain/${id}`))?.story,
      tell: (scene) => say(sceneText(scene, about)),
    }).catch((cause: unknown) => {
      throw broken(admin.run.doors.milter, cause);
    });
    print(
      command,
      options.json === true ? jsonLine({ ...about, ...tally }) : tallyText(tally, about),
    );
    if (tally.suspendedAt !== undefined) return;
    throw new OperatorError('not-stopped', `the guard did not suspend ${victim}`, {
      hint: `${options.messages} messages were played; give a larger --messages or --rate`,
      exit: 1,
    });
  });
}

function notice(trial: Command): void {
  const command = trial
    .command('notice')
    .summary('send a test notice on every channel')
    .description(
      'Lets the guard send a test notice on every channel that is configured (settings ' +
        'notices.mail_to and notices.webhook), and says which channel accepted it.',
    )
    .addOption(
      new Option(
        '--print <format>',
        'send nothing; print the request that brings a made-up suspension to such a webhook',
      ).choices(webhookFormats),
    )
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern try notice', ''],
          ['postern try notice --print slack', 'what notices.webhook_format = "slack" sends'],
        ],
        exits: [
          [0, 'every channel accepted it'],
          [1, 'no channel is configured, or one failed; the error says which'],
          notRunning,
        ],
      }),
    );
  command.action(async (options: { readonly print?: WebhookFormat }) => {
    if (options.print !== undefined) print(command, previewText(options.print));
    else await act(command, command.optsWithGlobals<Options>(), '/test-notice');
  });
}

/** Accepts only made-up accounts: a real one would really be suspended. */
function victimOption(text: string): string {
  const [name = '', domain = tryDomain, ...more] = text.split('@');
  if (domain !== tryDomain || more.length > 0 || !/^[\w.-]{1,64}$/.test(name)) {
    throw new InvalidArgumentError(
      `It must be a made-up name in ${tryDomain}: a real account would really be suspended.`,
    );
  }
  return `${name.toLowerCase()}@${tryDomain}`;
}

function known<Answer>(admin: GuardClient, path: string): Promise<Answer | undefined> {
  return admin.read<Answer>(path).catch(nothingThere);
}

function opening({ run }: GuardClient): string {
  const token = process.stdout.isTTY ? `/?token=${encodeURIComponent(run.token)}` : '/';
  const page =
    run.doors.http === 'off' ? '' : `Watch it on the status page: ${run.doors.http}${token}\n`;
  return (
    `Playing mail to ${run.doors.milter}. Nothing is delivered: this command acts as the mail ` +
    `server.\n${page}`
  );
}

function noDoor(address: string): OperatorError {
  return new OperatorError('no-milter-door', `the guard has no milter door (${address})`, {
    hint: 'set doors.milter in postern.toml and restart the guard',
    exit: sysexits.unavailable,
  });
}

function broken(address: string, cause: unknown): unknown {
  if (cause instanceof OperatorError) return cause;
  return new OperatorError('milter-failed', `the milter door at ${address} broke off the session`, {
    cause,
    hint: 'read the log of the guard: journalctl -u postern',
    exit: sysexits.unavailable,
  });
}
