/** What the joining of a log takes and gives. */
import type { Millis } from '../../lib/time.ts';
import type { LogEvent } from '../event.ts';
import type { Attempt } from './attempt.ts';
import type { DeliveryEvent, JoinedMail } from './joined-mail.ts';

export type JoinSink = {
  /** A message is in the queue, or the log says more about it. */
  message(mail: JoinedMail, isNew: boolean): void;
  /** One attempt to deliver. `attempt` makes its description. */
  attempt(mail: JoinedMail, attempt: () => Attempt, delivery: DeliveryEvent | undefined): void;
  /** `mail` was told before, and is the same message as `into`. */
  merged(mail: JoinedMail, into: JoinedMail): void;
};

/** Messages that were not followed to their end, by reason. */
export type JoinCounts = {
  /** More were in flight than are kept. */
  evicted: number;
  /** Begun by a login or a user of the machine, and never in the queue: the client left. */
  neverQueued: number;
  /** Lines of the same message were read a second time. */
  twice: number;
};

export type JoinLimits = {
  /** Messages in flight; about 1 kB each. */
  readonly openMax: number;
  /** Messages that are recognised when their lines are read again; 16 octets each. */
  readonly seenMax: number;
};

export type MessageJoin = {
  seen(fact: LogEvent): void;
  /** Ends waits that are over at this time. */
  waited(now: Millis): void;
  /**
   * Tells what is not sure yet as it is known now: for a place in the log that is about to be
   * written. If such a message turns out to be another one, `merged` says so.
   */
  tellUnsure(): void;
  /** Nothing more comes: what waits is told as it is. */
  end(): void;
  readonly counts: Readonly<JoinCounts>;
  /** Messages that have not ended. */
  inFlight(): number;
};
