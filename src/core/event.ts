/**
 * What happens to accounts, as the guard sees it: the same shapes from the live doors, from a
 * replay and in tests.
 */

import type { Millis } from '../lib/time.ts';
import type { Account } from './account-name.ts';
import type { Scan } from './scan/report.ts';
import type { ScriptFinding, ScriptMail } from './script-mail.ts';

/** One message handed over. Recipients are address keys (mail/address.ts), without duplicates. */
export type Submission = {
  readonly kind: 'send';
  /** Postfix's queue id, or the replay's own id. Empty when the door does not know one. */
  readonly id: string;
  readonly at: Millis;
  readonly account: Account;
  /** Recipients elsewhere. */
  readonly outside: readonly string[];
  /** Recipients that this server delivers itself: they count far less. */
  readonly local: readonly string[];
  /** Client IP address, as text. */
  readonly client?: string;
  readonly clientPort?: number;
  /** Envelope sender, address key; empty for the null sender. */
  readonly sender?: string;
  /** Address key of the first mailbox in From:. */
  readonly headerFrom?: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly sizeBytes?: number;
  /**
   * A digest of the body that stays the same when names, numbers and links vary
   * (mail/fingerprint.ts).
   */
  readonly fingerprint?: string;
  /** What scanners made of it, where mail is scanned. */
  readonly scan?: Scan;
  /** Path of the script that handed it in, where it is known. */
  readonly script?: string;
  /**
   * As the sendmail door got it, where it came by that; and what the register of scripts makes of
   * it.
   */
  readonly handed?: ScriptMail;
  readonly scriptFinding?: ScriptFinding;
};

/** An authentication, good or bad. */
export type LoginSeen = {
  readonly kind: 'login';
  readonly at: Millis;
  readonly account: Account;
  readonly client: string;
  readonly ok: boolean;
};

/** What became of one recipient of a message. */
export type DeliverySeen = {
  readonly kind: 'delivery';
  readonly at: Millis;
  readonly account: Account;
  readonly recipient: string;
  readonly outcome: 'sent' | 'deferred' | 'bounced';
  /** The remote server's reply, whole. */
  readonly reply: string;
};

/** What one line of the mail log says, without its time. */
export type LogFact =
  /**
   * `account` undefined: a bad login of which the line does not say whose. `times`: the line tells
   * of so many at once.
   */
  | {
      readonly kind: 'login';
      readonly account: Account | undefined;
      readonly client: string;
      readonly ok: boolean;
      readonly times: number;
    }
  /**
   * The password service says for whom it found a wrong password; that a login failed, another line
   * says.
   */
  | { readonly kind: 'mismatch'; readonly account: Account; readonly client: string }
  | {
      readonly kind: 'delivery';
      readonly queueId: string;
      readonly recipient: string;
      readonly outcome: 'sent' | 'deferred' | 'bounced';
      readonly reply: string;
      /** The queue id under which a filter on this machine handed the message back; else empty. */
      readonly requeuedAs: string;
    };
export type LogEvent = LogFact & { readonly at: Millis };

/** What a recording or an old log holds, in order of time. */
export type ReplayEvent =
  | Submission
  | LoginSeen
  /** The account is that of the `send` with this id: the replay knows it. */
  | (Omit<DeliverySeen, 'account'> & { readonly id: string })
  | { readonly kind: 'clear'; readonly at: Millis; readonly account: Account };
