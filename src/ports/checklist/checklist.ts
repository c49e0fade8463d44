/** The checklist as the ledger keeps it, and what commands and the page ask. Types only. */
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { Acknowledgement } from '../../core/checklist/memory/ack.ts';
import type { ChecklistChange, RememberedItem } from '../../core/checklist/memory/remember.ts';
import type { Millis } from '../../lib/time.ts';

/** How many lines of the history are asked for; `id`: only those of one item. */
export type HistorySearch = { readonly id?: string; readonly limit: number };

export type ChecklistLedger = {
  checklistItems(): readonly RememberedItem[];
  acknowledgements(): readonly Acknowledgement[];
  /** Newest first. */
  checklistChanges(filter: HistorySearch): readonly ChecklistChange[];
};

export type ChecklistWrite =
  | { readonly kind: 'checklist-item'; readonly row: RememberedItem }
  | { readonly kind: 'checklist-gone'; readonly id: string }
  | { readonly kind: 'checklist-change'; readonly row: ChecklistChange }
  | { readonly kind: 'acknowledgement'; readonly row: Acknowledgement }
  | { readonly kind: 'acknowledgement-ended'; readonly id: string };

/** The last run. */
export type LastRun = {
  readonly at: Millis;
  readonly by: string;
  readonly asRoot: boolean;
};

/** One item as it was found last, with its acknowledgement. */
export type ItemView = ChecklistItem & {
  readonly since: Millis;
  readonly by: string;
  readonly foundAt: Millis;
  /** Why the last run could not look at it; empty if it could. */
  readonly unknownWhy: string;
  readonly ack: Acknowledgement | undefined;
};

export type ChecklistView = {
  /** Undefined: no run has reported yet. */
  readonly last: LastRun | undefined;
  /** The guard runs the checklist now. */
  readonly isRunning: boolean;
  readonly now: Millis;
  /** The command that makes a new run, as it works on this machine. */
  readonly command: string;
  /** With commands as they work on this machine. */
  readonly items: readonly ItemView[];
};

/** A part of what a run found. A run is kept when its last part is there. */
export type ReportPart = {
  readonly run: string;
  readonly items: readonly ChecklistItem[];
  readonly isLast: boolean;
  /** Items of the whole run. A run of which a part is lost is not kept. */
  readonly total?: number;
  readonly asRoot: boolean;
  readonly nightly: boolean;
};

/** The answer to an action, in words. `count`: how many things changed. */
export type ChecklistResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | { readonly ok: false; readonly text: string; readonly hint?: string };

export type ChecklistAdmin = {
  view(): ChecklistView;
  acknowledgements(): readonly Acknowledgement[];
  history(filter: HistorySearch): readonly ChecklistChange[];
  /** Takes what a run found. With `nightly`, changes since the last night are told. */
  note(part: ReportPart, by: string): Promise<ChecklistResult>;
  /** `days` 0 ends an acknowledgement. */
  acknowledge(
    id: string,
    how: { readonly days: number; readonly note: string; readonly by: string },
  ): Promise<ChecklistResult>;
};
