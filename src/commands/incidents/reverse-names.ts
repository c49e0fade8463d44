/** Finds the names that the DNS has for our addresses, for a report. */
import type { IncidentReport } from '../../core/incidents/report.ts';
import { parseClientIp, reverseName } from '../../formats/spf/network.ts';
import type { Millis } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';

/** A report waits no longer than this for the names. */
const totalMs = 3_000;
/** Addresses that are asked about, and names of one that are told. */
const addressesMax = 20;
const namesMax = 5;

/** Where the DNS does not answer, the names stay unknown. */
export async function withReverseNames(report: IncidentReport): Promise<IncidentReport> {
  const { dns } = loadConfig(usualConfig()).config;
  const clock = { now: () => Date.now() as Millis };
  using resolve = openResolver({ ...dnsServers(dns.servers), clock, totalMs });
  const { server } = report;
  const addresses = await Promise.all(
    server.addresses.slice(0, addressesMax).map(async ({ address }) => {
      const ip = parseClientIp(address);
      if (ip === undefined) return { address, names: undefined };
      const answer = await resolve({ name: reverseName(ip), type: 'PTR' });
      if (answer.kind === 'failure') return { address, names: undefined };
      const records = answer.kind === 'records' ? answer.records : [];
      const names = records.flatMap((one) => (one.type === 'PTR' ? [one.target] : []));
      return { address, names: names.slice(0, namesMax) };
    }),
  );
  return { ...report, server: { ...server, addresses } };
}
