/**
 * What the nightly mail says: the changes since the last one. An item that changes again and again
 * is told once. Pure.
 */
import type { Millis } from '../../../lib/time.ts';
import type { ItemState } from '../items/item.ts';
import { itemStates } from '../items/order.ts';
import { type ChecklistChange, flapChanges, flapMs, type RememberedItem } from './remember.ts';

/** `signal`: the state of the item now; `due`: it breaks soon. */
export type NightlyLine = { readonly signal: ItemState | 'due'; readonly text: string };

export type Nightly = {
  /** Empty: there is nothing to tell. */
  readonly lines: readonly NightlyLine[];
  /** The rows with what is told now. */
  readonly rows: readonly RememberedItem[];
};

/**
 * `isFirst`: no night came before, so that nothing can have changed since. `ended`:
 * acknowledgements that ended by themselves since the last night.
 */
export function nightlyNews(
  rows: readonly RememberedItem[],
  about: {
    readonly now: Millis;
    readonly isFirst: boolean;
    readonly ended: readonly ChecklistChange[];
  },
): Nightly {
  const told = rows.map((row) => tell(row, about));
  const news = told
    .filter(({ line }) => line !== undefined)
    .sort((one, other) => itemStates.indexOf(one.row.state) - itemStates.indexOf(other.row.state));
  const titles = new Map(rows.map(({ item }) => [item.id, item.title]));
  const over = about.ended
    .filter(({ to }) => to === 'broken' || to === 'missing' || to === 'unknown')
    .map(({ id, text, to }) => ({
      signal: to,
      text: `${titles.get(id) ?? id} (${id}): is ${to}, and its acknowledgement has ended: ${text}`,
    }));
  return {
    lines: [...news.flatMap(({ line }) => (line === undefined ? [] : [line])), ...over],
    rows: told.map(({ row }) => row),
  };
}

type Told = { readonly row: RememberedItem; readonly line: NightlyLine | undefined };

function tell(
  row: RememberedItem,
  { isFirst, now }: { readonly isFirst: boolean; readonly now: Millis },
): Told {
  const changedAt = row.changedAt.filter((at) => now - at < flapMs);
  const calm = { ...row, changedAt, told: row.state, flapsSince: undefined };
  if (row.flapsSince !== undefined && changedAt.length > 0) {
    return { row: { ...row, changedAt }, line: undefined };
  }
  if (!isFirst && row.flapsSince === undefined && changedAt.length >= flapChanges) {
    const { item, state } = row;
    const times = `changed ${changedAt.length} times in 7 days and is ${state} now`;
    const text = `${item.title} (${item.id}): ${times}; told again after a week without a change`;
    return { row: { ...calm, flapsSince: now }, line: { signal: state, text } };
  }
  const isNews = row.told === undefined ? row.state === 'broken' : row.told !== row.state;
  if (isFirst || !isNews) return { row: calm, line: undefined };
  return { row: calm, line: { signal: row.state, text: newsText(row) } };
}

function newsText({ item, state, told }: RememberedItem): string {
  const command = item.command === '' || !isOpen(state) ? '' : `; next: ${item.command}`;
  return `${item.title} (${item.id}): ${words(told, state)}: ${item.found}${command}`;
}

function isOpen(state: ItemState): boolean {
  return state === 'broken' || state === 'missing';
}

function words(told: ItemState | undefined, state: ItemState): string {
  if (state === 'unknown') return `has been unknown for 3 nights (was ${told ?? 'not listed'})`;
  if (told === undefined) return `${state} (new on the list)`;
  return state === 'done' ? `done (was ${told})` : `${state} now (was ${told})`;
}
