/**
 * Compares a bulk sender with the DNS, as `postern dns check DOMAIN --bulk` does: SPF, DKIM, DMARC,
 * alignment, the names of the server. All questions about a domain end within a time limit.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { examine } from '../../core/identity/examine.ts';
import type { Identity } from '../../core/identity/identity.ts';
import { bulkLacks } from '../../core/identity/requirements.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { sendingBelow } from '../../flow/lanes/bulk-missing.ts';
import { answeredLater, type DnsAnswer } from '../../formats/dns/question.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { Resolver } from '../../ports/world.ts';
import type { DaemonParts } from '../base/options.ts';
import { lastingKeys, rememberedDomains, sendingServer } from '../base/sending-identity.ts';
import { duration } from '../base/settings.ts';

/** Time for all questions about one domain: about 30, one after the other. */
const domainMs = 20 * secondMs;
/** Domains in From below one that somebody registered; the busiest count. */
const belowMax = 3;
const storedMax = 10_000;

const late: DnsAnswer = {
  kind: 'failure',
  reason: 'timeout',
  text: 'the time for all questions is up',
};

export type BulkCheck = {
  /** What is not met, or not known, in sentences. */
  check(organisation: string): Promise<readonly string[]>;
  configure(config: Config): void;
};

export function openBulkCheck(
  { config, scope, world }: Pick<DaemonParts, 'config' | 'scope' | 'world'>,
  { live }: Pick<Journal, 'live'>,
): BulkCheck {
  let current = config;
  const totalMs = duration(config.dns.timeout);
  const resolver = openResolver({
    ...dnsServers(config.dns.servers),
    clock: world.clock,
    totalMs,
  });
  scope.defer(() => resolver[Symbol.dispose]());

  async function one(domain: string): Promise<readonly string[]> {
    const identity = identityOf(domain, current, live, world.clock.now());
    // A label that no zone has, so that only a wildcard answers for it.
    const beside = `postern-${randomBytes(6).toString('hex')}`;
    const answer = within(resolver, performance.now() + domainMs);
    const found = await answeredLater(examine(identity.server, [identity], beside), answer);
    const aspects = [found.server?.aspect, ...found.domains.map(({ aspect }) => aspect)];
    return bulkLacks(aspects.flatMap((aspect) => aspect?.findings ?? []));
  }

  return {
    async check(organisation) {
      const below = sendingBelow(organisation, live).slice(0, belowMax);
      const lacks: string[] = [];
      for (const domain of below.length === 0 ? [organisation] : below) {
        const found = await one(domain);
        lacks.push(...(domain === organisation ? found : found.map((of) => `${domain}: ${of}`)));
      }
      return lacks;
    },
    configure(changed) {
      current = changed;
    },
  };
}

function identityOf(domain: string, config: Config, live: Journal['live'], now: Millis): Identity {
  const stored = { sent: live.sendingDomains(storedMax), keys: lastingKeys(live.dkimKeys()) };
  const memory = rememberedDomains(stored, config, now);
  const { identity } = config;
  return {
    domain,
    // Its mail is on its way, whatever identity.never_send says.
    sends: true,
    sent: memory.sent(domain),
    bulk: true,
    server: sendingServer(config),
    keys: memory.keys(domain),
    signedBy: memory.signedBy(domain),
    selectors: [],
    dmarcReports: identity.dmarc_reports,
    tlsReports: identity.tls_reports,
    mx: [],
    mtaSts: identity.mta_sts,
    policyFile: { kind: 'none', why: 'it is not asked here' },
    certificates: [],
    organisation: organisationOf,
  };
}

/** After the end, each answer is unknown at once. */
function within(resolver: Resolver, end: number): Resolver {
  return async (question) => (performance.now() > end ? late : resolver(question));
}
