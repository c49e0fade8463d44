/** One message as its lines in the log tell it, from hand-over to its last recipient. */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { LogEvent } from '../event.ts';
import type { Attempt, LoggedMessage } from './attempt.ts';

export type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;

/** What became of one recipient so far. */
export type RecipientState = {
  /** As the message named it before aliases. */
  readonly original: string;
  /** The queue id under which the latest attempt was made. */
  queueId: string;
  at: Millis;
  outcome: Attempt['outcome'];
  isLocal: boolean;
  /** A program or port that may be a filter took it; `returned`: it came back from there. */
  filter: 'none' | 'maybe' | 'returned';
  /** The recipient of a notice or of an alias, which the sender of the message did not name. */
  readonly isForeign: boolean;
};

/** Where a message stands: `unsure`: it may be one that a filter handed back. */
export type MailState = 'entered' | 'unsure' | 'told' | 'merged' | 'twice';

export class JoinedMail {
  readonly host: string;
  readonly queueId: string;
  readonly otherIds: string[] = [];
  at: Millis;
  /** Mail server's program that took it; empty if it made the message, or the start is missing. */
  service = '';
  account: Account | undefined;
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
  readonly recipients: Map<string, RecipientState> = new Map();
  /** Ids of notices about the message and of mail that its recipients forward. */
  foreignIds: Set<string> | undefined;
  /** Deliveries that wait until it is known to which message they belong. */
  waiting: DeliveryEvent[] | undefined;

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
    for (const { isForeign } of this.recipients.values()) if (!isForeign) known++;
    return Math.max(0, this.recipientCount - known);
  }
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

/** Given up after many tries: the mail server says so of the message, not of each recipient. */
export function expiryOf(
  mail: JoinedMail,
  recipient: string,
  { original, isLocal }: RecipientState,
  at: Millis,
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
