/** Adds messages and attempts to a day file. What is told twice is one row. */
import type { SQLInputValue } from 'node:sqlite';
import type { Attempt, LoggedMessage } from '../../core/fate/attempt.ts';
import { hash53 } from '../../lib/hash.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { JudgedMessage } from '../../ports/fate.ts';
import { attemptCode, keptBit, messageCode } from './codes.ts';
import type { DayFile } from './day.ts';
import { shapeReply } from './reply-shape.ts';

/** A message of a day. `at`: since the day began. */
export type MessagePlace = { readonly id: number; readonly at: number; isKept: boolean };

/**
 * Postern judges a message when it is complete, and the log knows it from its begin: an upload may
 * take this long. Short queue ids are used again, but not within this time.
 */
export const uploadMs: number = 2 * hourMs;
/** Clocks of two programs, and lines that are written late. */
export const clockMs: number = 5 * minuteMs;
const subjectLengthMax = 200;
/** Further queue ids that are kept of one message. */
const otherIdsMax = 20;

const judgedColumns =
  'what, judged_at, account, client, sender, header_from, script, copy, id_left, id_right';

/** A message with this queue id that began from `from` to `to`; the newest if there are more. */
export function findMessage(
  day: DayFile,
  of: {
    readonly queueId: string;
    readonly host: string;
    readonly from: Millis;
    readonly to: Millis;
  },
): MessagePlace | undefined {
  if (of.queueId === '') return undefined;
  const hash = day.hash('q', of.queueId);
  // Most ids are new, and this costs less than the whole question.
  if (day.statement('SELECT 1 FROM keys WHERE hash = ? LIMIT 1').get(hash) === undefined) {
    return undefined;
  }
  const row = day
    .statement(
      `SELECT m.id, m.at, m.what FROM keys k JOIN messages m ON m.id = k.message
       LEFT JOIN words h ON h.id = m.host
       WHERE k.hash = ? AND m.at BETWEEN ? AND ?
         AND (m.queue = ? OR instr(' ' || m.other || ' ', ' ' || ? || ' '))
         AND (h.text IS NULL OR ? = '' OR h.text = ?)
       ORDER BY m.at DESC LIMIT 1`,
    )
    .get(hash, of.from - day.start, of.to - day.start, of.queueId, of.queueId, of.host, of.host);
  if (row === undefined) return undefined;
  return {
    id: Number(row['id']),
    at: Number(row['at']),
    isKept: (Number(row['what']) & keptBit) !== 0,
  };
}

/** A message of which nothing more is known yet. */
export function addMessage(
  day: DayFile,
  of: { readonly queueId: string; readonly at: Millis },
): MessagePlace {
  const at = of.at - day.start;
  const id = day.add('INSERT INTO messages (queue, at, what) VALUES (?, ?, 0)', of.queueId, at);
  addKey(day, 'q', of.queueId, id);
  return { id, at, isKept: false };
}

/** Adds a message that the guard has judged, and of which nothing else is known yet. */
export function addJudged(day: DayFile, message: JudgedMessage): MessagePlace {
  const what = messageCode(message);
  const at = message.at - day.start;
  const people = judgedPeople(day, message);
  const id = day.add(
    `INSERT INTO messages (queue, at, ${judgedColumns})
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    message.queueId,
    at,
    ...judgedValues(day, message, people),
  );
  addKey(day, 'q', message.queueId, id);
  const place = { id, at, isKept: (what & keptBit) !== 0 };
  addDetails(day, place, message, people);
  return place;
}

export function writeJudged(day: DayFile, place: MessagePlace, message: JudgedMessage): void {
  place.isKept ||= (messageCode(message) & keptBit) !== 0;
  const people = judgedPeople(day, message);
  day.run(
    `UPDATE messages SET (${judgedColumns}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`,
    ...judgedValues(day, message, people),
    place.id,
  );
  addDetails(day, place, message, people);
}

type JudgedPeople = { readonly sender: number | null; readonly from: number | null };

function judgedPeople(day: DayFile, { headerFrom, sender }: JudgedMessage): JudgedPeople {
  return {
    sender: day.person(sender),
    from: headerFrom === sender ? null : day.person(headerFrom),
  };
}

/** As of judgedColumns. */
function judgedValues(
  day: DayFile,
  message: JudgedMessage,
  { from, sender }: JudgedPeople,
): readonly (number | string | null)[] {
  const [left, right] = splitId(message.messageId);
  return [
    messageCode(message),
    message.at - day.start,
    day.word(message.account),
    day.word(message.client),
    sender,
    from,
    day.word(message.script),
    message.fingerprint === '' ? null : hash53(message.fingerprint, 0),
    left,
    day.word(right),
  ];
}

function addDetails(
  day: DayFile,
  place: MessagePlace,
  message: JudgedMessage,
  { from, sender }: JudgedPeople,
): void {
  addKey(day, 'm', message.messageId, place.id);
  // Senders with an account are users of this server.
  addAddress(day, sender, message.sender, true);
  addAddress(day, from, message.headerFrom, true);
  if (message.subject !== '') {
    const schema = place.isKept ? 'main' : 'clear';
    if (schema === 'main' || day.hasClear) {
      day.run(
        `INSERT OR REPLACE INTO ${schema}.subjects VALUES (?, ?)`,
        place.id,
        message.subject.slice(0, subjectLengthMax).toWellFormed(),
      );
    }
  }
  for (const recipient of message.recipients) addRecipient(day, place, recipient, 0);
}

/** `onlyMissing`: its first lines were not read; what the day knows already counts. */
export function writeLogged(
  day: DayFile,
  place: MessagePlace,
  message: LoggedMessage,
  onlyMissing: boolean,
): void {
  const isOurs = message.account !== undefined;
  const sender = day.person(message.sender);
  const [left, right] = splitId(message.messageId);
  const others = message.otherIds.slice(0, otherIdsMax);
  const given = (column: string): string => (onlyMissing ? `coalesce(${column}, ?)` : '?');
  // What Postern saw itself goes before what the log says.
  day.run(
    `UPDATE messages SET logged_at = ${given('logged_at')}, host = ${given('host')},
       other = ${given('other')}, size = ${given('size')},
       recipient_count = ${given('recipient_count')},
       account = coalesce(account, ?), client = coalesce(client, ?),
       sender = coalesce(sender, ?), id_left = coalesce(id_left, ?),
       id_right = coalesce(id_right, ?) WHERE id = ?`,
    message.at - day.start,
    day.word(message.host),
    others.length === 0 ? null : others.join(' '),
    message.sizeBytes,
    message.recipientCount,
    day.word(message.account ?? ''),
    day.word(message.client),
    sender,
    left,
    day.word(right),
    place.id,
  );
  for (const other of others) addKey(day, 'q', other, place.id);
  addKey(day, 'm', message.messageId, place.id);
  addAddress(day, sender, message.sender, isOurs || place.isKept);
}

const everywhere = ['recipients', 'keys'] as const;

/** Gives what is known of one message to another of the same day. */
export function mergeMessages(day: DayFile, from: MessagePlace, into: MessagePlace): void {
  if (from.id === into.id) return;
  day.run(
    `UPDATE messages SET (${judgedColumns}) = (SELECT ${judgedColumns} FROM messages WHERE id = ?)
     WHERE id = ? AND what = 0 AND (SELECT what FROM messages WHERE id = ?) <> 0`,
    from.id,
    into.id,
    from.id,
  );
  const shift = from.at - into.at;
  const moved = day.statement('SELECT * FROM attempts WHERE message = ?');
  for (const row of moved.iterate(from.id)) {
    putAttempt(day, { ...row, message: into.id, after: Number(row['after']) + shift });
  }
  day.run('DELETE FROM attempts WHERE message = ?', from.id);
  for (const table of everywhere) {
    day.run(`UPDATE OR IGNORE ${table} SET message = ? WHERE message = ?`, into.id, from.id);
    day.run(`DELETE FROM ${table} WHERE message = ?`, from.id);
  }
  for (const schema of day.schemas) {
    day.run(
      `UPDATE OR IGNORE ${schema}.subjects SET message = ? WHERE message = ?`,
      into.id,
      from.id,
    );
    day.run(`DELETE FROM ${schema}.subjects WHERE message = ?`, from.id);
  }
  day.run('DELETE FROM messages WHERE id = ?', from.id);
  into.isKept ||= from.isKept;
}

export function writeAttempt(day: DayFile, place: MessagePlace, attempt: Attempt): void {
  const named = nameOf(day, place, attempt);
  const person = addRecipient(day, place, named, 0);
  const isAlias = attempt.recipient !== named;
  const delivered = isAlias ? addRecipient(day, place, attempt.recipient, 1) : person;
  if (person === null || delivered === null) return;
  // What was sent may turn out to be at a filter: the same reply has the same shape then.
  const isSent = attempt.outcome === 'sent' || attempt.outcome === 'handed-on';
  const reply = shapeReply(attempt.reply, { ...attempt, isSent });
  putAttempt(day, {
    message: place.id,
    person,
    after: attempt.at - day.start - place.at,
    delay: Math.round(attempt.delaySeconds * secondMs),
    delivered,
    what: attemptCode(attempt),
    mx_host: day.word(attempt.mxHost),
    mx_address: day.word(attempt.mxAddress),
    our_address: day.word(attempt.from),
    status: day.word(attempt.status),
    reply: day.word(reply.shape),
    reply_parts: reply.parts === '' ? null : reply.parts,
  });
}

/** Postfix usually tells delays in steps of 10 ms. */
const sameDelayMax = 10;

/**
 * Adds a row of `attempts`, or updates that of the same attempt. A filter and the server behind it
 * may take the message in one second and after the same delay: two answers are two attempts, and
 * the second gets a delay of a millisecond more. Of more than ten such, the rest is left out.
 */
function putAttempt(day: DayFile, row: Readonly<Record<string, SQLInputValue>>): void {
  for (let more = 0; more < sameDelayMax; more++) {
    const delay = Number(row['delay']) + more;
    if (Number(day.statement(putSql).run({ ...row, delay }).changes) > 0) return;
  }
}

const putSql = `
  INSERT INTO attempts VALUES (:message, :person, :after, :delay, :delivered, :what, :mx_host,
    :mx_address, :our_address, :status, :reply, :reply_parts)
  ON CONFLICT DO UPDATE
  SET what = excluded.what, our_address = excluded.our_address, status = excluded.status
  WHERE mx_host IS excluded.mx_host AND mx_address IS excluded.mx_address
    AND reply IS excluded.reply AND reply_parts IS excluded.reply_parts`;

/**
 * The recipient as the message named it. sendmail(1) also takes `root`, and the log repeats that
 * word; Postern judged the address with the domain that Postfix added. That domain is the one of
 * the sender or of the address behind the alias.
 */
function nameOf(day: DayFile, place: MessagePlace, { original, recipient }: Attempt): string {
  if (original === '') return recipient;
  if (original.includes('@')) return original;
  for (const address of [recipient, senderOf(day, place)]) {
    const domain = address.slice(address.lastIndexOf('@') + 1);
    const full = `${original}@${domain}`;
    const person = domain === address ? undefined : day.findPerson(full);
    if (person !== undefined && isRecipient(day, place, person)) return full;
  }
  return recipient.startsWith(`${original}@`) ? recipient : original;
}

/** Empty if the address is not kept. */
function senderOf(day: DayFile, { id }: MessagePlace): string {
  const row = day
    .statement(
      `SELECT a.address FROM messages m JOIN main.addresses a ON a.person = m.sender
       WHERE m.id = ?`,
    )
    .get(id);
  return row === undefined ? '' : String(row['address']);
}

function isRecipient(day: DayFile, { id }: MessagePlace, person: number): boolean {
  const find = day.statement('SELECT 1 FROM recipients WHERE message = ? AND person = ?');
  return find.get(id, person) !== undefined;
}

function addRecipient(
  day: DayFile,
  place: MessagePlace,
  address: string,
  alias: 0 | 1,
): number | null {
  const person = day.person(address);
  if (person === null) return null;
  // An address behind an alias may be named by the message as well.
  day.run(
    `INSERT INTO recipients VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET alias = 0 WHERE alias > excluded.alias`,
    place.id,
    person,
    alias,
  );
  addAddress(day, person, address, place.isKept);
  return person;
}

function addAddress(day: DayFile, person: number | null, address: string, isKept: boolean): void {
  if (person === null) return;
  const schema = isKept ? 'main' : 'clear';
  if (schema === 'clear' && !day.hasClear) return;
  if (!day.isFresh(schema, person)) return;
  day.run(`INSERT OR IGNORE INTO ${schema}.addresses VALUES (?, ?)`, person, address);
}

function addKey(day: DayFile, kind: 'q' | 'm', text: string, message: number): void {
  if (text === '') return;
  day.run('INSERT OR IGNORE INTO keys VALUES (?, ?)', day.hash(kind, text), message);
}

/** The right side of a Message-ID is a host, which many messages share. */
function splitId(messageId: string): readonly [string | null, string] {
  if (messageId === '') return [null, ''];
  const at = messageId.lastIndexOf('@');
  const cut = messageId.slice(0, at < 0 ? undefined : at).toWellFormed();
  return [cut, at < 0 ? '' : messageId.slice(at + 1)];
}
