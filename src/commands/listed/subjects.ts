/**
 * Finds the addresses that our mail leaves from, and the domains in it: from the configuration,
 * else from Postfix, the interfaces of this machine, and the ledger.
 */
import type { Config } from '../../config/schema.ts';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { type SourceAddresses, sourceAddresses } from '../../formats/postfix/source-addresses.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';
import { isPublicAddress, publicAddresses } from '../../partners/kernel/public-addresses.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { domainMemory } from '../dns/domain-memory.ts';

export type OwnSubjects = {
  readonly addresses: readonly string[];
  readonly domains: readonly string[];
  /** Why no address is known, in one sentence; empty if some are. */
  readonly unfound: string;
};

const addressesMax = 16;
const domainsMax = 50;

export async function ownSubjects(
  config: Config,
  where: { readonly state?: string | undefined; readonly configDir?: string | undefined },
  warn: (text: string) => void,
): Promise<OwnSubjects> {
  const memory = await domainMemory(where.state, config, warn);
  const { identity, listed, postfix } = config;
  const known = listed.domains.length > 0 ? listed.domains : memory.domains;
  const domains = [...new Set(known.map((one) => organisationOf(one) ?? one))];
  const found =
    identity.addresses.length > 0
      ? { addresses: identity.addresses, unfound: '' }
      : ownAddresses(
          await postfixSources(where.configDir ?? (postfix.config_directory || undefined)),
          publicAddresses(),
          memory.sources,
        );
  return {
    addresses: [...new Set(found.addresses)].slice(0, addressesMax),
    domains: domains.sort().slice(0, domainsMax),
    unfound: found.unfound,
  };
}

/** Undefined where there is no Postfix. */
async function postfixSources(configDir: string | undefined): Promise<SourceAddresses | undefined> {
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    const { main, master } = await readPostfixFiles(folder);
    return sourceAddresses(parseMainCf(main), parseMasterCf(master));
  } catch {
    return undefined;
  }
}

/** `interfaces`: public addresses of this machine. `logged`: sources that the mail log named. */
export function ownAddresses(
  sources: SourceAddresses | undefined,
  interfaces: readonly string[],
  logged: readonly string[] = [],
): Pick<OwnSubjects, 'addresses' | 'unfound'> {
  if (sources !== undefined && sources.relayHost !== '') {
    const { relayHost } = sources;
    const unfound = `all mail leaves by the relay ${relayHost}: its addresses count, not ours`;
    return { addresses: [], unfound };
  }
  const { bound = [], free = [4, 6] } = sources ?? {};
  const addresses = [
    ...[...bound, ...logged].filter(isPublicAddress),
    ...interfaces.filter((one) => free.includes(one.includes(':') ? 6 : 4)),
  ];
  if (addresses.length > 0) return { addresses: [...new Set(addresses)], unfound: '' };
  const unfound =
    bound.length > 0
      ? `Postfix sends from ${bound.join(', ')}, which the internet sees as another address (NAT)`
      : 'this machine has no public address, so the internet sees another one (NAT)';
  return { addresses: [], unfound };
}
