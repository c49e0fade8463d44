/**
 * What flows ask of the mail server: its queue, its logins, channels to the operator. Types only.
 */
import type { Account } from '../core/account-name.ts';
import type { Notice } from '../core/notice.ts';
import type { Millis } from '../lib/time.ts';
import type { NoticeRow } from './ledger.ts';

/** One message in the mail server's queue. */
export type QueuedMessage = {
  readonly queueId: string;
  readonly queue: string;
  /** When the message began to arrive; 0 if the queue does not say. */
  readonly arrivedAt: Millis;
  readonly sender: string;
  readonly recipients: number;
  /** The first recipient; empty if none is left. */
  readonly to: string;
  readonly bytes: number;
};

/**
 * The messages that were moved, and why not the others. Many messages take several calls of a tool,
 * so some may have been moved before a fault.
 */
export type MovedMessages = {
  readonly done: ReadonlySet<string>;
  readonly fault: Error | undefined;
};

/**
 * What `hold` moved. `already`: messages that were on hold before. An operator, a rule of the mail
 * server or another filter holds them, unless Postern did and was stopped before it was noted.
 */
export type HeldMessages = MovedMessages & { readonly already: ReadonlySet<string> };

/** A message on hold: its bytes, and the configuration directory of its instance. */
export type OnHold = {
  readonly bytes: number;
  /** Empty: the machine's default instance. */
  readonly instance: string;
};

/**
 * The queue tools of all instances of the mail server. Every call has a deadline. Hold, release,
 * drop never reject.
 */
export type Mta = {
  /**
   * Puts these messages on hold. Ignores messages that are gone, and later messages that got the
   * same id. `at`: when Postern answered for the message. `before` is waited for before some of
   * them are moved. Done: the ids that this call put on hold.
   */
  hold(
    messages: readonly { readonly queueId: string; readonly at: Millis }[],
    before: (queueIds: readonly string[]) => Promise<void>,
  ): Promise<HeldMessages>;
  /** Moves messages from hold to deferred and tries them at once. Done: ids that left hold. */
  release(queueIds: readonly string[]): Promise<MovedMessages>;
  drop(queueIds: readonly string[]): Promise<MovedMessages>;
  /**
   * Which of these are on hold, and where. Throws if a queue could not be read as a whole.
   */
  onHold(queueIds: readonly string[]): Promise<ReadonlyMap<string, OnHold>>;
  /** Is this instance connected, so that `onHold` reads its queue? */
  serves(instance: string): boolean;
  /**
   * Which of these are on hold without a recipient left: a delivery was under way when they were
   * put on hold. Throws as `onHold` does.
   */
  spent(queueIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The queue, by `postqueue -j`: at most `limit` messages. */
  queue(limit: number): Promise<readonly QueuedMessage[]>;
};

/** Logins of accounts (Dovecot). Closing adds to a deny file and ends the sessions. */
export type LoginDoor = {
  close(account: Account): Promise<void>;
  open(account: Account): Promise<void>;
  /** Login names that are closed now. */
  closedNames(): Promise<ReadonlySet<string>>;
};

/** One channel by which the operator is told. Throws if the notice was not taken. */
export type NoticeChannel = {
  readonly name: NoticeRow['channel'];
  send(notice: Notice, signal: AbortSignal): Promise<void>;
};

/** The way to the owner of the account that a notice is about. */
export type OwnerChannel = NoticeChannel & {
  /** Whether there is something to say to its owner, and a mailbox here. */
  takes(notice: Notice): boolean;
};

/** Sends mail to a user of this server. Throws if the mail server did not take it. */
export type UserMail = {
  send(
    to: string,
    /** `by`: the name of the sender. */
    mail: { readonly by: string; readonly subject: string; readonly text: string },
  ): Promise<void>;
  /** The Message-ID is that of a mail that is being sent. */
  isOurs(messageId: string): boolean;
};
