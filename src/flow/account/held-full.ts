/**
 * Says for mail of this machine that it cannot be taken now: it would be held, and as much of its
 * account, or of its user, is held as may be. Without that, pickup(8) could only repeat the
 * message, or it is held beyond the limit.
 */
import { evidenceNow } from '../../core/account/judge.ts';
import { holdAt } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import type { ScriptSubmitter } from '../../core/script-mail.ts';
import { isSumKnown, secondAccount } from '../../core/scripts/adding-up.ts';
import { handedAccount } from '../../core/scripts/submitter.ts';
import { hasRoomFor } from '../../core/verdict.ts';
import type { Millis } from '../../lib/time.ts';
import type { World } from '../../ports/world.ts';
import { observes, type Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import type { Exemptions } from './exemptions.ts';
import type { HeldCount } from './held-count.ts';

export type HeldFullDeps = {
  readonly accounts: Accounts;
  readonly exemptions: Pick<Exemptions, 'until'>;
  readonly held: HeldCount;
  readonly world: World;
  readonly settings: Settings;
};

/** What is on its way to the mail server and was not judged yet. */
export type OnTheWay = { readonly messages: number; readonly bytes: number };

type HandedBy = { readonly submitter: ScriptSubmitter; readonly sender: string };

/**
 * Why a message of this submitter and envelope sender cannot be taken, in words for its sender;
 * undefined: it can. `ofAccount` and `ofUser`: what is on its way of its account, and of
 * its user.
 */
export type HeldFull = (by: HandedBy, ofAccount: OnTheWay, ofUser: OnTheWay) => string | undefined;

export function openHeldFull(deps: HeldFullDeps): HeldFull {
  const { accounts, exemptions, held, settings, world } = deps;
  const { baseline, policy } = accounts.context;
  const isFull = (account: Account, at: Millis, onTheWay: OnTheWay): boolean => {
    const profile = accounts.known(account);
    if (profile === undefined || profile.state === 'clear') return false;
    const isHeld =
      profile.state === 'suspended' || evidenceNow(profile, baseline, at).evidence >= holdAt;
    if (!isHeld) return false;
    const waits = held(account);
    const messages = waits.messages + onTheWay.messages;
    const bytes = waits.bytes + onTheWay.bytes;
    return !hasRoomFor(1, { messages, bytes }, policy.heldMax);
  };
  /** The sum of its user would hold the message. A suspended sum is not asked. */
  const isSumFull = (account: Account, by: HandedBy, ofUser: OnTheWay): boolean => {
    const at = world.clock.now();
    const own = accounts.known(account) ?? { firstSeen: at };
    const sum = secondAccount({ account, at, sender: by.sender, handed: by }, own);
    const profile = sum === undefined ? undefined : accounts.known(sum);
    if (sum === undefined || profile === undefined || profile.state === 'suspended') return false;
    if (!isSumKnown(profile, at) || exemptions.until(account) > at) return false;
    return isFull(sum, at, ofUser);
  };
  return (by, ofAccount, ofUser) => {
    const account = handedAccount(by.submitter, by.sender);
    if (observes(settings, account)) return undefined;
    const cannot = isFull(account, world.clock.now(), ofAccount) || isSumFull(account, by, ofUser);
    if (!cannot) return undefined;
    return `your mail is being checked; please try again later, or contact ${settings.contact}`;
  };
}
