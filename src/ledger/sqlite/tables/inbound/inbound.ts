/** Mail that came in and waited, what was put off, and who is known. */
import type { InboundDaySum } from '../../../../core/inbound/day-counts.ts';
import { knownKinds } from '../../../../core/inbound/greylist/knowledge.ts';
import { inboundSearchedMax } from '../../../../core/inbound/kept.ts';
import { assert } from '../../../../lib/assert.ts';
import { dayMs } from '../../../../lib/time.ts';
import type {
  AllowedRow,
  DeferredRow,
  InboundLedger,
  InboundRow,
  KnownRow,
  SentChange,
  SentRow,
} from '../../../../ports/inbound/inbound.ts';
import { inboundStates } from '../../../../ports/inbound/inbound.ts';
import { instant, integer, list, oneOf, type Row, type Statements, text } from '../statements.ts';

export type InboundTable = InboundLedger & {
  put(row: InboundRow): void;
  putDeferred(row: DeferredRow): void;
  putKnown(row: KnownRow): void;
  putSent(row: SentChange): void;
  forgetKnown(known: Pick<KnownRow, 'kind' | 'key'>): void;
  putAllowed(row: AllowedRow): void;
  dropAllowed(what: string): void;
};

export function inboundTable(make: Statements): InboundTable {
  const one = make.query('SELECT * FROM inbound WHERE queue_id = ?');
  const byDay = make.query(
    `SELECT at / ${dayMs} AS day, state, count(*) AS n, max(max(changed_at - at, 0)) AS longest,
       sum(max(changed_at - at, 0)) AS waited
     FROM inbound WHERE at >= ? GROUP BY day, state`,
  );
  const newest = 'ORDER BY at DESC, number DESC LIMIT ?';
  const newestOf = `SELECT * FROM inbound WHERE at >= ? ${newest}`;
  const all = make.query(newestOf);
  const byState = make.query(`SELECT * FROM inbound WHERE at >= ? AND state = ? ${newest}`);
  const due = make.query(
    'SELECT * FROM inbound WHERE due > 0 AND due <= ? ORDER BY due, number LIMIT ?',
  );
  const searched = make.query(
    `SELECT * FROM (${newestOf}) WHERE (?3 = '' OR state = ?3) AND (
       instr(lower(sender), ?4) > 0 OR instr(lower(recipients), ?4) > 0 OR
       instr(lower(subject), ?4) > 0 OR client = ?4 OR lower(queue_id) = ?4)
     ORDER BY at DESC, number DESC LIMIT ?5`,
  );
  const isNotBack = 'is_honest = 1 AND returned_at = 0 AND until < ?';
  const notBack = make.query(
    `SELECT * FROM inbound_deferred WHERE ${isNotBack} ORDER BY last_at DESC LIMIT ?`,
  );
  const countNotBack = make.query(`SELECT count(*) AS n FROM inbound_deferred WHERE ${isNotBack}`);
  const deferredOne = make.query('SELECT * FROM inbound_deferred WHERE key = ?');
  const known = make.query('SELECT * FROM inbound_known WHERE kind = ? AND key = ?');
  const countKnown = make.query('SELECT count(*) AS n FROM inbound_known WHERE kind = ?');
  const sent = make.query(
    'SELECT at, names FROM inbound_sent WHERE kind = ? AND at > ? ORDER BY at LIMIT ?',
  );
  const allowed = make.query('SELECT * FROM inbound_allowed ORDER BY what');
  return {
    ...commands(make),
    inboundMail({ about = '', state, since = 0, limit }) {
      if (about !== '') {
        const sought = [state ?? '', about.toLowerCase(), limit] as const;
        return searched.all(since, inboundSearchedMax, ...sought).map(inboundRow);
      }
      const rows = state === undefined ? all.all(since, limit) : byState.all(since, state, limit);
      return rows.map(inboundRow);
    },
    inboundOne(queueId) {
      const row = one.first(queueId);
      return row === undefined ? undefined : inboundRow(row);
    },
    inboundDue: (until, limit) => due.all(until, limit).map(inboundRow),
    inboundByDay: (since) => byDay.all(since).map(daySum),
    notBack: (before, limit) => notBack.all(before, limit).map(deferredRow),
    countNotBack: (before) => integer(countNotBack.first(before) ?? {}, 'n'),
    deferredOne(key) {
      const row = deferredOne.first(key);
      return row === undefined ? undefined : deferredRow(row);
    },
    known(kind, key) {
      const row = known.first(knownKinds.indexOf(kind), key);
      return row === undefined ? undefined : { kind, key, ...knownTimes(row) };
    },
    countKnown: (kind) => integer(countKnown.first(knownKinds.indexOf(kind)) ?? {}, 'n'),
    sentNames: (kind, after, limit) =>
      sent.all(knownKinds.indexOf(kind), after, limit).map(sentRow),
    inboundAllowed: () => allowed.all().map(allowedRow),
  };
}

function commands(make: Statements): Omit<InboundTable, keyof InboundLedger> {
  // Updated in place, so that a change keeps its position among rows of one instant.
  const put = make.command(
    `INSERT INTO inbound (queue_id, at, state, due, changed_at, changed_by, client, client_name,
       helo, sender, recipients, recipient_count, subject, bytes, likeness, points, reasons,
       facts, told_at, instance)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (queue_id) DO UPDATE SET at = excluded.at, state = excluded.state,
       due = excluded.due, changed_at = excluded.changed_at, changed_by = excluded.changed_by,
       client = excluded.client, client_name = excluded.client_name, helo = excluded.helo,
       sender = excluded.sender, recipients = excluded.recipients,
       recipient_count = excluded.recipient_count, subject = excluded.subject,
       bytes = excluded.bytes, likeness = excluded.likeness, points = excluded.points,
       reasons = excluded.reasons, facts = excluded.facts,
       told_at = excluded.told_at, instance = excluded.instance`,
  );
  const putDeferred = make.command(
    `INSERT OR REPLACE INTO inbound_deferred (key, first_at, last_at, until, tries, returned_at,
       is_honest, client, sender, recipient, subject, points, reasons)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putKnown = make.command(
    `INSERT OR REPLACE INTO inbound_known (kind, key, first_at, last_at, times)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const putSent = make.command(
    'INSERT OR REPLACE INTO inbound_sent (kind, at, names) VALUES (?, ?, ?)',
  );
  const forgetSent = make.command('DELETE FROM inbound_sent WHERE kind = ? AND at < ?');
  const forgetKnown = make.command('DELETE FROM inbound_known WHERE kind = ? AND key = ?');
  const putAllowed = make.command(
    'INSERT OR REPLACE INTO inbound_allowed (what, note, made_by, at) VALUES (?, ?, ?, ?)',
  );
  return {
    put: (row) =>
      put(
        row.queueId,
        row.at,
        row.state,
        row.due,
        row.changedAt,
        row.by,
        row.client,
        row.clientName,
        row.helo,
        row.sender,
        JSON.stringify(row.recipients),
        row.recipientCount,
        row.subject,
        row.bytes,
        row.likeness ?? null,
        row.points,
        JSON.stringify(row.reasons),
        row.facts,
        row.toldAt,
        row.instance,
      ),
    putDeferred: (row) =>
      putDeferred(
        row.key,
        row.firstAt,
        row.lastAt,
        row.until,
        row.tries,
        row.returnedAt,
        row.isHonest ? 1 : 0,
        row.client,
        row.sender,
        row.recipient,
        row.subject,
        row.points,
        JSON.stringify(row.reasons),
      ),
    putKnown: ({ kind, key, firstAt, lastAt, times }) =>
      putKnown(knownKinds.indexOf(kind), key, firstAt, lastAt, times),
    putSent({ kind, at, names, since }) {
      const place = knownKinds.indexOf(kind);
      putSent(place, at, new Uint8Array(Float64Array.from(names()).buffer));
      forgetSent(place, since());
    },
    forgetKnown: ({ kind, key }) => forgetKnown(knownKinds.indexOf(kind), key),
    putAllowed: ({ what, note, by, at }) => putAllowed(what, note, by, at),
    dropAllowed: make.command('DELETE FROM inbound_allowed WHERE what = ?'),
  };
}

function daySum(row: Row): InboundDaySum {
  return {
    day: integer(row, 'day'),
    state: text(row, 'state'),
    count: integer(row, 'n'),
    waitedMs: integer(row, 'waited'),
    longestMs: integer(row, 'longest'),
  };
}

function inboundRow(row: Row): InboundRow {
  const { likeness } = row;
  return {
    queueId: text(row, 'queue_id'),
    at: instant(row, 'at'),
    state: oneOf(inboundStates, row, 'state'),
    due: instant(row, 'due'),
    changedAt: instant(row, 'changed_at'),
    by: text(row, 'changed_by'),
    client: text(row, 'client'),
    clientName: text(row, 'client_name'),
    helo: text(row, 'helo'),
    sender: text(row, 'sender'),
    recipients: list<string>(row, 'recipients'),
    recipientCount: integer(row, 'recipient_count'),
    subject: text(row, 'subject'),
    bytes: integer(row, 'bytes'),
    likeness: typeof likeness === 'number' ? likeness : undefined,
    points: integer(row, 'points'),
    reasons: list<string>(row, 'reasons'),
    facts: text(row, 'facts'),
    toldAt: instant(row, 'told_at'),
    instance: text(row, 'instance'),
  };
}

function deferredRow(row: Row): DeferredRow {
  return {
    key: integer(row, 'key'),
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
    until: instant(row, 'until'),
    tries: integer(row, 'tries'),
    returnedAt: instant(row, 'returned_at'),
    isHonest: integer(row, 'is_honest') === 1,
    client: text(row, 'client'),
    sender: text(row, 'sender'),
    recipient: text(row, 'recipient'),
    subject: text(row, 'subject'),
    points: integer(row, 'points'),
    reasons: list<string>(row, 'reasons'),
  };
}

function knownTimes(row: Row): Pick<KnownRow, 'firstAt' | 'lastAt' | 'times'> {
  return {
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
    times: integer(row, 'times'),
  };
}

function sentRow(row: Row): SentRow {
  const { names } = row;
  assert(names instanceof Uint8Array, 'names are octets');
  // A copy begins where a number may begin.
  return { at: instant(row, 'at'), names: [...new Float64Array(names.slice().buffer)] };
}

function allowedRow(row: Row): AllowedRow {
  return {
    what: text(row, 'what'),
    note: text(row, 'note'),
    by: text(row, 'made_by'),
    at: instant(row, 'at'),
  };
}
