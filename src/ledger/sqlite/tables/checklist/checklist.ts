/** The checklist: the state of each item, its history, and acknowledgements. */
import type { ChecklistItem } from '../../../../core/checklist/items/item.ts';
import { itemStates } from '../../../../core/checklist/items/order.ts';
import type { Acknowledgement } from '../../../../core/checklist/memory/ack.ts';
import type {
  ChecklistChange,
  RememberedItem,
} from '../../../../core/checklist/memory/remember.ts';
import type { Millis } from '../../../../lib/time.ts';
import type { ChecklistLedger } from '../../../../ports/checklist/checklist.ts';
import {
  instant,
  integer,
  list,
  oneOf,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from '../statements.ts';

export type ChecklistTable = ChecklistLedger & {
  put(row: RememberedItem): void;
  drop(id: string): void;
  putChange(row: ChecklistChange): void;
  putAcknowledgement(row: Acknowledgement): void;
  dropAcknowledgement(id: string): void;
};

/** Lines of the history that are kept of one item, and of all. */
const changesOfItemMax = 200;
const changesMax = 20_000;

const kinds: readonly ChecklistChange['what'][] = [
  ...(['state', 'acknowledged', 'acknowledgement ended'] as const),
];

export function checklistTable(make: Statements): ChecklistTable {
  const put = make.command(
    `INSERT OR REPLACE INTO checklist_item
       (id, item, state, since, found_by, found_at, as_root, unknown_since, unknown_why,
        unknown_nights, told, flaps_since, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const drop = make.command('DELETE FROM checklist_item WHERE id = ?');
  const items = make.query('SELECT * FROM checklist_item ORDER BY id');
  const putAck = make.command(
    `INSERT OR REPLACE INTO acknowledgement (id, state, at, until, note, made_by)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const dropAck = make.command('DELETE FROM acknowledgement WHERE id = ?');
  const acks = make.query('SELECT * FROM acknowledgement ORDER BY id');
  return {
    put: (row) =>
      put(
        ...[row.item.id, JSON.stringify(row.item), row.state, row.since, row.by, row.foundAt],
        ...[row.asRoot ? 1 : 0, row.unknownSince ?? null, row.unknownWhy, row.unknownNights],
        ...[row.told ?? null, row.flapsSince ?? null, JSON.stringify(row.changedAt)],
      ),
    drop: (id) => drop(id),
    ...historyTable(make),
    putAcknowledgement: ({ at, by, id, note, state, until }) =>
      putAck(id, state, at, until, note, by),
    dropAcknowledgement: (id) => dropAck(id),
    checklistItems: () => items.all().map(itemRow),
    acknowledgements: () => acks.all().map(ackRow),
  };
}

function historyTable(make: Statements): Pick<ChecklistTable, 'checklistChanges' | 'putChange'> {
  const put = make.command(
    `INSERT INTO checklist_change (at, id, what, from_state, to_state, found_by, text)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const shorten = make.command(
    `DELETE FROM checklist_change WHERE id = ?1 AND number <=
       (SELECT number FROM checklist_change WHERE id = ?1
        ORDER BY number DESC LIMIT 1 OFFSET ${changesOfItemMax})`,
  );
  const shortenAll = make.command(
    `DELETE FROM checklist_change WHERE number <=
       (SELECT max(number) FROM checklist_change) - ${changesMax}`,
  );
  const all = make.query('SELECT * FROM checklist_change ORDER BY number DESC LIMIT ?');
  const ofItem = make.query(
    'SELECT * FROM checklist_change WHERE id = ? ORDER BY number DESC LIMIT ?',
  );
  return {
    putChange({ at, by, from, id, text: words, to, what }) {
      put(at, id, what, from ?? null, to, by, words);
      shorten(id);
      shortenAll();
    },
    checklistChanges: ({ id, limit }) =>
      (id === undefined ? all.all(limit) : ofItem.all(id, limit)).map(changeRow),
  };
}

function itemRow(row: Row): RememberedItem {
  return {
    item: JSON.parse(text(row, 'item')) as ChecklistItem,
    state: oneOf(itemStates, row, 'state'),
    since: instant(row, 'since'),
    by: text(row, 'found_by'),
    foundAt: instant(row, 'found_at'),
    asRoot: integer(row, 'as_root') === 1,
    unknownSince: optionalInstant(row, 'unknown_since'),
    unknownWhy: text(row, 'unknown_why'),
    unknownNights: integer(row, 'unknown_nights'),
    told: row['told'] === null ? undefined : oneOf(itemStates, row, 'told'),
    flapsSince: optionalInstant(row, 'flaps_since'),
    changedAt: list<Millis>(row, 'changed_at'),
  };
}

function changeRow(row: Row): ChecklistChange {
  return {
    at: instant(row, 'at'),
    id: text(row, 'id'),
    what: oneOf(kinds, row, 'what'),
    from: row['from_state'] === null ? undefined : oneOf(itemStates, row, 'from_state'),
    to: oneOf(itemStates, row, 'to_state'),
    by: text(row, 'found_by'),
    text: text(row, 'text'),
  };
}

function ackRow(row: Row): Acknowledgement {
  return {
    id: text(row, 'id'),
    state: oneOf(itemStates, row, 'state'),
    at: instant(row, 'at'),
    until: instant(row, 'until'),
    note: text(row, 'note'),
    by: text(row, 'made_by'),
  };
}
