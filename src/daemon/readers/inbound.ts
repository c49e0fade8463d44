/** Opens what verifies mail that comes in, with its resolver and its settings. */

import { openVerification, type Sealing } from '../../flow/inbound/message-verified.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { parseNetwork } from '../../formats/postfix/network-list.ts';
import { isPublicSuffix } from '../../partners/dns/public-suffix.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { EditSource } from '../../ports/message.ts';
import type { DaemonParts } from '../base/options.ts';
import { duration } from '../base/settings.ts';

type Given = Pick<DaemonParts, 'config' | 'host' | 'counters' | 'world'> & {
  readonly keysOf: (domain: string) => readonly SigningKey[];
};

/** Undefined if the operator has turned it off. */
export function openInbound(of: Given, scope: AsyncDisposableStack): EditSource | undefined {
  const { verify, dns } = of.config;
  if (!verify.enabled) return undefined;
  const { counters, world } = of;
  const resolve = openResolver({
    ...dnsServers(dns.servers),
    clock: world.clock,
    totalMs: duration(dns.timeout),
  });
  scope.use(resolve);
  return openVerification({
    resolve,
    isPublicSuffix,
    world,
    observe: counters.observe,
    options: {
      authservId: verify.authserv_id === '' ? of.host : verify.authserv_id,
      deadlineMs: duration(verify.deadline),
      trusted: verify.trusted_networks.flatMap((text) => parseNetwork(text) ?? []),
    },
    sealing: verify.arc ? sealing(of) : undefined,
  });
}

function sealing({ config, host, keysOf }: Given): Sealing {
  const { arc_domain: domain } = config.verify;
  const start = (domain === '' ? host : domain).toLowerCase();
  // Other servers read only RSA in ARC.
  const rsa = (one: string): SigningKey | undefined =>
    keysOf(one).find(({ algorithm }) => algorithm === 'rsa-sha256');
  return {
    domain: start,
    form: { lineLengthLimit: config.signing.line_length_limit },
    key() {
      if (domain !== '') return rsa(start);
      for (let above = start; above.includes('.'); above = above.slice(above.indexOf('.') + 1)) {
        const key = rsa(above);
        if (key !== undefined) return key;
      }
      return undefined;
    },
  };
}
