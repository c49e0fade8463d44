/** Where a recipient's mail goes. Pure. */

import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import type { MilterOptions } from './options.ts';

/** Does it leave this server? `unknown` where nobody told us which domains are its own. */
export function isElsewhere(
  key: string,
  transport: string,
  { localTransports, localDomains }: MilterOptions,
): 'yes' | 'no' | 'unknown' {
  const domain = domainOf(key);
  // A gateway brings mail for its own domains elsewhere by any transport (transport_maps), and
  // strangers send it.
  if (isOwnDomain(localDomains, domain)) return 'no';
  if (transport !== '') return localTransports.has(transport) ? 'no' : 'yes';
  if (localDomains.size === 0) return 'unknown';
  return domain === '' ? 'no' : 'yes';
}
