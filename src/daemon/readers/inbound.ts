/** Opens what verifies mail that comes in, with its resolver and its settings. */

import type { InboundResults } from '../../core/inbound/results.ts';
import { openVerification, type Sealing } from '../../flow/inbound/message-verified.ts';
import type { InboundJudge } from '../../flow/inbound/waiting/message-judged.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { parseNetwork } from '../../formats/postfix/network-list.ts';
import { isPublicSuffix } from '../../partners/dns/public-suffix.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { EditSource } from '../../ports/message.ts';
import type { Resolver } from '../../ports/world.ts';
import type { DaemonParts } from '../base/options.ts';
import { duration } from '../base/settings.ts';

type Given = Pick<DaemonParts, 'config' | 'host' | 'counters' | 'world'> & {
  readonly keysOf: (domain: string) => readonly SigningKey[];
  readonly resolve: Resolver | undefined;
  readonly judge: InboundJudge | undefined;
  readonly heard: (results: InboundResults) => void;
};

/** For mail that comes in; undefined if the operator has turned its verification off. */
export function openInboundResolver(
  { config, world }: Pick<DaemonParts, 'config' | 'world'>,
  scope: AsyncDisposableStack,
): Resolver | undefined {
  const { verify, dns } = config;
  if (!verify.enabled) return undefined;
  return scope.use(
    openResolver({
      ...dnsServers(dns.servers),
      clock: world.clock,
      totalMs: duration(dns.timeout),
    }),
  );
}

export function openInbound(of: Given): EditSource | undefined {
  const { counters, judge, resolve, world } = of;
  const { verify } = of.config;
  if (resolve === undefined) return undefined;
  return openVerification({
    resolve,
    isPublicSuffix,
    world,
    observe: counters.observe,
    heard: of.heard,
    ...(judge === undefined ? {} : { judge }),
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
