/**
 * Reads one line of recorded events (JSON). Unknown fields are ignored. A field that is missing or
 * has the wrong type is a fault whose text names it.
 */

import type { Account } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { AuthorsFinding } from '../../core/authors-finding.ts';
import type { LoginSeen, MailReceived, ReplayEvent, Submission, Traits } from '../../core/event.ts';
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

/** What a line may say of a message. */
export type ReadSend = Pick<
  Submission,
  | 'kind'
  | 'id'
  | 'at'
  | 'account'
  | 'outside'
  | 'local'
  | 'client'
  | 'sender'
  | 'headerFrom'
  | 'subject'
  | 'fingerprint'
  | 'authors'
  | 'uid'
  | 'sizeBytes'
  | 'scan'
  | 'traits'
  | 'script'
>;
export type ReadDelivery = Pick<
  Extract<ReplayEvent, { kind: 'delivery' }>,
  'kind' | 'at' | 'id' | 'recipient' | 'outcome' | 'reply'
>;
type ReadClear = Extract<ReplayEvent, { kind: 'clear' | 'expect' }>;
export type ReadEvent = ReadSend | ReadDelivery | ReadClear | LoginSeen | MailReceived;

/** Reads one line. `readTime` turns RFC 3339 into milliseconds, and anything else into NaN. */
export function parseEvent(
  line: string,
  readTime: (text: string) => number,
): Result<ReadEvent, string> {
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
    case 'receive':
      return receive(fields, at as Millis);
    case 'clear': {
      const account = accountField(fields);
      return account === undefined ? noAccount : ok({ kind: 'clear', at: at as Millis, account });
    }
    case 'expect':
      return expect(fields, at as Millis, readTime);
    default:
      return fault('`type` must be send, login, receive, delivery, clear or expect');
  }
}

const noAccount = fault('`account` must be a login');

function accountField(fields: Fields): Account | undefined {
  const text = fields['account'];
  return typeof text === 'string' && text !== '' ? accountOf(text, '') : undefined;
}

function send(fields: Fields, at: Millis): Result<ReadEvent, string> {
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
  const event: Mutable<ReadSend> = {
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

function addDetails(event: Mutable<ReadSend>, fields: Fields): void {
  const client = string(fields, 'client');
  const script = string(fields, 'script');
  const sender = string(fields, 'sender');
  const from = string(fields, 'from');
  const subject = string(fields, 'subject');
  const fingerprint = string(fields, 'fingerprint');
  if (client !== undefined) event.client = client;
  if (script !== undefined) event.script = script;
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
  const traits = traitsOf(fields);
  if (traits !== undefined) event.traits = traits;
}

const textTraits = ['inReplyTo', 'helo', 'tls', 'auth', 'mailer', 'zone', 'messageIdForm'] as const;
const listTraits = ['links', 'attachments'] as const;
/** Links and attachments of one message; more are left out. */
const listedMax = 50;

/** Undefined for a recording without traits. */
function traitsOf(fields: Fields): Traits | undefined {
  const traits: Mutable<Traits> = {};
  let any = false;
  for (const name of textTraits) {
    const value = fields[name];
    if (typeof value !== 'string') continue;
    traits[name] = value;
    any = true;
  }
  for (const name of listTraits) {
    const value = fields[name];
    if (!Array.isArray(value)) continue;
    traits[name] = value.slice(0, listedMax).filter((one) => typeof one === 'string');
    any = true;
  }
  if (typeof fields['list'] === 'boolean') {
    traits.list = fields['list'];
    any = true;
  }
  if (fields['via'] === 'webmail') {
    traits.via = 'webmail';
    any = true;
  }
  return any ? traits : undefined;
}

/** An author that the account may not use, as the live doors find it. */
export function foreignAuthor(address: string): AuthorsFinding {
  const author = { address, place: 'from', kind: 'foreign', source: '' } as const;
  return { unsigned: 'foreign', foreign: [author], author: address, holds: false };
}

/** A score as the live doors have it from a scanner that says where spam begins. */
export function scoredBy(score: number): Scan {
  return { ...unscored, score, likeness: score / spamFrom };
}

function login(fields: Fields, at: Millis): Result<ReadEvent, string> {
  const account = accountField(fields);
  if (account === undefined) return noAccount;
  const { client, ok: good } = fields;
  if (typeof client !== 'string') return fault('`client` must be an IP address');
  if (typeof good !== 'boolean') return fault('`ok` must be true or false');
  const event: Mutable<LoginSeen> = { kind: 'login', at, account, client, ok: good };
  const { protocol } = fields;
  if (protocol === 'imap' || protocol === 'smtp' || protocol === 'webmail')
    event.protocol = protocol;
  const auth = string(fields, 'auth');
  const tls = string(fields, 'tls');
  if (auth !== undefined) event.auth = auth;
  if (tls !== undefined) event.tls = tls;
  return ok(event);
}

/** SPF is about the domain of `sender`; a signature counts if it is of that very domain. */
function receive(fields: Fields, at: Millis): Result<ReadEvent, string> {
  const account = accountField(fields);
  if (account === undefined) return noAccount;
  const from = string(fields, 'sender');
  if (from === undefined) return fault('`sender` must be an address');
  const sender = addressKey(from);
  const score = fields['spamScore'];
  return ok({
    kind: 'receive',
    at,
    account,
    sender,
    proved: sender !== '' && (fields['spf'] === 'pass' || fields['dkim'] === domainOf(sender)),
    wanted: !(typeof score === 'number' && score >= spamFrom),
    messageId: string(fields, 'messageId') ?? '',
  });
}

function delivery(fields: Fields, at: Millis): Result<ReadEvent, string> {
  const { id, recipient, outcome } = fields;
  if (typeof id !== 'string') return fault('`id` must be a string');
  if (typeof recipient !== 'string') return fault('`recipient` must be an address');
  if (outcome !== 'sent' && outcome !== 'deferred' && outcome !== 'bounced') {
    return fault('`outcome` must be sent, deferred or bounced');
  }
  const reply = string(fields, 'reply') ?? '';
  return ok({ kind: 'delivery', at, id, recipient: addressKey(recipient), outcome, reply });
}

function expect(
  fields: Fields,
  at: Millis,
  readTime: (text: string) => number,
): Result<ReplayEvent, string> {
  const account = accountField(fields);
  if (account === undefined) return noAccount;
  const { recipients } = fields;
  if (typeof recipients !== 'number' || !Number.isSafeInteger(recipients) || recipients < 1) {
    return fault('`recipients` must be a whole number from 1 on');
  }
  const until = readTime(string(fields, 'until') ?? '');
  if (Number.isNaN(until)) return fault('`until` must be a time as in RFC 3339');
  return ok({ kind: 'expect', at, account, recipients, until: until as Millis });
}

function string(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}
