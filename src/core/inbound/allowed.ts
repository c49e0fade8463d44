/** What an operator may list as never waiting: an address, a domain or a network. Pure. */
import { parseNetwork } from '../../formats/postfix/network-list.ts';

const domain = /^@(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/i;
const address = /^[^\s@]{1,200}@(?:[a-z0-9_-]+\.)*[a-z0-9-]+$/i;

export function isAllowable(text: string): boolean {
  return domain.test(text) || address.test(text) || parseNetwork(text) !== undefined;
}
