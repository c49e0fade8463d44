/**
 * The order of the checklist, and its line on top: how much is broken, what breaks next, and the
 * next step. Pure.
 */
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { ChecklistItem, Cost, Effort, ItemState } from './item.ts';

/** The order of states: what does harm first, what needs nothing last. */
export const itemStates: readonly ItemState[] = [
  'broken',
  'missing',
  'unknown',
  'done',
  'not needed',
];
const efforts: readonly Effort[] = ['minutes', 'hours', 'days'];
const costs: readonly Cost[] = ['free', 'money'];
/** Nobody acts today on what breaks in ten years. */
const soonMs = 366 * dayMs;

/** Broken first; then easy before hard, cheap before expensive; else the order as given. */
export function checklistOrder(items: readonly ChecklistItem[]): readonly ChecklistItem[] {
  return items.toSorted(
    (one, other) =>
      itemStates.indexOf(one.state) - itemStates.indexOf(other.state) ||
      efforts.indexOf(one.effort) - efforts.indexOf(other.effort) ||
      costs.indexOf(one.cost) - costs.indexOf(other.cost),
  );
}

/** Items to be put in place, in the order in which to do it. */
export function openItems(items: readonly ChecklistItem[]): readonly ChecklistItem[] {
  return checklistOrder(items).filter(({ state }) => state === 'broken' || state === 'missing');
}

/** The first open item that a command puts in place; without one, the first open item. */
export function nextItem(items: readonly ChecklistItem[]): ChecklistItem | undefined {
  const open = openItems(items);
  return open.find(({ command }) => command !== '') ?? open[0];
}

/** Of all that will break within a year, the soonest. */
export function nextToBreak(items: readonly ChecklistItem[], now: Millis): ChecklistItem['due'] {
  const due = items
    .flatMap((item) => (item.due === undefined ? [] : [item.due]))
    .filter(({ at }) => at - now <= soonMs);
  return due.toSorted((one, other) => one.at - other.at)[0];
}

/**
 * `open`: those that no acknowledgement covers; an acknowledged item that is about to break is told
 * all the same. `show`: the command that shows an item, for a next step that no command does.
 */
export function topLine(
  {
    all,
    open,
  }: { readonly all: readonly ChecklistItem[]; readonly open: readonly ChecklistItem[] },
  now: Millis,
  show: (id: string) => string,
): string {
  const broken = open.filter(({ state }) => state === 'broken').length;
  const due = nextToBreak(all, now);
  const step = nextItem(open);
  const parts = [`${broken} broken`];
  if (due !== undefined) parts.push(`next to break: ${due.what} ${inDays(due.at, now)}`);
  if (step !== undefined) parts.push(`next step: ${step.command || show(step.id)}`);
  else parts.push('nothing to do');
  return parts.join(' · ');
}

/** `in 12 days`, `in 1 day`, `today`. */
function inDays(at: Millis, now: Millis): string {
  const days = Math.floor((at - now) / dayMs);
  if (days <= 0) return at < now ? '(overdue)' : 'today';
  return `in ${days} ${days === 1 ? 'day' : 'days'}`;
}
