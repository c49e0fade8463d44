/**
 * `postern checklist`: every measure that helps, whether it is in place, and what to do next. Exit
 * 0 if nothing is broken, else 1.
 */
import type { Command } from 'commander';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import { topLine } from '../../core/checklist/items/order.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { installedConfig } from '../config/usual-config.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { several } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { type GatheredChecklist, type GatherOptions, readChecklist } from './gather.ts';
import { checklistText, itemText } from './text.ts';

type Options = GatherOptions & { readonly all?: true; readonly json?: true };

export function register(program: Command): void {
  const command = program
    .command('checklist')
    .summary('every measure that helps: what is done, what is next')
    .description(
      'Lists every measure that keeps mail arriving and accounts safe: what is broken, what is ' +
        'missing, what is done; how long it takes, what it prevents, who requires it. Easy and ' +
        'cheap measures come first. Postern finds out each: from its guard, from Postfix ' +
        'and Dovecot, from the DNS, and by a probe of this machine.',
    );
  withOptions(command)
    .option('--all', 'also what is done or not needed')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'The probe tests this machine as a stranger would (postern probe). What only root can\n' +
          'read is unknown for other users.',
        examples: [
          ['sudo postern checklist', 'what is open, and the next step'],
          ['postern checklist show dns.spf', 'one item: why, and how'],
          ['postern checklist --json | jq \'.items[] | select(.state == "broken")\'', ''],
        ],
        exits: [
          [0, 'nothing is broken; something may be missing or unknown'],
          [1, 'at least one item is broken'],
          [64, 'there is no such item'],
          [78, 'the configuration has an error'],
        ],
      }),
    )
    .action(async (options: Options, self: Command) => {
      const list = await read(options);
      print(self, options.json === true ? jsonLine(json(list.items)) : listText(list, options));
      await ended(list, list.items);
    });
  registerShow(command);
}

function withOptions(command: Command): Command {
  return command
    .option('--state <dir>', stateHelp)
    .option('--config <file>', `configuration (default: ${installedConfig}, if it is there)`)
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option(
      '--domain <name>',
      'a domain to check in the DNS; may be repeated (default: all that are known)',
      several,
    )
    .option('--no-probe', 'do not test this machine as a stranger would')
    .option('--json', 'one JSON object instead of text');
}

function registerShow(checklist: Command): void {
  withOptions(checklist.command('show'))
    .description('Shows one item: what was found, what it prevents, and how to put it in place.')
    .argument('<item>', 'its name, such as dns.spf')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern checklist show signing.keys', '']],
        exits: [
          [0, 'it is not broken'],
          [1, 'it is broken'],
          [64, 'there is no such item'],
        ],
      }),
    )
    .action(async (id: string, own: Options, self: Command) => {
      const options: Options = { ...checklist.opts(), ...own };
      const list = await read(options);
      const item = list.items.find((one) => one.id === id);
      if (item === undefined) throw noItem(id, list.items);
      print(self, options.json === true ? jsonLine(json([item])) : itemText(item));
      await ended(list, [item]);
    });
}

function json(items: readonly ChecklistItem[]): { readonly items: readonly unknown[] } {
  return {
    items: items.map(({ due, ...item }) =>
      due === undefined
        ? item
        : { ...item, due: { at: new Date(due.at).toISOString(), what: due.what } },
    ),
  };
}

async function read(options: Options): Promise<GatheredChecklist> {
  const isShown = process.stderr.isTTY;
  const list = await readChecklist(options, {
    now: Date.now() as Millis,
    ...(isShown ? { progress: showProgress } : {}),
  });
  if (isShown) process.stderr.write('\r\u001b[K');
  return list;
}

const openShown = 4;

function showProgress(done: number, all: number, open: readonly string[]): void {
  const names = open.slice(0, openShown).join(', ');
  process.stderr.write(`\r\u001b[Kreading: ${done} of ${all} (${names})`);
}

function listText(list: GatheredChecklist, options: Options): string {
  const show = (id: string): string => `postern checklist show ${id}`;
  return checklistText({
    top: topLine(list.items, Date.now() as Millis, show),
    items: list.items,
    isWhole: options.all === true,
    sources: list.sources,
    unread: [...list.unread],
    notes: list.notes,
  });
}

function noItem(id: string, items: readonly ChecklistItem[]): OperatorError {
  const [group = ''] = id.split('.');
  const near = items.map((item) => item.id).filter((one) => one.startsWith(`${group}.`));
  const hint =
    near.length > 0 ? `there is: ${near.sort().join(', ')}` : 'see: postern checklist --all';
  return new OperatorError('no-item', `there is no item ${id}`, { hint, exit: sysexits.usage });
}

/** Ends the process where a source that is late would keep it. */
async function ended(
  { abandoned }: GatheredChecklist,
  items: readonly ChecklistItem[],
): Promise<void> {
  const code = items.some(({ state }) => state === 'broken') ? 1 : 0;
  if (code !== 0) process.exitCode = code;
  if (!abandoned) return;
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}
