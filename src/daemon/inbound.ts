/** Wires what checks mail that comes in: the resolver, the settings, the counters. Of daemon.ts. */

import type { Config } from '../config/schema.ts';
import { openVerification, type Sealing } from '../flow/inbound/message-verified.ts';
import type { SigningKey } from '../formats/dkim/signing-key.ts';
import { parseNetwork } from '../formats/postfix/network-list.ts';
import type { Counters } from '../lib/counters.ts';
import { isPublicSuffix } from '../partners/dns/public-suffix.ts';
import { openResolver } from '../partners/dns/resolver.ts';
import { dnsServers } from '../partners/dns/servers.ts';
import type { MessageReading } from '../ports/message.ts';
import type { Clock, Log } from '../ports/world.ts';
import { duration } from './settings.ts';
import { startTimer } from './timers.ts';

type Given = {
  readonly config: Config;
  readonly host: string;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Log;
  readonly keysOf: (domain: string) => readonly SigningKey[];
};

/** Undefined where the operator does not want it. */
export function openInbound(of: Given, scope: AsyncDisposableStack): MessageReading | undefined {
  const { verify, dns } = of.config;
  if (!verify.enabled) return undefined;
  const { clock, log, counters } = of;
  const resolve = openResolver({
    ...dnsServers(dns.servers),
    clock,
    totalMs: duration(dns.timeout),
  });
  scope.use(resolve);
  return openVerification({
    resolve,
    isPublicSuffix,
    clock,
    log,
    count: counters.count,
    observe: counters.observe,
    timers: { every: startTimer },
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
  // Of ARC the world reads RSA alone.
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
