/**
 * Reads one line of recorded events (JSON). Unknown fields are ignored. A field that is missing or
 * has the wrong type is a fault whose text names it.
 */

import type { Account } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { AuthorsFinding } from '../../core/authors-finding.ts';
import type { ReplayEvent, Submission } from '../../core/event.ts';
import type { Scan } from '../../core/scan/report.ts';
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import { fault, ok, type Result } from '../../lib/result.ts';
import type { Millis } from '../../lib/time.ts';
import type { Mutable } from '../../lib/type-tools.ts';

/** A longer line is refused. */
export const eventLineMax: number = 8 * 1024 * 1024;
/** Recipients of one message; no mail server accepts as many. */
const recipientsMax = 100_000;

/** Points from which SpamAssassin calls a message spam, unless it is told otherwise. */
const spamFrom = 5;
const unscored: Scan = {
  by: '',
  score: 0,
  required: spamFrom,
  likeness: 0,
  rules: [],
  masked: [],
  virus: '',
  suspected: '',
  missing: [],
  tooBig: [],
  scans: 0,
  reused: 0,
  tookMs: 0,
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads one line. `readTime` turns RFC 3339 into milliseconds, and anything else into NaN. */
export function parseEvent(
  line: string,
  readTime: (text: string) => number,
): Result<ReplayEvent, string> {
  let fields: Fields;
  try {
    fields = JSON.parse(line) as Fields;
  } catch {
    return fault('not JSON');
  }
  if (typeof fields !== 'object' || fields === null) return fault('not a JSON object');
  const at = typeof fields['at'] === 'string' ? readTime(fields['at']) : Number.NaN;
  if (Number.isNaN(at)) return fault('`at` must be a time as in RFC 3339');
  switch (fields['type']) {
    case 'send':
      return send(fields, at as Millis);
    case 'login':
      return login(fields, at as Millis);
    case 'delivery':
      return delivery(fields, at as Millis);
    case 'clear': {
      const account = accountField(fields);
      return account === undefined ? noAccount : ok({ kind: 'clear', at: at as Millis, account });
    }
    default:
      return fault('`type` must be send, login, delivery or clear');
  }
}

const noAccount = fault('`account` must be a login');

function accountField(fields: Fields): Account | undefined {
  const text = fields['account'];
  return typeof text === 'string' && text !== '' ? accountOf(text, '') : undefined;
}

function send(fields: Fields, at: Millis): Result<ReplayEvent, string> {
  const script = string(fields, 'script');
  const account =
    accountField(fields) ?? (script === undefined ? undefined : (`script:${script}` as Account));
  if (account === undefined) return noAccount;
  const { id, recipients } = fields;
  if (typeof id !== 'string') return fault('`id` must be a string');
  if (!Array.isArray(recipients)) return fault('`recipients` must be a list of addresses');
  if (recipients.length > recipientsMax) return fault(`more than ${recipientsMax} recipients`);
  const own = domainOf(account);
  const outside: string[] = [];
  const local: string[] = [];
  for (const recipient of recipients) {
    if (typeof recipient !== 'string') return fault('`recipients` must be a list of addresses');
    const key = addressKey(recipient);
    if (key === '') continue;
    const list = own !== '' && key.endsWith(own) && domainOf(key) === own ? local : outside;
    list.push(key);
  }
  const event: Mutable<Submission> = {
    kind: 'send',
    id,
    at,
    account,
    outside: unique(outside),
    local: unique(local),
  };
  addDetails(event, fields);
  return ok(event);
}

/** Without duplicates. Most messages have one recipient, and cost nothing here. */
function unique(keys: string[]): string[] {
  return keys.length > 1 ? [...new Set(keys)] : keys;
}

function addDetails(event: Mutable<Submission>, fields: Fields): void {
  const client = string(fields, 'client');
  const sender = string(fields, 'sender');
  const from = string(fields, 'from');
  const subject = string(fields, 'subject');
  const fingerprint = string(fields, 'fingerprint');
  if (client !== undefined) event.client = client;
  if (sender !== undefined) event.sender = addressKey(sender);
  if (from !== undefined) event.headerFrom = firstMailbox(from);
  if (subject !== undefined) event.subject = subject;
  if (fingerprint !== undefined) event.fingerprint = fingerprint;
  const foreign = string(fields, 'foreign');
  if (foreign !== undefined) event.authors = foreignAuthor(addressKey(foreign));
  const { uid } = fields;
  if (typeof uid === 'number' && Number.isSafeInteger(uid) && uid >= 0) event.uid = uid;
  const { size } = fields;
  if (typeof size === 'number' && size >= 0) event.sizeBytes = size;
  const score = fields['spamScore'];
  if (typeof score === 'number' && Number.isFinite(score)) event.scan = scoredBy(score);
}

/** An author that the account may not use, as the live doors find it. */
function foreignAuthor(address: string): AuthorsFinding {
  const author = { address, place: 'from', kind: 'foreign', source: '' } as const;
  return { unsigned: 'foreign', foreign: [author], author: address, holds: false };
}

/** A score as the live doors have it from a scanner that says where spam begins. */
function scoredBy(score: number): Scan {
  return { ...unscored, score, likeness: score / spamFrom };
}

function login(fields: Fields, at: Millis): Result<ReplayEvent, string> {
  const account = accountField(fields);
  if (account === undefined) return noAccount;
  const { client, ok: good } = fields;
  if (typeof client !== 'string') return fault('`client` must be an IP address');
  if (typeof good !== 'boolean') return fault('`ok` must be true or false');
  return ok({ kind: 'login', at, account, client, ok: good });
}

function delivery(fields: Fields, at: Millis): Result<ReplayEvent, string> {
  const { id, recipient, outcome } = fields;
  if (typeof id !== 'string') return fault('`id` must be a string');
  if (typeof recipient !== 'string') return fault('`recipient` must be an address');
  if (outcome !== 'sent' && outcome !== 'deferred' && outcome !== 'bounced') {
    return fault('`outcome` must be sent, deferred or bounced');
  }
  const reply = string(fields, 'reply') ?? '';
  return ok({ kind: 'delivery', at, id, recipient: addressKey(recipient), outcome, reply });
}

function string(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}
