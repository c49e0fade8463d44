/** The limits and choices that the operator set, as the core needs them. */
import type { Millis } from '../../lib/time.ts';

export type Policy = {
  /** Fixed ceilings on recipients, whatever is usual; 0 is none. */
  readonly messageRecipientsMax: number;
  readonly accountRecipientsPerHour: number;
  readonly accountRecipientsPerDay: number;
  /** All accounts together; only accounts above their own usual are delayed when it is reached. */
  readonly serverRecipientsPerHour: number;
  /**
   * Points of a scanner from which a message is held whatever else is known of its account; 0 is
   * none.
   */
  readonly scanHoldScore: number;
  /** What becomes of a message of which a scanner said nothing. */
  readonly unscanned: 'pass' | 'delay';
};

/** No ceilings. */
export const noCeilings: Policy = {
  messageRecipientsMax: 0,
  accountRecipientsPerHour: 0,
  accountRecipientsPerDay: 0,
  serverRecipientsPerHour: 0,
  scanHoldScore: 0,
  unscanned: 'pass',
};

export function hasCeiling(policy: Policy): boolean {
  return (
    policy.messageRecipientsMax > 0 ||
    policy.accountRecipientsPerHour > 0 ||
    policy.accountRecipientsPerDay > 0 ||
    policy.serverRecipientsPerHour > 0
  );
}

/** What the flow knows besides the account's profile. */
export type AccountFlags = {
  /** An operator's exemption ends then; 0 when there is none. */
  readonly exemptUntil: Millis;
  /** Recipients of all accounts in this hour, for the server's ceiling. */
  readonly serverRecipientsThisHour: number;
  /** The password audit guessed its password: why, as a sentence. Empty: not that anybody knows. */
  readonly weakPassword: string;
};

export const noFlags: AccountFlags = {
  exemptUntil: 0 as Millis,
  serverRecipientsThisHour: 0,
  weakPassword: '',
};
