/** Announced mailings: as stored, and what operators do about them. Types only. */
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { ExpectedMailing } from '../../core/mailings/expected.ts';
import type { Millis } from '../../lib/time.ts';

export type MailingLedger = {
  /** One for each account at most; also those that have ended. */
  mailings(): readonly ExpectedMailing[];
};

export type MailingChange = { readonly kind: 'mailing'; readonly row: ExpectedMailing };

export type MailingWanted = {
  readonly recipients: number;
  readonly until: Millis;
  /**
   * Counts from now: neither what an announcement in force has used up counts, nor what the account
   * has sent before.
   */
  readonly fromNow: boolean;
  readonly note: string;
};

/** As AdminResult (admin.ts). */
export type MailingResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      readonly isUnknown?: true;
    };

/** For the gate. */
export type ExpectedRecipients = {
  /** New recipients of the account that may still come; 0 without an announcement in force. */
  left(account: Account, at: Millis): number;
  /**
   * How many recipients of the message are new to its account and expected. Asked before the
   * message is counted: afterwards they are known.
   */
  usedBy(message: Submission): number;
  /** A message with this many expected recipients has passed. */
  passed(account: Account, used: number): void;
};

/** What is known of an account's announcement. */
export type AccountMailings = {
  readonly admin: MailingAdmin;
  /** The one in force, also if it is used up. */
  of(account: Account, at: Millis): ExpectedMailing | undefined;
};

export type MailingAdmin = {
  /** Those in force, the first to end first. */
  list(): readonly ExpectedMailing[];
  expect(account: string, wanted: MailingWanted, by: string): Promise<MailingResult>;
  cancel(account: string, note: string, by: string): Promise<MailingResult>;
};
