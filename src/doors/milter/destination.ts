/** Tells whether a recipient's mail leaves this server. Pure. */

import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import type { MilterOptions } from './options.ts';

/** `unknown` if nothing tells which domains are this server's own. */
export function isElsewhere(
  key: string,
  transport: string,
  { localTransports, localDomains }: MilterOptions,
): 'yes' | 'no' | 'unknown' {
  const domain = domainOf(key);
  // A gateway passes mail for its own domains on by any transport (transport_maps), and strangers
  // send that mail.
  if (isOwnDomain(localDomains, domain)) return 'no';
  if (transport !== '') return localTransports.has(transport) ? 'no' : 'yes';
  if (localDomains.size === 0) return 'unknown';
  return domain === '' ? 'no' : 'yes';
}
