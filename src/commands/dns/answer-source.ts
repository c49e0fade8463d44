/** The source of a command's DNS answers: the network, or a zone file instead (`--zone`). */
import { readFileSync } from 'node:fs';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { parseBindZone } from '../../formats/dns/zone-bind.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { Resolver } from '../../ports/world.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { durationOption } from '../terminal/options.ts';

export const zoneHelp =
  'a zone file with absolute names that answers instead of the network; -: standard input';

export type DnsSource = Disposable & { readonly answer: Resolver };

export const configHelp: string = `file with [dns] (default: ${installedConfig}, if it is there)`;

export type DnsSourceOptions = { readonly zone?: string; readonly config?: string };

/** `warn` is called for records of the file that are left out. */
export function openDnsSource(
  { zone, config }: DnsSourceOptions,
  warn: (text: string) => void,
): DnsSource {
  if (zone !== undefined) {
    const answer = zoneAnswers(readZoneFile(zone, warn));
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

/** The records of a zone file. Throws an error that names every line with a fault. */
export function readZoneFile(
  file: string,
  warn: (text: string) => void,
  origin?: string,
): readonly DnsRecord[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'latin1');
  } catch (cause) {
    throw new OperatorError('zone-file', `cannot read ${file}`, { cause, exit: sysexits.noInput });
  }
  const read = parseBindZone(text, {
    ...(origin === undefined ? {} : { origin }),
    skipped: ({ line, what }) => warn(`${file}, line ${line}: ${what}\n`),
  });
  if (read.ok) return read.value;
  const lines = read.error.map(({ line, what }) => `${file}, line ${line}: ${what}`);
  throw new OperatorError('zone-line', lines.join('\n'), { exit: sysexits.dataErr });
}
