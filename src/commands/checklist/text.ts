/** The checklist as text: the line on top, what is open, and how much is done. Pure. */
import type { ChecklistItem, ItemState } from '../../core/checklist/items/item.ts';
import { itemStates } from '../../core/checklist/items/order.ts';
import { dayText, many, plain } from '../terminal/format.ts';
import { paint, printWidth, wrapped } from '../terminal/table.ts';

const widthMax = 100;
const indent = '    ';
const labelWidth = 10;

function lineWidth(): number {
  return Math.min(widthMax, printWidth());
}

type Colour = 'red' | 'yellow' | 'green' | 'dim';
const marks: Readonly<Record<ItemState, readonly [string, Colour]>> = {
  broken: ['✗ broken', 'red'],
  missing: ['! missing', 'yellow'],
  unknown: ['? unknown', 'dim'],
  done: ['✓ done', 'green'],
  'not needed': ['– not needed', 'dim'],
};
const markWidth = 14;

export type ChecklistText = {
  readonly top: string;
  readonly items: readonly ChecklistItem[];
  /** Also items that are done or not needed. */
  readonly isWhole: boolean;
  readonly sources: readonly string[];
  readonly unread: readonly (readonly [string, string])[];
  readonly notes: readonly string[];
};

export function checklistText(list: ChecklistText): string {
  const { isWhole, items, top } = list;
  const first = wrapped(plain(top), printWidth()).map((line) => paint('bold', line));
  const parts = [`${first.join('\n')}\n`];
  for (const state of itemStates) {
    const some = items.filter((item) => item.state === state);
    if (some.length === 0) continue;
    if (state === 'broken' || state === 'missing') parts.push(some.map(openText).join(''));
    else if (isWhole) parts.push(some.map(closedText).join(''));
    else if (state === 'unknown') parts.push(unknownText(some));
  }
  parts.push(footer(list));
  return parts.join('\n');
}

function head(item: ChecklistItem): string {
  const [mark, colour] = marks[item.state];
  return `${paint(colour, mark.padEnd(markWidth))}${paint('bold', item.id)}`;
}

/** `minutes, free; required by Gmail and Yahoo`. */
function price({ cost, effort, requiredBy }: ChecklistItem): string {
  const who = requiredBy.length === 0 ? '' : `; required by ${requiredBy.join(', ')}`;
  return `${effort}, ${cost === 'free' ? 'free' : 'costs money'}${who}`;
}

function openText(item: ChecklistItem): string {
  const inBrackets = `(${price(item)})`;
  const fits = markWidth + item.id.length + 2 + inBrackets.length <= printWidth();
  const lines = fits ? [`${head(item)}  ${inBrackets}`] : [head(item), ...block(inBrackets)];
  lines.push(...block(item.title));
  lines.push(...labelled('found', item.found));
  if (item.command !== '') lines.push(bare('do', item.command));
  else lines.push(...firstFix(item.fix));
  return `${lines.join('\n')}\n`;
}

/** The first line of a fix, and a command in the second: a command is never broken into lines. */
function firstFix(fix: string): readonly string[] {
  if (fix === '') return [];
  const [first = '', second = ''] = fix.split('\n');
  const isCommand = second.startsWith('postern ');
  return [...labelled('do', first), ...(isCommand ? [bare('', second)] : [])];
}

function bare(label: string, command: string): string {
  return `${indent}${label.padEnd(labelWidth)}${plain(command)}`;
}

function closedText(item: ChecklistItem): string {
  return `${[head(item), ...block(`${item.title}: ${item.found}`)].join('\n')}\n`;
}

/** Items with the same reason in one paragraph. */
function unknownText(items: readonly ChecklistItem[]): string {
  const [mark, colour] = marks.unknown;
  const groups = Map.groupBy(items, ({ found }) => found);
  return [...groups]
    .map(([found, some]) => {
      const first = paint(colour, mark.padEnd(markWidth)) + many(some.length, 'item');
      const lines = [first, ...labelled('because', found)];
      lines.push(...labelled('items', some.map(({ id }) => id).join(', ')));
      const [fix] = some.flatMap((item) => (item.fix === '' ? [] : [item.fix]));
      if (fix !== undefined) lines.push(...labelled('do', fix.split('\n')[0] ?? ''));
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

function block(text: string): readonly string[] {
  return wrapped(plain(text), lineWidth() - indent.length).map((line) => `${indent}${line}`);
}

function labelled(label: string, text: string): readonly string[] {
  const room = lineWidth() - indent.length - labelWidth;
  return wrapped(plain(text), room).map(
    (line, nth) => `${indent}${(nth === 0 ? label : '').padEnd(labelWidth)}${line}`,
  );
}

function footer({ isWhole, items, notes, sources, unread }: ChecklistText): string {
  const count = (state: ItemState): number => items.filter((one) => one.state === state).length;
  const counts = itemStates.map((state) => `${count(state)} ${state}`).join(', ');
  const lines = [...wrapped(`${items.length} items: ${counts}`, lineWidth())];
  const read = sources.length - unread.length;
  const rest = unread.map(([name, why]) => `${name} (${plain(why)})`).join(', ');
  const not = unread.length === 0 ? '' : `; could not read: ${rest}`;
  lines.push(...wrapped(`Read ${read} of ${sources.length} sources${not}`, lineWidth()));
  for (const note of notes) lines.push(...wrapped(plain(note), lineWidth()));
  const last = ['One item: postern checklist show ITEM'];
  if (!isWhole) last.unshift('What is done: postern checklist --all.');
  lines.push(...wrapped(last, lineWidth()));
  return `${lines.join('\n')}\n`;
}

export function itemText(item: ChecklistItem): string {
  const rows: (readonly [string, string])[] = [
    ['found', item.found],
    ['prevents', item.effect],
    ['takes', price(item)],
  ];
  if (item.due !== undefined) rows.push(['until', `${dayText(item.due.at)}: ${item.due.what}`]);
  if (item.follows !== undefined) rows.push(['follows', item.follows.join(', ')]);
  const lines = [head(item), ...block(item.title)];
  for (const [label, text] of rows) lines.push(...labelled(label, text));
  if (item.fix !== '') {
    for (const [nth, line] of item.fix.split('\n').entries()) {
      const label = nth === 0 ? 'fix' : '';
      if (line.startsWith('postern ')) lines.push(bare(label, line));
      else lines.push(...labelled(label, line));
    }
  }
  if (item.command !== '') lines.push(bare('do', item.command));
  return `${lines.join('\n')}\n`;
}
