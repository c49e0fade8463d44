/** What flows ask of the mail server: its queue, its logins, and the ways to reach the operator. Types only. */
import type { Account } from '../core/account-name.ts';
import type { Notice } from '../core/notice.ts';
import type { Millis } from '../lib/time.ts';
import type { NoticeRow } from './ledger.ts';

/** What one message in the MTA's queue looks like to us. */
export type QueuedMessage = {
  readonly queueId: string;
  readonly queue: string;
  /** When its sender began to hand it over; 0 when the queue does not say. */
  readonly arrivedAt: Millis;
  readonly sender: string;
  readonly recipients: number;
};

/**
 * What was done, and why not the rest: many messages go in several calls, and what was done is to
 * be remembered.
 */
export type MovedMessages = {
  readonly done: ReadonlySet<string>;
  readonly fault: Error | undefined;
};

/**
 * The mail server's own queue tools. Every call has a deadline. Hold, release and drop never
 * reject.
 */
export type Mta = {
  /**
   * Puts these on hold; what is gone is ignored, and so is another message that came later under an
   * id used before.
   * `at`: when the message was answered for. Done: the ids that are now in the hold queue.
   */
  hold(
    messages: readonly { readonly queueId: string; readonly at: Millis }[],
  ): Promise<MovedMessages>;
  /** From hold back to deferred, and tried at once. Done: the ids that left the hold queue. */
  release(queueIds: readonly string[]): Promise<MovedMessages>;
  drop(queueIds: readonly string[]): Promise<MovedMessages>;
  /**
   * Which of these are on hold. Throws when not the whole queue could be read: then nobody knows.
   */
  onHold(queueIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Which of these are on hold with nobody left to send them to: a delivery was under way. Throws
   * as `onHold`.
   */
  spent(queueIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Everything queued, by `postqueue -j`; at most `limit`. */
  queue(limit: number): Promise<readonly QueuedMessage[]>;
};

/** The login of an account (Dovecot): closed by a deny file and by ending its sessions. */
export type LoginDoor = {
  close(account: Account): Promise<void>;
  open(account: Account): Promise<void>;
  /** Names that are closed now. */
  closedNames(): Promise<ReadonlySet<string>>;
};

/** One channel by which the operator is told. Throws when the notice was not taken. */
export type NoticeChannel = {
  readonly name: NoticeRow['channel'];
  send(notice: Notice, signal: AbortSignal): Promise<void>;
};
