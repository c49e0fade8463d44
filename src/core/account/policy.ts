/** Limits and choices of the operator, as the core needs them. */

import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import type { Millis } from '../../lib/time.ts';
import { type HeldSum, nothingHeld } from '../verdict.ts';

export type Policy = {
  /** Fixed ceilings on recipients, whatever is usual; 0 means no ceiling. */
  readonly messageRecipientsMax: number;
  readonly accountRecipientsPerHour: number;
  readonly accountRecipientsPerDay: number;
  /** For all accounts together. When it is reached, only watched accounts are delayed. */
  readonly serverRecipientsPerHour: number;
  /** Points from which a message is held, whatever its account's evidence; 0 means no limit. */
  readonly scanHoldScore: number;
  /** What happens to a message that a scanner did not answer for. */
  readonly unscanned: 'pass' | 'delay';
  /** Whether this client is a host of the server itself (formats/postfix/own-hosts.ts). */
  readonly isOwnHost: (client: string) => boolean;
  /** Held mail of one account that may wait. What comes beyond it must come again later. */
  readonly heldMax: HeldSum;
  /** What happens to mail of a suspended account once a person said that it was hijacked. */
  readonly hijackedMail: 'refuse' | 'hold';
};

/** No ceilings. */
export const noCeilings: Policy = {
  messageRecipientsMax: 0,
  accountRecipientsPerHour: 0,
  accountRecipientsPerDay: 0,
  serverRecipientsPerHour: 0,
  scanHoldScore: 0,
  unscanned: 'pass',
  isOwnHost: isOwnByDefault,
  heldMax: { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
  hijackedMail: 'refuse',
};

export function hasCeiling(policy: Policy): boolean {
  return (
    policy.messageRecipientsMax > 0 ||
    policy.accountRecipientsPerHour > 0 ||
    policy.accountRecipientsPerDay > 0 ||
    policy.serverRecipientsPerHour > 0
  );
}

/** What Postern knows about the account besides its profile. */
export type AccountFlags = {
  /** When the operator's exemption ends; 0 without one. */
  readonly exemptUntil: Millis;
  /** Recipients of all accounts in this hour, for the server's ceiling. */
  readonly serverRecipientsThisHour: number;
  /** The password audit's finding if it guessed the password, as a sentence; empty otherwise. */
  readonly weakPassword: string;
  /** Asked only about mail that would be held. */
  readonly held: () => HeldSum;
  /** This message was answered before that too much is held: it counts only once. */
  readonly again: boolean;
  /** New recipients that an operator announced and that are left; 0 without (core/mailings). */
  readonly expected: number;
};

export const noFlags: AccountFlags = {
  exemptUntil: 0 as Millis,
  serverRecipientsThisHour: 0,
  weakPassword: '',
  held: () => nothingHeld,
  again: false,
  expected: 0,
};
