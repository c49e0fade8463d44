/** Where the owner of an account reads mail. Pure. */
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';

/** Nothing that has a meaning of its own in an address field. Accounts of scripts have a colon. */
const plainAddress = /^[^\s<>()[\]\\,;:"?@]+@[^\s<>()[\]\\,;:"?@]+$/;

/**
 * The account's own mailbox: a login with a domain of this server, or a user of this machine if
 * the machine takes mail for its name. Undefined for everything else.
 */
export function ownerAddress(
  account: string,
  here: { readonly localDomains: ReadonlySet<string>; readonly host: string },
): string | undefined {
  const address = account.includes('@') ? account : `${account}@${here.host}`;
  if (!plainAddress.test(address)) return undefined;
  return isOwnDomain(here.localDomains, domainOf(address)) ? address : undefined;
}
