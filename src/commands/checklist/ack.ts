/**
 * `postern checklist ack`: an operator knows an item and takes it as it is for some time.
 * `postern checklist history`: when each item became done or broke, and who found it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import { ackDaysMax } from '../../core/checklist/memory/ack.ts';
import { nearNames } from '../../core/checklist/memory/near-items.ts';
import type { ChecklistChange } from '../../core/checklist/memory/remember.ts';
import { openLedger } from '../../ledger/sqlite/open.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { ChecklistView } from '../../ports/checklist/checklist.ts';
import { connectToGuard, queryText } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { isNotRunning, stateDirectory } from '../guard/run-file.ts';
import { plain } from '../terminal/format.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { countOption } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { clock, table } from '../terminal/table.ts';

type Common = { readonly state?: string; readonly json?: true };
type AckOptions = Common & { readonly days: number; readonly note: string; readonly undo?: true };
type HistoryOptions = Common & { readonly limit: number };

const usualDays = 90;

/** The error that no item has this name, with near ones, else with those of the same group. */
export function noItem(id: string, ids: readonly string[]): OperatorError {
  const near = nearNames(id, ids);
  const [group = ''] = id.split('.');
  const beside = ids.filter((one) => one.startsWith(`${group}.`)).toSorted();
  const names =
    near.length > 0 ? `did you mean: ${near.join(', ')}` : `there is: ${beside.join(', ')}`;
  const hint = near.length + beside.length > 0 ? names : 'see: postern checklist --all';
  return new OperatorError('no-item', `there is no item ${plain(id)}`, {
    hint,
    exit: sysexits.usage,
  });
}

export function registerAck(checklist: Command): void {
  checklist
    .command('ack')
    .description(
      'Acknowledges an item: you know how it is and leave it so. Until the days are over, or ' +
        'until it gets worse, it does not make `postern checklist` end with 1.',
    )
    .argument('<item>', 'its name, such as dns.spf')
    .option('--days <n>', 'for how many days', daysOption, usualDays)
    .option('--note <text>', 'why, for those who read it later', '')
    .option('--undo', 'take it back')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern checklist ack dns.mta-sts --days 90 --note "after the move"', ''],
          ['postern checklist ack dns.mta-sts --undo', ''],
        ],
        exits: [
          exitCodes.done,
          [1, 'not done: the item is done, or was not acknowledged'],
          [64, 'there is no such item'],
          exitCodes.notRunning,
        ],
      }),
    )
    .action(async (id: string, own: AckOptions, self: Command) => {
      const options: AckOptions = { ...checklist.opts(), ...own };
      becomeOwnerOf(stateDirectory(options.state));
      const guard = await connectToGuard(options.state);
      const { items, last } = await guard.read<ChecklistView>('/checklist');
      if (last === undefined) throw notRead();
      const ids = items.map((item: ChecklistItem) => item.id);
      if (!ids.includes(id)) throw noItem(id, ids);
      const days = options.undo === true ? 0 : options.days;
      const done = await guard.act('/checklist/ack', { id, days, note: options.note });
      print(self, options.json === true ? jsonLine(done) : `${plain(done.text)}\n`);
    });
}

function daysOption(text: string): number {
  const days = countOption(text);
  if (days > ackDaysMax) throw new InvalidArgumentError(`It may be at most ${ackDaysMax}.`);
  return days;
}

function notRead(): OperatorError {
  return new OperatorError('not-read', 'the guard knows no state of the checklist yet', {
    hint: 'run `postern checklist` first; it reports to the guard',
    exit: sysexits.unavailable,
  });
}

export function registerHistory(checklist: Command): void {
  checklist
    .command('history')
    .description(
      'Shows when items became done or broke and who found it, and who acknowledged them. ' +
        `The last 200 lines of each item are kept. ${fromLedger}`,
    )
    .argument('[item]', 'only this item')
    .option('--limit <n>', 'how many lines at most, the newest', countOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array instead of text')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern checklist history', ''],
          ['postern checklist history dns.spf --json', ''],
        ],
        exits: [exitCodes.done, [64, 'there is no such item'], exitCodes.nothingToRead],
      }),
    )
    .action(async (id: string | undefined, own: HistoryOptions, self: Command) => {
      const options: HistoryOptions = { ...checklist.opts(), ...own };
      const { changes, ids } = await readHistory(options, id);
      if (id !== undefined && !ids.includes(id) && changes.length === 0) throw noItem(id, ids);
      print(self, options.json === true ? jsonLine(changes.map(json)) : historyText(changes));
    });
}

type History = {
  readonly changes: readonly ChecklistChange[];
  readonly ids: readonly string[];
};

/** Lines in one answer of the API. */
const linesMax = 1_000;

async function readHistory(options: HistoryOptions, id: string | undefined): Promise<History> {
  const folder = stateDirectory(options.state);
  becomeOwnerOf(folder);
  const limit = Math.min(options.limit, linesMax);
  try {
    const guard = await connectToGuard(options.state);
    const { items } = await guard.read<ChecklistView>('/checklist');
    const ids = items.map((item) => item.id);
    if (id !== undefined && !/^[\w.:@-]{1,200}$/.test(id)) return { changes: [], ids };
    return { changes: await guard.read(`/checklist/history${queryText({ id, limit })}`), ids };
  } catch (error) {
    const path = join(folder, 'ledger.db');
    if (!isNotRunning(error) || !existsSync(path)) throw error;
    const ledger = openLedger(path, { readOnly: true });
    try {
      const ids = ledger.checklistItems().map(({ item }) => item.id);
      return {
        changes: ledger.checklistChanges(id === undefined ? { limit } : { id, limit }),
        ids,
      };
    } finally {
      ledger.close();
    }
  }
}

function json({ at, ...change }: ChecklistChange): unknown {
  return { at: new Date(at).toISOString(), ...change };
}

function historyText(changes: readonly ChecklistChange[]): string {
  if (changes.length === 0) return 'Nothing yet: each run of `postern checklist` is compared.\n';
  const columns = ['when', 'item', 'what', 'by', 'found'].map((title) => ({ title }));
  return table(
    columns,
    changes.map((change) => [
      clock(change.at),
      plain(change.id),
      whatText(change),
      plain(change.by),
      plain(change.text),
    ]),
  );
}

function whatText({ from, to, what }: ChecklistChange): string {
  if (what !== 'state') return what;
  return from === undefined ? to : `${from} → ${to}`;
}
