/** What became of each message: kept for days, found by what a person remembers. Types only. */
import type { Account } from '../core/account-name.ts';
import type { Attempt, LoggedMessage } from '../core/fate/attempt.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Millis } from '../lib/time.ts';

/** A message as Postern judged it. Recipients are address keys. */
export type JudgedMessage = {
  readonly queueId: string;
  readonly at: Millis;
  readonly account: Account;
  readonly verdict: VerdictKind;
  /** The account was watched or suspended: its recipients and subject stay in clear text. */
  readonly isWatched: boolean;
  readonly client: string;
  readonly sender: string;
  readonly headerFrom: string;
  readonly messageId: string;
  readonly subject: string;
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
  readonly recipients: readonly RecipientFate[];
};

/** The day files beside the ledger. Each write is kept in memory for a moment, with a limit. */
export type FateStore = {
  judged(message: JudgedMessage): void;
  logged(message: LoggedMessage): void;
  attempted(attempt: Attempt): void;
  /** Newest first. `partial`: why days are missing from the answer; empty if none is. */
  find(query: FateQuery): Promise<{
    readonly found: readonly FoundMessage[];
    readonly partial: string;
    /** What was looked through. */
    readonly searched?: { readonly days: number; readonly messages: number };
  }>;
  /** Removes a person's address from all days; answers how many rows changed. */
  forget(address: string): Promise<number>;
};
