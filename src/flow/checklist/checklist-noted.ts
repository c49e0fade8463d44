/**
 * The checklist in the guard. A run of `postern checklist` reports what it found; the guard keeps
 * the state of each item, the history and acknowledgements, and tells at night what changed.
 */
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import {
  type Acknowledgement,
  ackDaysMax,
  ackEnd,
  ackRefusal,
} from '../../core/checklist/memory/ack.ts';
import { dueSoon, type ToldDue } from '../../core/checklist/memory/due-soon.ts';
import { nearNames } from '../../core/checklist/memory/near-items.ts';
import { nightlyNews } from '../../core/checklist/memory/nightly.ts';
import {
  type ChecklistChange,
  type ChecklistRun,
  noteItems,
  type RememberedItem,
} from '../../core/checklist/memory/remember.ts';
import type { Notice } from '../../core/notice.ts';
import { type OwnCommand, ownCommands } from '../../core/own-command.ts';
import { withoutAddress } from '../../formats/message/without-address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type {
  ChecklistAdmin,
  ChecklistLedger,
  ChecklistResult,
  ItemView,
  LastRun,
  ReportPart,
} from '../../ports/checklist/checklist.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';

export type ChecklistDeps = {
  readonly ledger: ChecklistLedger;
  readonly journal: Pick<Journal, 'committed' | 'live'>;
  readonly notices: Pick<Notices, 'prepare' | 'send'>;
  readonly world: Pick<World, 'clock' | 'newId'>;
  readonly host: string;
  readonly iso: (at: Millis) => string;
  /** How commands are written where the page and the nightly mail are read. */
  readonly own: OwnCommand;
};

export type Checklist = ChecklistAdmin & {
  /** Whether the guard itself runs the checklist now. */
  setRunning(isRunning: boolean): void;
  /** Removes an address from what is kept in memory. */
  forgetAddress(address: string): void;
};

const lastKey = 'checklist.last';
const nightKey = 'checklist.night';
const dueKey = 'checklist.due';
/** Items of one run; a server with hundreds of domains has some for each. */
const itemsMax = 2_000;
/** Runs of which parts are missing. */
const openRunsMax = 4;
/** Lines of the history that are looked at for acknowledgements that ended. */
const lookedAtMax = 500;
const takenBack = 'taken back';

export function openChecklist(deps: ChecklistDeps): Checklist {
  const state: State = {
    rows: new Map(deps.ledger.checklistItems().map((row) => [row.item.id, row])),
    acks: new Map(deps.ledger.acknowledgements().map((ack) => [ack.id, ack])),
    parts: new Map(),
  };
  let isRunning = false;
  return {
    forgetAddress(address) {
      forgetIn(state.rows, address);
      forgetIn(state.acks, address);
    },
    setRunning: (on) => {
      isRunning = on;
    },
    view: () => ({
      last: lastRun(deps),
      isRunning,
      now: deps.world.clock.now(),
      command: ownCommands('sudo postern checklist', deps.own),
      items: [...state.rows.values()].map(shown(state, deps.own)),
    }),
    acknowledgements: () => [...state.acks.values()],
    history: (filter) => deps.ledger.checklistChanges(filter),
    note: (part, by) => note(deps, state, part, by),
    acknowledge: (id, how) => acknowledge(deps, state, id, how),
  };
}

function forgetIn<Row>(rows: Map<string, Row>, address: string): void {
  // In JSON, quotes and backslashes of an address have a backslash before them.
  const written = JSON.stringify(address).slice(1, -1);
  for (const [id, row] of rows) {
    const old = JSON.stringify(row);
    const fresh = withoutAddress(old, written);
    if (fresh !== old) rows.set(id, JSON.parse(fresh) as Row);
  }
}

type State = {
  readonly rows: Map<string, RememberedItem>;
  readonly acks: Map<string, Acknowledgement>;
  /** Items of runs whose last part is not there yet. */
  readonly parts: Map<string, readonly ChecklistItem[]>;
};

function shown({ acks }: State, own: OwnCommand): (row: RememberedItem) => ItemView {
  return ({ by, foundAt, item, since, state, unknownWhy }) => {
    const why = state === 'unknown' ? '' : unknownWhy;
    const [command, fix] = [ownCommands(item.command, own), ownCommands(item.fix, own)];
    const ack = acks.get(item.id);
    return { ...item, command, fix, state, since, by, foundAt, unknownWhy: why, ack };
  };
}

function lastRun({ journal }: ChecklistDeps): LastRun | undefined {
  const stored = journal.live.meta(lastKey);
  return stored === undefined ? undefined : (JSON.parse(stored) as LastRun);
}

async function note(
  deps: ChecklistDeps,
  state: State,
  part: ReportPart,
  by: string,
): Promise<ChecklistResult> {
  const items = [...(state.parts.get(part.run) ?? []), ...part.items];
  state.parts.delete(part.run);
  if (items.length > itemsMax) {
    return { ok: false, text: `a run has at most ${itemsMax} items: nothing was kept` };
  }
  if (!part.isLast) {
    state.parts.set(part.run, items);
    const [oldest] = state.parts.keys();
    if (state.parts.size > openRunsMax && oldest !== undefined) state.parts.delete(oldest);
    return { ok: true, text: 'part taken', count: part.items.length };
  }
  // What a run does not have is not on the list any more; so half a run must never count.
  if (items.length === 0 || items.length !== (part.total ?? items.length)) {
    const found = `${items.length} of ${part.total ?? 'some'} items arrived`;
    return { ok: false, text: `the run is not kept: ${found}`, hint: 'run it again' };
  }
  const { asRoot, nightly } = part;
  const run: ChecklistRun = { at: deps.world.clock.now(), by, asRoot, nightly };
  const noted = noteItems(state.rows, items, run);
  for (const id of noted.gone) state.rows.delete(id);
  for (const row of noted.rows) state.rows.set(row.item.id, row);
  const ended = endAcks(state, run);
  const night = nightly ? tellNight(deps, state, run, ended) : undefined;
  const notice = night?.notice;
  const changes: readonly Change[] = [
    ...[...state.rows.values()].map((row) => ({ kind: 'checklist-item' as const, row })),
    ...noted.gone.map((id) => ({ kind: 'checklist-gone' as const, id })),
    ...[...noted.changes, ...ended].map((row) => ({ kind: 'checklist-change' as const, row })),
    ...ended.map(({ id }) => ({ kind: 'acknowledgement-ended' as const, id })),
    { kind: 'meta', key: lastKey, value: JSON.stringify({ at: run.at, by, asRoot }) },
    ...(night?.changes ?? []),
    ...(notice === undefined ? [] : deps.notices.prepare(notice)),
  ];
  const kept = await deps.journal.committed(changes);
  if (notice !== undefined) deps.notices.send(notice);
  const text = `${items.length} items noted, ${noted.changes.length} changed`;
  if (kept) return { ok: true, text, count: noted.changes.length };
  return { ok: false, text: `${text}, but the ledger could not be written` };
}

/** Acknowledgements that are over; they are no longer in `state`. */
function endAcks({ acks, rows }: State, { at, by }: ChecklistRun): readonly ChecklistChange[] {
  const ended: ChecklistChange[] = [];
  for (const ack of [...acks.values()]) {
    const row = rows.get(ack.id);
    const why = row === undefined ? 'it is not on the list any more' : ackEnd(ack, row.state, at);
    if (why === undefined) continue;
    acks.delete(ack.id);
    const to = row?.state ?? 'not needed';
    ended.push({
      at,
      id: ack.id,
      what: 'acknowledgement ended',
      from: ack.state,
      to,
      by,
      text: why,
    });
  }
  return ended;
}

type Night = { readonly notice: Notice | undefined; readonly changes: readonly Change[] };

/** The notice of this night if there is news. What it tells is told in `rows` and `changes`. */
function tellNight(
  { host, iso, journal, ledger, own, world }: ChecklistDeps,
  { acks, rows }: State,
  { at }: ChecklistRun,
  ended: readonly ChecklistChange[],
): Night {
  const lastNight = journal.live.meta(nightKey);
  const since = Number(lastNight ?? at) as Millis;
  const earlier = ledger
    .checklistChanges({ limit: lookedAtMax })
    .filter(({ at: when, text, what }) => {
      return what === 'acknowledgement ended' && when > since && text !== takenBack;
    });
  const about = { now: at, isFirst: lastNight === undefined, ended: [...ended, ...earlier] };
  const news = nightlyNews([...rows.values()], about);
  for (const row of news.rows) rows.set(row.item.id, row);
  const stored = journal.live.meta(dueKey);
  const told = stored === undefined ? {} : (JSON.parse(stored) as ToldDue);
  const isOpen = ({ item }: RememberedItem): boolean => !acks.has(item.id);
  const due = dueSoon([...rows.values()].filter(isOpen), told, { now: at, iso });
  const changes: readonly Change[] = [
    { kind: 'meta', key: nightKey, value: String(at) },
    { kind: 'meta', key: dueKey, value: JSON.stringify(due.told) },
  ];
  const lines = [...news.lines, ...due.lines];
  if (lines.length === 0) return { notice: undefined, changes };
  const notice: Notice = {
    version: 1,
    event: 'checklist.changed',
    id: world.newId(),
    host,
    at: iso(at),
    account: '',
    since: iso(since),
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: lines.map(({ signal, text }) => ({ signal, text: ownCommands(text, own) })),
    undo: '',
    explain: 'postern checklist',
    page: '/checklist',
  };
  return { notice, changes };
}

async function acknowledge(
  deps: ChecklistDeps,
  state: State,
  id: string,
  { by, days, note: why }: Parameters<ChecklistAdmin['acknowledge']>[1],
): Promise<ChecklistResult> {
  const row = state.rows.get(id);
  if (row === undefined) return noItem(id, [...state.rows.keys()]);
  const at = deps.world.clock.now();
  const before = state.acks.get(id);
  const history = { at, id, from: before?.state, to: row.state, by };
  const audit = (detail: string): Change => {
    return { kind: 'audit', row: { at, by, action: 'checklist', account: '', detail } };
  };
  if (days === 0) {
    if (before === undefined) return { ok: false, text: `${id} is not acknowledged` };
    state.acks.delete(id);
    return written(deps, `${id} is not acknowledged any more`, [
      { kind: 'acknowledgement-ended', id },
      {
        kind: 'checklist-change',
        row: { ...history, what: 'acknowledgement ended', text: takenBack },
      },
      audit(`${id}: acknowledgement taken back`),
    ]);
  }
  const refusal = ackRefusal(row.state);
  if (refusal !== undefined) return { ok: false, text: `${id}: ${refusal}` };
  const until = (at + Math.min(days, ackDaysMax) * dayMs) as Millis;
  const ack: Acknowledgement = { id, state: row.state, at, until, note: why, by };
  state.acks.set(id, ack);
  const day = deps.iso(until).slice(0, 10);
  return written(
    deps,
    `${id} (${row.state}) is acknowledged until ${day}, or until it gets worse`,
    [
      { kind: 'acknowledgement', row: ack },
      {
        kind: 'checklist-change',
        row: { ...history, from: row.state, what: 'acknowledged', text: why },
      },
      audit(`${id} (${row.state}) acknowledged until ${day}${why === '' ? '' : `: ${why}`}`),
    ],
  );
}

function noItem(id: string, known: readonly string[]): ChecklistResult {
  const near = nearNames(id, known);
  const hint =
    near.length === 0 ? 'all items: postern checklist --all' : `near: ${near.join(', ')}`;
  return { ok: false, text: `the checklist has no item ${id}`, hint };
}

async function written(
  { journal }: ChecklistDeps,
  text: string,
  changes: readonly Change[],
): Promise<ChecklistResult> {
  if (await journal.committed(changes)) return { ok: true, text, count: 1 };
  return { ok: false, text: `${text}, but the ledger could not be written` };
}
