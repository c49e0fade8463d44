/**
 * What a person typed into the search field: the name of an account or a part, or the id of a
 * message. What was typed exactly goes before what only contains it.
 */
import type { Account } from '../../core/account-name.ts';
import type { LookupView } from '../../ports/admin.ts';
import type { Asking } from '../../ports/asking.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';

type LookupDeps = {
  readonly accounts: Pick<Accounts, 'known'>;
  readonly live: Pick<Journal['live'], 'findAccounts' | 'message' | 'story'>;
  readonly asking: Pick<Asking, 'fate'>;
  readonly named: (text: string) => Account;
};

/** At least this much of a name is looked at, to see whether only one has this local part. */
const lookedAtMin = 2;
/** As queue ids of all mail servers, and ids that Postern gives. */
const idShape = /^[\w.-]{6,64}$/;

export async function lookup(deps: LookupDeps, text: string, limit: number): Promise<LookupView> {
  const typed = text.trim();
  const { count, found } = deps.live.findAccounts(typed, Math.max(limit, lookedAtMin));
  const accounts = found.map(({ account, state }) => ({
    account,
    // The state in memory is newer than the stored one.
    state: deps.accounts.known(account)?.state ?? state,
  }));
  return {
    exact: exactAccount(deps, typed, found),
    accounts: accounts.slice(0, limit),
    count,
    isMessage: idShape.test(typed) && (await isMessage(deps, typed)),
  };
}

function exactAccount(
  deps: LookupDeps,
  typed: string,
  found: readonly { readonly account: Account }[],
): Account | undefined {
  const whole = deps.named(typed);
  if (deps.accounts.known(whole) !== undefined) return whole;
  const start = `${typed.toLowerCase()}@`;
  const [only, another] = found.filter(({ account }) => account.toLowerCase().startsWith(start));
  return another === undefined ? only?.account : undefined;
}

async function isMessage({ asking, live }: LookupDeps, id: string): Promise<boolean> {
  if (live.story(id) !== undefined || live.message(id) !== undefined) return true;
  return (await asking.fate(id)) !== undefined;
}
