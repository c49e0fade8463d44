/** Items of the operator's own: what the end of a program says about the state. Pure. */
import { withoutControls } from '../../../lib/peer-text.ts';
import type { ChecklistItem, Cost, Effort, ItemState } from './item.ts';

export type OwnItem = {
  readonly id: string;
  readonly title: string;
  readonly effort: Effort;
  readonly cost: Cost;
  readonly effect: string;
  readonly fix: string;
};

/** How the program of an item ended; `why`: why it was not run or did not end. */
export type OwnEnd =
  | { readonly kind: 'ended'; readonly exit: number; readonly output: string }
  | { readonly kind: 'not run'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly output: string };

const states: ReadonlyMap<number, ItemState> = new Map([
  [0, 'done'],
  [1, 'broken'],
  [2, 'missing'],
  [3, 'not needed'],
]);
const lineMax = 300;

export function ownItem(
  { id, title, effort, cost, effect, fix }: OwnItem,
  end: OwnEnd,
): ChecklistItem {
  const state = end.kind === 'ended' ? (states.get(end.exit) ?? 'unknown') : 'unknown';
  const isOpen = state === 'broken' || state === 'missing';
  return {
    id,
    title,
    state,
    effort,
    cost,
    effect,
    requiredBy: [],
    found: foundText(end),
    fix: isOpen ? fix : '',
    command: '',
  };
}

function foundText(end: OwnEnd): string {
  if (end.kind === 'not run') return end.why;
  const line = firstLine(end.output);
  if (end.kind === 'failed') return line === '' ? end.why : `${end.why}; it said: ${line}`;
  if (states.has(end.exit)) return line === '' ? `its program ended with ${end.exit}` : line;
  return `its program ended with ${end.exit}${line === '' ? '' : `: ${line}`}`;
}

/** The first line that says something, without what would move a cursor. */
function firstLine(output: string): string {
  const line = output.split(/[\r\n]/).find((text) => text.trim() !== '') ?? '';
  return withoutControls(line.trim()).slice(0, lineMax);
}
