/** One message as its lines in the log tell it, from hand-over to its last recipient. */
import { hourMs, type Millis } from '../../lib/time.ts';
import { type Account, localAccount } from '../account-name.ts';
import type { LogEvent } from '../event.ts';
import type { Attempt, LoggedMessage } from './attempt.ts';
import { type RecipientState, Recipients } from './recipients.ts';

/** A message with a name gets no second one later than this: then its id was used again. */
export const renamedMs: number = hourMs;

const localProgram = /\/(?:local|virtual|lmtp|pipe)$/;

export type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;

/** Where a message stands: `unsure`: it may be one that a filter handed back. */
export type MailState = 'entered' | 'unsure' | 'told' | 'merged' | 'twice';

const none: readonly string[] = [];

export class JoinedMail {
  readonly host: string;
  readonly queueId: string;
  otherIds: readonly string[] = none;
  at: Millis;
  /** Mail server's program that took it; empty if it made the message, or the start is missing. */
  service = '';
  account: Account | undefined;
  /** How the client of a login spoke, where the log says it. */
  auth: string | undefined;
  tls: string | undefined;
  /** The user that called sendmail(1). */
  uid: number | undefined;
  client = '';
  /** The client that a filter names. */
  firstClient = '';
  /** The queue id that a filter or an operator names as the one before. */
  previousId = '';
  sender = '';
  messageId = '';
  sizeBytes = 0;
  recipientCount = 0;
  /** Where the message came from: `made`: the mail server wrote it. `missing`: not in the log. */
  origin: 'login' | 'local' | 'client' | 'made' | 'missing' = 'missing';
  state: MailState = 'entered';
  isQueued = false;
  isHeld = false;
  isRefused = false;
  /** The message to which this one belongs. */
  mergedInto: JoinedMail | undefined;
  /** Of its queue ids, how many have not left the queue. */
  openIds = 1;
  readonly recipients: Recipients = new Recipients();
  /** Ids of notices about the message and of mail that its recipients forward. */
  foreignIds: Set<string> | undefined;
  /** Queue ids under which a filter got it that named them when it handed the message back. */
  backFrom: Set<string> | undefined;
  /** Deliveries that wait until it is known to which message they belong. */
  waiting: DeliveryEvent[] | undefined;
  /** How many of these were told already; undefined: the message was not told while unsure. */
  toldWaiting: number | undefined;

  constructor(host: string, queueId: string, at: Millis) {
    this.host = host;
    this.queueId = queueId;
    this.at = at;
  }

  isForeign(queueId: string): boolean {
    return this.foreignIds?.has(queueId) === true;
  }

  /** Recipients that the mail server counted and no line names. */
  unknownRecipients(): number {
    let known = 0;
    for (const { isForeign } of this.recipients.all()) if (!isForeign) known++;
    return Math.max(0, this.recipientCount - known);
  }
}

export function enter(mail: JoinedMail, fact: Extract<LogEvent, { kind: 'entered' }>): void {
  const { client, firstClient, login, previousId, sender, service, uid } = fact;
  mail.service = service;
  mail.client = client;
  mail.firstClient = firstClient;
  mail.previousId = previousId;
  mail.uid = uid;
  if (login !== undefined) {
    mail.origin = 'login';
    mail.account = login;
    mail.auth = fact.auth;
    mail.tls = fact.tls;
  } else if (uid !== undefined) {
    mail.origin = 'local';
    mail.sender = sender ?? '';
    mail.account = localAccount(mail.sender);
  } else mail.origin = 'client';
}

/** The message to which it belongs in the end. */
export function rootOf(mail: JoinedMail): JoinedMail {
  let root = mail;
  while (root.mergedInto !== undefined) root = root.mergedInto;
  return root;
}

export function loggedOf(mail: JoinedMail): LoggedMessage {
  const { account, at, host, messageId, otherIds, queueId, sender, sizeBytes } = mail;
  return {
    host,
    queueId,
    otherIds: [...otherIds],
    at,
    account,
    client: mail.firstClient === '' ? mail.client : mail.firstClient,
    sender,
    messageId,
    sizeBytes,
    recipientCount: mail.recipientCount,
  };
}

export function attemptOf(
  mail: JoinedMail,
  delivery: DeliveryEvent,
  state: RecipientState,
): Attempt {
  const { at, delaySeconds, from, mxAddress, mxHost, original, recipient, reply } = delivery;
  return {
    at,
    host: mail.host,
    queueId: mail.queueId,
    account: mail.account,
    recipient,
    original,
    outcome: state.outcome,
    isLocal: state.isLocal,
    mxHost,
    mxAddress,
    from,
    status: delivery.status,
    reply,
    delaySeconds,
  };
}

/** Gives up the recipients that are still deferred under this queue id. */
export function expire(
  { recipients }: JoinedMail,
  queueId: string,
  at: Millis,
): readonly RecipientState[] {
  const given = recipients
    .all()
    .filter((state) => state.outcome === 'deferred' && state.queueId === queueId);
  for (const state of given) {
    state.outcome = 'expired';
    state.at = at;
  }
  return given;
}

/** Given up after many tries: the mail server says so of the message, not of each recipient. */
export function expiryOf(
  mail: JoinedMail,
  { at, original, isLocal, recipient }: RecipientState,
): Attempt {
  return {
    at,
    host: mail.host,
    queueId: mail.queueId,
    account: mail.account,
    recipient,
    original,
    outcome: 'expired',
    isLocal,
    mxHost: '',
    mxAddress: '',
    from: '',
    status: '',
    reply: '',
    delaySeconds: Math.max(0, Math.round((at - mail.at) / 1_000)),
  };
}

export function setReturned(state: RecipientState): void {
  state.filter = 'returned';
  state.outcome = 'handed-on';
  state.isLocal = false;
}

export function isLocalProgram(service: string): boolean {
  return !service.endsWith('/smtp') && localProgram.test(service);
}

/** Each recipient that the mail server counted has the message, or never gets it. */
export function isOver({ recipientCount, recipients }: JoinedMail): boolean {
  if (recipientCount === 0 || recipients.size < recipientCount) return false;
  for (const { outcome } of recipients.all()) if (outcome === 'deferred') return false;
  return true;
}

/** Handed in by a program of this machine or of its network. */
export function isNear({ origin, service }: JoinedMail): boolean {
  return origin === 'local' || (origin === 'client' && service !== '');
}

export function isOneOf(back: DeliveryEvent, { original, recipient }: DeliveryEvent): boolean {
  return [back.recipient, back.original].some((one) => one === recipient || one === original);
}

export function lastAt(mail: JoinedMail): Millis {
  let last = mail.at;
  for (const { at } of mail.recipients.all()) if (at > last) last = at;
  return last;
}

/** Without its brackets. */
export function plainId(messageId: string): string {
  const isBracketed = messageId.length > 1 && messageId.startsWith('<') && messageId.endsWith('>');
  return isBracketed ? messageId.slice(1, -1) : messageId;
}
