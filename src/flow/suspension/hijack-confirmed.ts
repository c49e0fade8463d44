/**
 * A person says that a suspended account was hijacked. Until then its mail is held and, beyond the
 * limit, put off; from then on it is refused (suspension.later_mail).
 */
import { confirmHijack, nothingNew } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';

type Deps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly world: World;
};

/** For an account that is suspended already. */
export async function hijackConfirmed(
  { accounts, journal, world }: Deps,
  account: Account,
  by: string,
  note: string,
): Promise<AdminResult> {
  const at = world.clock.now();
  const profile = accounts.profile(account, at);
  if (profile.hijackedAt > 0) {
    return { ok: false, text: `${account} is suspended as hijacked already` };
  }
  confirmHijack(profile, at);
  const kept = await journal.committed([
    accounts.change(account, profile, nothingNew),
    { kind: 'audit', row: { at, by, action: 'hijacked', account, detail: note } },
  ]);
  world.log('warn', 'account.hijacked', { account, by });
  const unwritten = kept ? '' : '; but the ledger could not be written yet';
  const text = `${account} was hijacked: ${laterMail({ accounts, journal }, account)}${unwritten}`;
  return { ok: true, count: 1, text };
}

/** The answer to a suspension by hand. */
export function suspendedText(deps: Told, account: Account, hijacked: boolean): string {
  const later = hijacked ? laterMail(deps, account) : 'its mail is held';
  return `${account} is suspended; ${later}`;
}

type Told = Pick<Deps, 'accounts' | 'journal'>;

/** What happens to the mail of a hijacked account from now on, and how much is held. */
function laterMail({ accounts, journal }: Told, account: Account): string {
  const { messages } = journal.live.heldSum(account);
  const drop = shellWords('postern', 'held', 'drop', '--account', account);
  const left = messages === 0 ? '' : `; ${messages} of its messages are held: ${drop}`;
  const later = accounts.context.policy.hijackedMail === 'refuse' ? 'is refused' : 'is still held';
  return `its mail ${later} from now on${left}`;
}

/** The answer to a second suspension. */
export function suspendedAlready(account: Account): AdminResult {
  return {
    ok: false,
    text: `${account} is suspended already`,
    hint: `if it was hijacked: ${shellWords('postern', 'accounts', 'suspend', account)} --hijacked`,
  };
}
