/** What became of each message: kept for days, found by what a person remembers. Types only. */
import type { Account } from '../core/account-name.ts';
import type { Attempt, LoggedMessage } from '../core/fate/attempt.ts';
import type { DoorVerdict } from '../core/verdict.ts';
import type { Millis } from '../lib/time.ts';

/** A message as Postern judged it. Recipients are address keys. */
export type JudgedMessage = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: DoorVerdict;
  /** The account was watched or suspended: its recipients and subject stay in clear text. */
  readonly isWatched: boolean;
  readonly client: string;
  readonly sender: string;
  readonly headerFrom: string;
  readonly messageId: string;
  readonly subject: string;
  /** Equal for copies of one text (formats/message/fingerprint.ts); empty if it was not read. */
  readonly fingerprint: string;
  readonly script: string;
  readonly recipients: readonly string[];
};

/** What is looked for. All that is given must match; texts are matched whole unless said. */
export type FateQuery = {
  readonly recipient?: string;
  readonly sender?: string;
  /** A part of the subject, whatever its case. */
  readonly subject?: string;
  readonly messageId?: string;
  readonly queueId?: string;
  readonly client?: string;
  readonly script?: string;
  readonly account?: Account;
  readonly since?: Millis;
  readonly until?: Millis;
  readonly limit: number;
};

export type RecipientFate = {
  /** The address where it is kept in clear text, else empty. */
  readonly recipient: string;
  /** Tells recipients apart that are kept without clear text. */
  readonly mark: string;
  readonly attempts: readonly Omit<Attempt, 'host' | 'queueId' | 'account'>[];
};

export type FoundMessage = {
  /** Undefined if the log knows it and Postern did not judge it. */
  readonly judged: Omit<JudgedMessage, 'recipients'> | undefined;
  readonly logged: LoggedMessage | undefined;
  /**
   * Those that the message named, the one that was looked for first. An alias is in the attempts
   * of the recipient it came from.
   */
  readonly recipients: readonly RecipientFate[];
  /** How many further recipients there are: the answer has a limit. */
  readonly moreRecipients: number;
};

export type FateAnswer = {
  /** Newest first. */
  readonly found: readonly FoundMessage[];
  /** Why days are missing from the answer; empty if none is. */
  readonly partial: string;
  /** How many days were looked at. */
  readonly days: number;
};

/** An account whose mail of some days stays longer than other mail. */
export type IncidentMail = {
  readonly account: Account;
  readonly since: Millis;
  /** Undefined: the incident is open. */
  readonly until: Millis | undefined;
};

/** The day files beside the ledger. Each write is kept in memory for a moment, with a limit. */
export type FateStore = {
  judged(message: JudgedMessage): void;
  /** `startMissing`: its first lines were not read, so `at` is too late. */
  logged(message: LoggedMessage, how?: { readonly startMissing: boolean }): void;
  attempted(attempt: Attempt): void;
  /** Two messages that were told are one: what is known of `from` belongs to `into`. */
  merged(from: LoggedMessage, into: LoggedMessage): void;
  find(query: FateQuery): Promise<FateAnswer>;
  /**
   * Removes a person's address from all days; answers how many rows changed. `dryRun`: how many
   * would change.
   */
  forget(address: string, how: { readonly dryRun: boolean }): Promise<number>;
};
