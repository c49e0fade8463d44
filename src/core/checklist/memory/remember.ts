/**
 * What is remembered of each item of the checklist: its state, since when, and who found it. An
 * item that could not be looked at keeps its state until that lasts for three nights. Pure.
 */
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { ChecklistItem, ItemState } from '../items/item.ts';

/** The name under which the nightly run stands in the history. */
export const nightlyName = 'nightly check';

/** So many nights in a row an item may be unknown before that counts as a change. */
const unknownNightsMax = 3;
/** An item with so many changes in a week is told once, then not before a quiet week. */
export const flapChanges = 4;
export const flapMs: Millis = (7 * dayMs) as Millis;
/** Times of changes that are kept for that. */
const changesKept = 10;

export type RememberedItem = {
  /** As it was when it last took or kept its state; not as it was while it was unknown. */
  readonly item: ChecklistItem;
  /** The state that counts. */
  readonly state: ItemState;
  readonly since: Millis;
  /** Who found it in this state: an operator, or `nightlyName`. */
  readonly by: string;
  readonly foundAt: Millis;
  /** The run that found this state was of root, which sees more. */
  readonly asRoot: boolean;
  /** Since when it could not be looked at; undefined if the last run could. */
  readonly unknownSince: Millis | undefined;
  readonly unknownWhy: string;
  readonly unknownNights: number;
  /** The state that the last nightly mail knew; undefined before the first. */
  readonly told: ItemState | undefined;
  /** Told as changing again and again; until a week without a change. */
  readonly flapsSince: Millis | undefined;
  /** Times of its changes in the last week, oldest first. */
  readonly changedAt: readonly Millis[];
};

/** One line of the history. */
export type ChecklistChange = {
  readonly at: Millis;
  readonly id: string;
  readonly what: 'state' | 'acknowledged' | 'acknowledgement ended';
  /** Undefined for an item that was new. */
  readonly from: ItemState | undefined;
  readonly to: ItemState;
  readonly by: string;
  /** What was found; the note of an acknowledgement; why it ended. */
  readonly text: string;
};

export type ChecklistRun = {
  readonly at: Millis;
  readonly by: string;
  readonly asRoot: boolean;
  readonly nightly: boolean;
};

export type Noted = {
  readonly rows: readonly RememberedItem[];
  readonly changes: readonly ChecklistChange[];
  /** Items that are not on the list any more. */
  readonly gone: readonly string[];
};

/** What is remembered after a run that found all `items`. */
export function noteItems(
  memory: ReadonlyMap<string, RememberedItem>,
  items: readonly ChecklistItem[],
  run: ChecklistRun,
): Noted {
  const rows: RememberedItem[] = [];
  const changes: ChecklistChange[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(item.id)) continue;
    seen.add(item.id);
    const before = memory.get(item.id);
    const row = noteItem(before, item, run);
    rows.push(row);
    if (before?.state !== row.state) changes.push(changeOf(before, row, run));
  }
  return { rows, changes, gone: [...memory.keys()].filter((id) => !seen.has(id)) };
}

function changeOf(
  before: RememberedItem | undefined,
  { item, state }: RememberedItem,
  { at, by }: ChecklistRun,
): ChecklistChange {
  return { at, id: item.id, what: 'state', from: before?.state, to: state, by, text: item.found };
}

function noteItem(
  before: RememberedItem | undefined,
  item: ChecklistItem,
  run: ChecklistRun,
): RememberedItem {
  const { at, by, asRoot } = run;
  if (before === undefined) {
    const fresh = { since: at, foundAt: at, by, asRoot, told: undefined, flapsSince: undefined };
    return { item, state: item.state, ...fresh, ...looked(item, at), changedAt: [] };
  }
  if (item.state === 'unknown' && before.state !== 'unknown') {
    const nights = before.unknownNights + (run.nightly && !isBlind(before, run) ? 1 : 0);
    if (nights < unknownNightsMax) {
      return {
        ...before,
        unknownSince: before.unknownSince ?? at,
        unknownWhy: item.found,
        unknownNights: nights,
      };
    }
  }
  const kept = { ...before, item, foundAt: at, asRoot, ...looked(item, at) };
  if (item.state === before.state) return kept;
  return { ...kept, state: item.state, since: at, by, changedAt: recent(before.changedAt, at) };
}

/** Root found the state, and this run sees less: that it knows nothing says nothing. */
function isBlind(before: RememberedItem, { asRoot }: ChecklistRun): boolean {
  return before.asRoot && !asRoot;
}

function looked(
  { found, state }: ChecklistItem,
  at: Millis,
): Pick<RememberedItem, 'unknownNights' | 'unknownSince' | 'unknownWhy'> {
  return state === 'unknown'
    ? { unknownNights: 0, unknownSince: at, unknownWhy: found }
    : { unknownNights: 0, unknownSince: undefined, unknownWhy: '' };
}

function recent(times: readonly Millis[], at: Millis): readonly Millis[] {
  return [...times.filter((time) => at - time < flapMs), at].slice(-changesKept);
}
