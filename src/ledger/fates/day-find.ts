/** Looks for messages in one day file. */
import type { SQLInputValue } from 'node:sqlite';
import type { Account } from '../../core/account-name.ts';
import { addressKey } from '../../formats/message/address.ts';
import { bareMessageId } from '../../formats/message/header.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import type { FateQuery, FoundMessage, RecipientFate } from '../../ports/fate.ts';
import { attemptMeaning, isWatchedCode, keptBit, verdictOf } from './codes.ts';
import type { DayFile } from './day.ts';
import { replyOf } from './reply-shape.ts';

/** Messages that one query looks at: between two of them, the time is looked at. */
const stride = 100_000;
/** Recipients that are shown of one message, and attempts of one recipient; the latest. */
const recipientsMax = 1_000;
/** Recipients of one answer. Beyond, each further message shows the one that was asked for. */
export const answerRecipientsMax = 20_000;
const attemptsMax = 100;

type Row = Readonly<Record<string, unknown>>;

export type DaySearch = {
  readonly query: FateQuery;
  readonly limit: number;
  /** True: no time is left. */
  readonly isLate: () => boolean;
  /** How many recipients the answer has room for; counted down. */
  readonly room: { recipients: number };
};

export type DayFound = { readonly found: readonly FoundMessage[]; readonly isWhole: boolean };

/** Newest first. */
export function findInDay(day: DayFile, { query, limit, isLate, room }: DaySearch): DayFound {
  const search = searchOf(day, query);
  const found: FoundMessage[] = [];
  if (search === undefined) return { found, isWhole: true };
  const last = day.lastMessage();
  const wanted = query.subject?.toLowerCase();
  for (let to = last; to > 0; ) {
    if (isLate()) return { found, isWhole: false };
    const from = Math.max(1, to - stride + 1);
    const left = limit - found.length;
    const ids = day
      .statement(search.sql)
      .all({ from, to, left }, ...search.values)
      .map((row) => Number(row['id']));
    for (const id of ids) {
      if (isLate()) return { found, isWhole: false };
      const message = load(day, id, { asked: search.person, most: Math.max(1, room.recipients) });
      if (wanted !== undefined && !hasSubject(message, wanted)) continue;
      room.recipients -= message.recipients.length;
      found.push(message);
    }
    if (found.length >= limit) return { found, isWhole: true };
    // The page was full, but some messages were left out: the rest of the stretch is not seen yet.
    to = ids.length === left ? (ids.at(-1) ?? from) - 1 : from - 1;
  }
  return { found, isWhole: true };
}

function hasSubject(message: FoundMessage, wanted: string): boolean {
  return message.judged?.subject.toLowerCase().includes(wanted) === true;
}

type Search = {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  /** The recipient that is asked for; 0 for none. */
  readonly person: number;
};

/** Undefined: the day does not know an address or a name that is asked for. */
function searchOf(day: DayFile, query: FateQuery): Search | undefined {
  const from: string[] = ['messages m'];
  const where: string[] = [];
  const values: SQLInputValue[] = [];
  const also = (sql: string, ...given: readonly SQLInputValue[]): void => {
    where.push(sql);
    values.push(...given);
  };
  const { queueId, messageId, recipient, sender } = query;
  let asked = 0;
  if (recipient !== undefined) {
    const person = day.findPerson(addressKey(recipient));
    if (person === undefined) return undefined;
    asked = person;
    from.unshift('recipients r CROSS JOIN');
    also('m.id = r.message AND r.person = ?', person);
  } else if (queueId !== undefined || messageId !== undefined) {
    from.unshift('keys k CROSS JOIN');
    const hash =
      queueId === undefined
        ? day.hash('m', bareMessageId(messageId ?? ''))
        : day.hash('q', queueId);
    also('m.id = k.message AND k.hash = ?', hash);
  }
  if (queueId !== undefined) {
    also("(m.queue = ? OR instr(' ' || m.other || ' ', ' ' || ? || ' '))", queueId, queueId);
  }
  if (messageId !== undefined) {
    const text = bareMessageId(messageId);
    const right = "(SELECT '@' || text FROM words WHERE id = m.id_right)";
    also(`m.id_left || coalesce(${right}, '') = ?`, text);
  }
  if (sender !== undefined) {
    const person = day.findPerson(addressKey(sender));
    if (person === undefined) return undefined;
    also('(m.sender = ? OR m.header_from = ?)', person, person);
  }
  for (const [column, text] of [
    ['account', query.account],
    ['client', query.client],
    ['script', query.script],
  ] as const) {
    if (text === undefined) continue;
    const word = day.findWord(text);
    if (word === undefined) return undefined;
    also(`m.${column} = ?`, word);
  }
  if (query.subject !== undefined && query.subject !== '') {
    // Without a key all subjects are read, one stretch after the other.
    const isAlone = where.length === 0;
    const { sql, patterns } = subjectSearch(day, query.subject, isAlone);
    if (isAlone) from.unshift(`(${sql}) s CROSS JOIN`);
    also(isAlone ? 'm.id = s.message' : `m.id IN (${sql})`, ...patterns);
  }
  if (query.since !== undefined) also('m.at >= ?', query.since - day.start);
  if (query.until !== undefined) also('m.at <= ?', query.until - day.start);
  where.push(`${recipient === undefined ? 'm.id' : 'r.message'} BETWEEN :from AND :to`);
  const sql =
    `SELECT m.id AS id FROM ${from.join(' ')} WHERE ${where.join(' AND ')} ` +
    'ORDER BY m.id DESC LIMIT :left';
  return { sql, values, person: asked };
}

/** SQLite knows the case of ASCII only: any other character matches, and is compared later. */
function subjectSearch(
  day: DayFile,
  subject: string,
  isAlone: boolean,
): { readonly sql: string; readonly patterns: readonly string[] } {
  const pattern = `%${subject.replace(/[\\%_]/g, '\\$&').replace(/[^\0-\x7f]/gu, '_')}%`;
  const where = isAlone ? 'message BETWEEN :from AND :to' : 'message = m.id';
  const parts = day.schemas.map(
    (schema) =>
      `SELECT message FROM ${schema}.subjects WHERE ${where} AND subject LIKE ? ESCAPE '\\'`,
  );
  return { sql: parts.join(' UNION ALL '), patterns: parts.map(() => pattern) };
}

const messageSql = `
  SELECT m.*, h.text AS host_text, a.text AS account_text, c.text AS client_text,
    s.text AS script_text, i.text AS right_text
  FROM messages m
  LEFT JOIN words h ON h.id = m.host LEFT JOIN words a ON a.id = m.account
  LEFT JOIN words c ON c.id = m.client LEFT JOIN words s ON s.id = m.script
  LEFT JOIN words i ON i.id = m.id_right
  WHERE m.id = ?`;

/** Which recipients are read first, and how many at most. */
type Wanted = { readonly asked: number; readonly most: number };

function load(day: DayFile, id: number, wanted: Wanted): FoundMessage {
  const row: Row = day.statement(messageSql).get(id) ?? {};
  const code = Number(row['what']);
  const isKept = (code & keptBit) !== 0;
  const verdict = verdictOf(code);
  const of = clearOf(day, isKept);
  const account = text(row, 'account_text') as Account;
  const left = text(row, 'id_left');
  const right = row['right_text'] === null ? '' : `@${text(row, 'right_text')}`;
  // The address of a sender with an account is always kept.
  const sender = of.address(row['sender'], account !== '');
  const shared = {
    queueId: text(row, 'queue'),
    client: text(row, 'client_text'),
    sender,
    messageId: row['id_left'] === null ? '' : `${left}${right}`,
  };
  const { recipients, more } = recipientsOf(day, id, { at: Number(row['at']), of, wanted });
  return {
    judged:
      verdict === undefined
        ? undefined
        : {
            ...shared,
            at: (day.start + Number(row['judged_at'])) as Millis,
            account,
            verdict,
            isWatched: isWatchedCode(code),
            headerFrom: row['header_from'] === null ? sender : of.address(row['header_from'], true),
            subject: of.subject(id),
            fingerprint: row['copy'] === null ? '' : String(row['copy']),
            script: text(row, 'script_text'),
          },
    logged:
      row['logged_at'] === null
        ? undefined
        : {
            ...shared,
            host: text(row, 'host_text'),
            otherIds: text(row, 'other').split(' ').filter(Boolean),
            at: (day.start + Number(row['logged_at'])) as Millis,
            account: account === '' ? undefined : account,
            sizeBytes: Number(row['size']),
            recipientCount: Number(row['recipient_count']),
          },
    recipients,
    moreRecipients: more,
  };
}

type Clear = {
  address(person: unknown, isOwn: boolean): string;
  subject(message: number): string;
};

/** Reads clear text, where it is kept. */
function clearOf(day: DayFile, isKept: boolean): Clear {
  const first = (table: 'addresses' | 'subjects', id: number, withMain: boolean): string => {
    const [key, column] =
      table === 'addresses' ? ['person', 'address'] : (['message', 'subject'] as const);
    const schemas = [...(withMain ? ['main'] : []), ...(day.hasClear ? ['clear'] : [])];
    for (const schema of schemas) {
      const sql = `SELECT ${column} AS text FROM ${schema}.${table} WHERE ${key} = ?`;
      const row = day.statement(sql).get(id);
      if (row !== undefined) return text(row, 'text');
    }
    return '';
  };
  return {
    address: (person, isOwn) =>
      typeof person === 'number' ? first('addresses', person, isKept || isOwn) : '',
    subject: (message) => first('subjects', message, isKept),
  };
}

/** The address itself, then the alias from which a delivery went to it. */
const askedFirst = `r.person <> :asked, NOT EXISTS (SELECT 1 FROM attempts t
  WHERE t.message = r.message AND t.person = r.person AND t.delivered = :asked),`;

function recipientsOf(
  day: DayFile,
  message: number,
  { at, of, wanted }: { readonly at: number; readonly of: Clear; readonly wanted: Wanted },
): { readonly recipients: readonly RecipientFate[]; readonly more: number } {
  const most = Math.min(wanted.most, recipientsMax);
  const rows = day
    .statement(
      `SELECT r.person, hex(p.mark) AS mark FROM recipients r
       LEFT JOIN people p ON p.id = r.person
       WHERE r.message = :message AND r.alias = 0
       ORDER BY ${wanted.asked === 0 ? '' : askedFirst} r.person LIMIT :most`,
    )
    .all({ message, most, ...(wanted.asked === 0 ? {} : { asked: wanted.asked }) });
  const count =
    rows.length < most
      ? rows.length
      : Number(
          day
            .statement('SELECT count(*) AS n FROM recipients WHERE message = ? AND alias = 0')
            .get(message)?.['n'],
        );
  const recipients = rows.map((row) => {
    const person = Number(row['person']);
    return {
      recipient: of.address(person, false),
      mark: text(row, 'mark').toLowerCase(),
      attempts: attemptsOf(day, { message, person, at, of }),
    };
  });
  return { recipients, more: count - rows.length };
}

const attemptSql = `
  SELECT t.*, mh.text AS mx_host_text, ma.text AS mx_address_text, o.text AS our_text,
    s.text AS status_text, r.text AS reply_text
  FROM attempts t
  LEFT JOIN words mh ON mh.id = t.mx_host LEFT JOIN words ma ON ma.id = t.mx_address
  LEFT JOIN words o ON o.id = t.our_address LEFT JOIN words s ON s.id = t.status
  LEFT JOIN words r ON r.id = t.reply
  WHERE t.message = ? AND t.person = ? ORDER BY t.after DESC, t.delay DESC
  LIMIT ${attemptsMax}`;

function attemptsOf(
  day: DayFile,
  about: {
    readonly message: number;
    readonly person: number;
    readonly at: number;
    readonly of: Clear;
  },
): RecipientFate['attempts'] {
  const { message, person, at, of } = about;
  const rows = day.statement(attemptSql).all(message, person).reverse();
  return rows.map((row) => {
    const original = of.address(person, false);
    const recipient = row['delivered'] === person ? original : of.address(row['delivered'], false);
    return {
      at: (day.start + at + Number(row['after'])) as Millis,
      recipient,
      original,
      ...attemptMeaning(Number(row['what'])),
      mxHost: text(row, 'mx_host_text'),
      mxAddress: text(row, 'mx_address_text'),
      from: text(row, 'our_text'),
      status: text(row, 'status_text'),
      reply: replyOf(
        { shape: text(row, 'reply_text'), parts: text(row, 'reply_parts') },
        { recipient: recipient || unnamed, original: original || unnamed },
      ),
      delaySeconds: Number(row['delay']) / secondMs,
    };
  });
}

/** In place of an address that is not kept. */
const unnamed = '(recipient)';

/** A column of text; empty for null. */
function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}
