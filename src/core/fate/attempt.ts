/** What became of a message: its recipients, and each attempt to deliver to one of them. */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';

/** A message as the log knows it. Later facts about the same message replace earlier ones. */
export type LoggedMessage = {
  /** The machine that wrote the lines; empty if the lines do not say. */
  readonly host: string;
  /** The first queue id; a filter may give it others. */
  readonly queueId: string;
  /** Every further queue id, in order. */
  readonly otherIds: readonly string[];
  /** When it was handed over. */
  readonly at: Millis;
  /** Undefined: it came in, or the log does not say who handed it over. */
  readonly account: Account | undefined;
  readonly client: string;
  readonly sender: string;
  /** Without its brackets; empty if not logged. */
  readonly messageId: string;
  readonly sizeBytes: number;
  /** How many recipients the mail server counted. */
  readonly recipientCount: number;
};

/**
 * sent: taken by the next server or mailbox. deferred: tried again later. bounced: refused.
 * expired: given up after many tries. handed-on: to a filter, from which it comes back.
 */
export const attemptOutcomes = ['sent', 'deferred', 'bounced', 'expired', 'handed-on'] as const;

/** One attempt to deliver to one recipient, with the message it belongs to. */
export type Attempt = {
  readonly at: Millis;
  readonly host: string;
  /** The first queue id of the message. */
  readonly queueId: string;
  readonly account: Account | undefined;
  /** Address keys: as delivered, and as the message named it before aliases. */
  readonly recipient: string;
  readonly original: string;
  readonly outcome: (typeof attemptOutcomes)[number];
  /** Delivered to a mailbox, list or program of this server. */
  readonly isLocal: boolean;
  /** The server that answered: name and address; empty if none did. */
  readonly mxHost: string;
  readonly mxAddress: string;
  /** Our address from which it was tried, if it is known. */
  readonly from: string;
  /** Enhanced status code (RFC 3463); empty if none. */
  readonly status: string;
  /** The reply in the words of the log. */
  readonly reply: string;
  readonly delaySeconds: number;
};
