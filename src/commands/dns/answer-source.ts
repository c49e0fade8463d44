/** The source of a command's DNS answers: the network, or a zone file instead (`--zone`). */
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import type { Millis } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { Resolver } from '../../ports/world.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { durationOption } from '../terminal/options.ts';
import { readZoneFile } from './zone/zone-file.ts';

export const zoneHelp: string =
  'a zone file (BIND with absolute names, or data of tinydns) that answers instead of the ' +
  'network; -: standard input';

export type DnsSource = Disposable & { readonly answer: Resolver };

export const configHelp: string = `file with [dns] (default: ${installedConfig}, if it is there)`;

export type DnsSourceOptions = { readonly zone?: string; readonly config?: string };

/** `warn` is called for records of the file that are left out. */
export function openDnsSource(
  { zone, config }: DnsSourceOptions,
  warn: (text: string) => void,
): DnsSource {
  if (zone !== undefined) {
    const answer = zoneAnswers(readZoneFile(zone, { warn }).records);
    return { answer: async (question) => answer(question), [Symbol.dispose]: () => undefined };
  }
  const { dns } = loadConfig(config ?? usualConfig()).config;
  const resolver = openResolver({
    ...dnsServers(dns.servers),
    clock: { now: () => Date.now() as Millis },
    totalMs: durationOption(dns.timeout),
  });
  return { answer: resolver, [Symbol.dispose]: () => resolver[Symbol.dispose]() };
}
