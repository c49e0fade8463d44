/**
 * Says for mail of this machine that it cannot be taken now: it would be held, and as much of its
 * account is held as may be. Without that, pickup(8) could only repeat the message, or it is held
 * beyond the limit.
 */
import { evidenceNow } from '../../core/account/judge.ts';
import { holdAt } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import { hasRoomFor } from '../../core/verdict.ts';
import type { World } from '../../ports/world.ts';
import type { Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import type { HeldCount } from './held-count.ts';

export type HeldFullDeps = {
  readonly accounts: Accounts;
  readonly held: HeldCount;
  readonly world: World;
  readonly settings: Settings;
};

/** What is on its way to the mail server and was not judged yet. */
export type OnTheWay = { readonly messages: number; readonly bytes: number };

/** Why a message of this account cannot be taken, in words for its sender; undefined: it can. */
export type HeldFull = (account: Account, onTheWay: OnTheWay) => string | undefined;

export function openHeldFull({ accounts, held: heldNow, settings, world }: HeldFullDeps): HeldFull {
  return (account, onTheWay) => {
    if (settings.mode === 'observe') return undefined;
    const profile = accounts.known(account);
    if (profile === undefined || profile.state === 'clear') return undefined;
    const { baseline, policy } = accounts.context;
    const now = world.clock.now();
    const isHeld =
      profile.state === 'suspended' || evidenceNow(profile, baseline, now).evidence >= holdAt;
    if (!isHeld) return undefined;
    const held = heldNow(account);
    const messages = held.messages + onTheWay.messages;
    const bytes = held.bytes + onTheWay.bytes;
    if (hasRoomFor(1, { messages, bytes }, policy.heldMax)) return undefined;
    return `your mail is being checked; please try again later, or contact ${settings.contact}`;
  };
}
