/** Announced mailings in a replay. */
import { countRecipients, type People } from '../../core/account/count-recipients.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import type { ReplayEvent, Submission } from '../../core/event.ts';
import {
  announced,
  countedDown,
  type ExpectedMailing,
  expectedLeft,
  expectedOf,
} from '../../core/mailings/expected.ts';

export class ReplayMailings {
  readonly #mailings = new Map<Account, ExpectedMailing>();

  expect({ account, at, recipients, until }: Extract<ReplayEvent, { kind: 'expect' }>): void {
    const wanted = { account, recipients, until, by: '', note: '', at };
    const before = this.#mailings.get(account);
    this.#mailings.set(account, announced(wanted, before, { fromNow: false }));
  }

  /** New recipients of the message that were announced. They are used up if it passes. */
  of(message: Submission, profile: AccountProfile, people: People): number {
    const left = expectedLeft(this.#mailings.get(message.account), message.at);
    if (left === 0) return 0;
    return expectedOf(countRecipients(profile, message, people).counts, left);
  }

  useUp(account: Account, expected: number): void {
    const mailing = this.#mailings.get(account);
    if (mailing === undefined || expected === 0) return;
    this.#mailings.set(account, countedDown(mailing, expected));
  }
}
