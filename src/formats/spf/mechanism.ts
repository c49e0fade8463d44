/**
 * Checks whether the client matches a mechanism (RFC 7208 section 5), except include, which is a
 * whole evaluation.
 */
import type { DnsLookup } from '../dns/question.ts';
import type { DnsRecord } from '../dns/record.ts';
import {
  hostsMax,
  type OpenTermCheck,
  recordsIn,
  recordsOf,
  type SpfCheck,
  type SpfOutcome,
  spendLookup,
  spendVoid,
} from './check.ts';
import { inNetwork, parseIpv4, parseIpv6 } from './network.ts';
import { shown } from './published.ts';
import type { SpfMechanism } from './record.ts';
import { clientNames, targetName } from './target.ts';

type Hosts = Extract<SpfMechanism, { kind: 'a' | 'mx' }>;
type Network = Extract<SpfMechanism, { kind: 'ip4' | 'ip6' }>;

const match = (why: string): SpfOutcome => ({ result: 'match', why });
const noMatch = (why: string): SpfOutcome => ({ result: 'no match', why });

/** Checks one mechanism; `domain` is the domain whose record has it. */
export function* matchMechanism(
  check: SpfCheck,
  step: OpenTermCheck,
  mechanism: Exclude<SpfMechanism, { kind: 'include' }>,
  domain: string,
): DnsLookup<SpfOutcome> {
  if (mechanism.kind === 'all') return match('all means every client');
  if ('address' in mechanism) return matchNetwork(check, mechanism);
  const over = spendLookup(check, step);
  if (over !== undefined) return over;
  const name = yield* targetName(check, mechanism.domain, domain);
  if (name === undefined) {
    return noMatch(`${shown(mechanism.domain ?? domain)} is not a valid DNS name`);
  }
  switch (mechanism.kind) {
    case 'a':
      return yield* matchA(check, step, mechanism, name);
    case 'mx':
      return yield* matchMx(check, step, mechanism, name);
    case 'ptr':
      return yield* matchPtr(check, step, name);
    case 'exists': {
      // Asks for A, even for an IPv6 client (RFC 7208 section 5.7).
      const found = yield* recordsOf(check, step, { name, type: 'A' });
      if ('result' in found) return found;
      return found.length > 0 ? match(`${name} exists`) : noMatch(`${name} has no A record`);
    }
  }
}

function matchNetwork({ ip }: SpfCheck, { kind, address, bits }: Network): SpfOutcome {
  if ((ip.octets.length === 4) !== (kind === 'ip4')) {
    return noMatch(`${ip.text} is of the other family`);
  }
  const network = kind === 'ip4' ? parseIpv4(address) : parseIpv6(address);
  const inside = network !== undefined && inNetwork(ip, network, bits);
  return inside ? match(`${ip.text} is in it`) : noMatch(`${ip.text} is not in it`);
}

function* matchA(
  check: SpfCheck,
  step: OpenTermCheck,
  hosts: Hosts,
  name: string,
): DnsLookup<SpfOutcome> {
  const type = addressType(check);
  const found = yield* recordsOf(check, step, { name, type });
  if ('result' in found) return found;
  if (found.length === 0) return noMatch(`${name} has no ${type} record`);
  const hit = hitAmong(check, hosts, found);
  return hit === undefined
    ? noMatch(`${check.ip.text} is not an address of ${name}`)
    : match(`${name} has ${hit}`);
}

function* matchMx(
  check: SpfCheck,
  step: OpenTermCheck,
  hosts: Hosts,
  name: string,
): DnsLookup<SpfOutcome> {
  const found = yield* recordsOf(check, step, { name, type: 'MX' });
  if ('result' in found) return found;
  if (found.length === 0) return noMatch(`${name} has no MX record`);
  if (found.length > hostsMax) {
    return {
      result: 'permerror',
      why: `${name} has ${found.length} MX records, and ${hostsMax} are allowed`,
    };
  }
  const exchanges = found
    .filter((record) => record.type === 'MX')
    .toSorted((a, b) => a.preference - b.preference)
    .map(({ exchange }) => exchange)
    .filter((exchange) => exchange !== ''); // the null MX (RFC 7505)
  const type = addressType(check);
  const questions = exchanges.map((exchange) => ({ name: exchange, type }));
  const answers = questions.length === 0 ? [] : yield questions;
  for (const [nth, question] of questions.entries()) {
    const addresses = recordsIn(check, step, question, answers[nth]);
    if ('result' in addresses) return addresses;
    const hit = hitAmong(check, hosts, addresses);
    if (hit !== undefined) return match(`${question.name}, an MX of ${name}, has ${hit}`);
  }
  return noMatch(`${check.ip.text} is not an address of the MX hosts of ${name}`);
}

function* matchPtr(check: SpfCheck, step: OpenTermCheck, name: string): DnsLookup<SpfOutcome> {
  const client = yield* clientNames(check);
  const over = client.none ? spendVoid(check, step) : undefined;
  if (over !== undefined) return over;
  const hit = client.names.find((one) => one === name || one.endsWith(`.${name}`));
  return hit === undefined ? noMatch(client.why) : match(`${check.ip.text} is ${hit}`);
}

function addressType({ ip }: SpfCheck): 'A' | 'AAAA' {
  return ip.octets.length === 4 ? 'A' : 'AAAA';
}

/** The first address whose network contains the client. */
function hitAmong(
  { ip }: SpfCheck,
  { ip4Bits, ip6Bits }: Hosts,
  found: readonly DnsRecord[],
): string | undefined {
  const bits = ip.octets.length === 4 ? ip4Bits : ip6Bits;
  for (const record of found) {
    if (record.type !== 'A' && record.type !== 'AAAA') continue;
    const address = record.type === 'A' ? parseIpv4(record.address) : parseIpv6(record.address);
    if (address !== undefined && inNetwork(ip, address, bits)) return record.address;
  }
  return undefined;
}
