/**
 * `postern checklist`: every measure that helps, whether it is in place, and what to do next. Exit
 * 0 if nothing is broken that is not acknowledged, else 1. A run reports to the guard, which keeps
 * the history (memory.ts).
 */
import { type Command, Option } from 'commander';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import { topLine } from '../../core/checklist/items/order.ts';
import {
  type Acknowledgement,
  unacknowledged,
  withoutAcknowledged,
} from '../../core/checklist/memory/ack.ts';
import { nightlyName } from '../../core/checklist/memory/remember.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { installedConfig } from '../config/usual-config.ts';
import { connectToGuard } from '../guard/client.ts';
import { dayText, plain } from '../terminal/format.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { several } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { noItem, registerAck, registerHistory } from './ack.ts';
import { type GatheredChecklist, type GatherOptions, readChecklist } from './gather.ts';
import { type Memory, remembered, report } from './memory.ts';
import { itemHere } from './own.ts';
import { checklistText, itemText } from './text.ts';

type Options = GatherOptions & {
  readonly all?: true;
  readonly json?: true;
  readonly nightly?: true;
  readonly store?: true;
};

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
    .option('--nightly', 'report to the guard, which tells what changed since the last night')
    .addOption(new Option('--store', 'only report to the guard, at its start').hideHelp())
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
          [0, 'nothing is broken, or all of that is acknowledged'],
          [1, 'at least one item is broken and not acknowledged'],
          [64, 'there is no such item'],
          [66, 'there is no such folder of Postfix'],
          [69, 'with --nightly: no guard is running'],
          [78, 'the configuration has an error'],
        ],
      }),
    )
    .action(async (options: Options, self: Command) => {
      if (options.nightly === true || options.store === true) return keep(options);
      const list = await read(options);
      // A run about some domains, or about another Postfix, says nothing about the whole.
      const isWhole = options.domain === undefined && options.configDir === undefined;
      const memory = await remembered(options.state, list.items, { isWhole });
      const now = Date.now() as Millis;
      const here = { ...list, items: list.items.map(itemHere) };
      print(
        self,
        options.json === true
          ? jsonLine(json(here.items, memory.acks))
          : listText(withMemory(here, memory, now), options, memory.acks),
      );
      const blocking = unacknowledged(list.items, memory.acks, now);
      setExit(blocking);
    });
  registerShow(command);
  registerAck(command);
  registerHistory(command);
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
          [0, 'it is not broken, or that is acknowledged'],
          [1, 'it is broken'],
          [64, 'there is no such item'],
        ],
      }),
    )
    .action(async (id: string, own: Options, self: Command) => {
      const options: Options = { ...checklist.opts(), ...own };
      const list = await read(options);
      const item = list.items.map(itemHere).find((one) => one.id === id);
      if (item === undefined) {
        const ids = list.items.map((one) => one.id);
        throw noItem(id, ids);
      }
      const { acks } = await remembered(options.state, [], { isWhole: false });
      const now = Date.now() as Millis;
      const ack = acks.find((one) => one.id === id);
      print(
        self,
        options.json === true
          ? jsonLine(json([item], acks))
          : itemText(item) + (ack === undefined ? '' : `    ${ackText(ack, now)}\n`),
      );
      setExit(unacknowledged([item], acks, now));
    });
}

function json(
  items: readonly ChecklistItem[],
  acks: readonly Acknowledgement[],
): { readonly items: readonly unknown[] } {
  const iso = (at: Millis): string => new Date(at).toISOString();
  return {
    items: items.map(({ due, ...item }) => {
      const ack = acks.find(({ id }) => id === item.id);
      return {
        ...item,
        ...(due === undefined ? {} : { due: { at: iso(due.at), what: due.what } }),
        ...(ack === undefined
          ? {}
          : { acknowledged: { until: iso(ack.until), by: ack.by, note: ack.note } }),
      };
    }),
  };
}

/** Reports to the guard, and prints what it did with that. */
async function keep(options: Options): Promise<void> {
  const nightly = options.nightly === true;
  // What such a run does not see would be gone from the list.
  if (options.domain !== undefined || options.configDir !== undefined) {
    const text = '--nightly is about the whole server, so it takes no --domain and no --config-dir';
    throw new OperatorError('usage', text, { exit: sysexits.usage });
  }
  const guard = await connectToGuard(options.state);
  const list = await read(options);
  await report(guard, list.items, { nightly, by: nightly ? nightlyName : 'guard' });
}

/** The list with what is acknowledged, and whether this run was kept, below it. */
function withMemory(
  list: GatheredChecklist,
  { acks, note }: Memory,
  now: Millis,
): GatheredChecklist {
  const listed = acks.filter(({ id }) => list.items.some((item) => item.id === id));
  const texts = listed.map((ack) => `${ack.id}: ${ackText(ack, now)}`);
  return { ...list, notes: [...list.notes, ...texts, ...(note === '' ? [] : [note])] };
}

function ackText({ by, note, state, until }: Acknowledgement, now: Millis): string {
  const why = note === '' ? '' : ` (${plain(note)})`;
  const end = now < until ? `until ${dayText(until)}` : `until ${dayText(until)}, which is over`;
  return `acknowledged as ${state} by ${plain(by)}, ${end}${why}`;
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

function listText(
  list: GatheredChecklist,
  options: Options,
  acks: readonly Acknowledgement[],
): string {
  const now = Date.now() as Millis;
  const show = (id: string): string => `postern checklist show ${id}`;
  return checklistText({
    top: topLine({ all: list.items, open: withoutAcknowledged(list.items, acks, now) }, now, show),
    items: list.items,
    isWhole: options.all === true,
    sources: list.sources,
    unread: [...list.unread],
    notes: list.notes,
  });
}

function setExit(blocking: readonly ChecklistItem[]): void {
  if (blocking.length > 0) process.exitCode = 1;
}
