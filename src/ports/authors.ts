/** Who may write as whom: what the message path asks, and what may be answered. Types only. */
import type { Account } from '../core/account-name.ts';
import type { Permission } from '../core/authors/permission.ts';

export type AuthorRights = {
  /**
   * May this account write as each of these addresses (address keys)? Calls back exactly once, with
   * one answer for each address: at once if it is known, at the latest when the deadline for asking
   * the mail server's tables is over.
   */
  ask(
    account: Account,
    addresses: readonly string[],
    done: (answers: readonly Permission[]) => void,
  ): void;
};
