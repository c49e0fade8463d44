/** The account that an operator names. */
import {
  type Account,
  accountOf,
  type DefaultDomain,
  keepsCapitals,
} from '../../core/account-name.ts';
import type { Accounts } from '../account/accounts.ts';

/** As it is known, else with the default domain. */
export function namedAccount(
  {
    accounts,
    defaultDomain,
  }: {
    readonly accounts: Pick<Accounts, 'known'>;
    readonly defaultDomain: DefaultDomain;
  },
  text: string,
): Account {
  if (keepsCapitals(text)) return text.trim() as Account;
  const asIs = text.trim().toLowerCase() as Account;
  if (accounts.known(asIs) !== undefined) return asIs;
  return accountOf(text, defaultDomain);
}
