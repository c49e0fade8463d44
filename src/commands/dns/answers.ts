/**
 * The DNS answers for `dns plan`, `check` and `watch`: from the network, from a zone file, or from
 * both. No name server can make a command hang. When time is up, or if no resolver ever answers,
 * all further answers are unknown.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { isMeant } from '../../core/identity/aspect.ts';
import type { Identity, TlsCertificate } from '../../core/identity/identity.ts';
import { isBelow, parentOf } from '../../formats/dns/name.ts';
import type { DnsAnswer, DnsQuestion } from '../../formats/dns/question.ts';
import { type DnsRecord, sameRecords } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { mtaStsKind } from '../../formats/tls/mta-sts.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { fetchMtaStsPolicy } from '../../partners/dns/mta-sts-policy.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { digestsShown } from '../../partners/dns/server-certificate.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import type { Resolver } from '../../ports/world.ts';
import { durationOption } from '../terminal/options.ts';
import type { DnsSource } from './answer-source.ts';

/**
 * Time for all questions about the server, and for those about each domain: about 30 questions, one
 * after the other.
 */
const allMsMax = 60 * secondMs;
const domainMsMax = 5 * secondMs;
/** After this many questions without any answer, there is no resolver. */
const silentMax = 2;

/** A label that no zone has, so that only a wildcard answers for it. */
export function labelBeside(): string {
  return `postern-${randomBytes(6).toString('hex')}`;
}

/** Answers from the network, by the resolvers of [dns]. */
export function openLiveDns({ dns }: Config, domains: number): DnsSource {
  const resolver = openResolver({
    ...dnsServers(dns.servers),
    clock: { now: () => Date.now() as Millis },
    totalMs: durationOption(dns.timeout),
  });
  const answer = patient(resolver, Date.now() + allMsMax + domains * domainMsMax);
  return { answer, [Symbol.dispose]: () => resolver[Symbol.dispose]() };
}

function patient(answer: Resolver, end: number): Resolver {
  let heard = false;
  let silent = 0;
  const unknown = (text: string) => ({ kind: 'failure', reason: 'timeout', text }) as const;
  return async (question) => {
    if (Date.now() > end) return unknown('the time for all questions is up');
    if (!heard && silent >= silentMax) return unknown('no resolver answers');
    const said = await answer(question);
    if (said.kind !== 'failure') heard = true;
    else if (said.reason === 'timeout' || said.reason === 'unreachable') silent++;
    return said;
  };
}

/** Aliases that are followed in a file, as many as in zone-answers.ts. */
const aliasesMax = 8;

type FileView = {
  readonly file: (question: DnsQuestion) => DnsAnswer;
  /** Whether the file answers for the name. */
  readonly holds: (question: DnsQuestion) => Promise<boolean>;
  readonly outside: Resolver;
};

/** Answers from the file, and from `outside` for other names, also behind an alias. */
function answersOf({ file, holds, outside }: FileView): Resolver {
  return async ({ name, type }) => {
    let wanted = name.toLowerCase();
    for (let aliases = 0; aliases <= aliasesMax; aliases++) {
      if (!(await holds({ name: wanted, type }))) return outside({ name: wanted, type });
      const said = file({ name: wanted, type });
      if (said.kind !== 'none' || type === 'CNAME') return said;
      const alias = file({ name: wanted, type: 'CNAME' });
      const [first] = alias.kind === 'records' ? alias.records : [];
      if (first?.type !== 'CNAME') return said;
      wanted = first.target.toLowerCase();
    }
    return { kind: 'failure', reason: 'servfail', text: `aliases of ${name} form a loop` };
  };
}

/**
 * Answers from the file for names that it contains or makes by a wildcard, from `answer` for all
 * others. So `dns check` can show what would happen if the file were published. A file with an SOA
 * is a whole zone: other names in this zone do not exist.
 */
export function overlaid(answer: Resolver, records: readonly DnsRecord[]): Resolver {
  const names = new Set(records.map(({ name }) => name));
  const existing = new Set<string>();
  for (const { name } of records) {
    for (let one = name; one !== ''; one = parentOf(one)) existing.add(one);
  }
  const file = zoneAnswers(records);
  const tops = records.flatMap((one) => (one.type === 'SOA' ? [one.name] : []));
  const cuts = records.flatMap(({ type, name }) =>
    type === 'NS' && !tops.includes(name) ? [name] : [],
  );
  const moved = records.flatMap(({ type, name }) => (type === 'DNAME' ? [name] : []));
  const below = (name: string, some: readonly string[]): boolean =>
    some.some((one) => isBelow(name, one));
  const holds = async ({ name, type }: DnsQuestion): Promise<boolean> => {
    if (names.has(name) || below(name, moved)) return true;
    if (below(name, tops) && !below(name, cuts)) return true;
    const owner = wildcardAbove(name, existing);
    if (owner === undefined) return false;
    // A record that is published at this very name goes before the wildcard.
    const now = await answer({ name, type });
    if (now.kind === 'failure') return false;
    if (now.kind === 'none' && !now.exists) return true;
    const made = await answer({ name: owner, type });
    return now.kind === 'records'
      ? made.kind === 'records' && sameRecords(now.records, made.records)
      : made.kind === 'none' && made.exists;
  };
  return answersOf({ file, holds, outside: answer });
}

/** The wildcard of a file that makes records for a name. `existing`: its names and those above. */
function wildcardAbove(name: string, existing: ReadonlySet<string>): string | undefined {
  if (existing.has(name)) return undefined;
  let above = parentOf(name);
  while (above !== '' && !existing.has(above)) above = parentOf(above);
  return existing.has(`*.${above}`) ? `*.${above}` : undefined;
}

/**
 * Answers from the file for its zones, and from `answer` for other names. `beside`: a label that is
 * in the file if the name after it is.
 */
export function fromZones(
  answer: Resolver,
  records: readonly DnsRecord[],
  { zones, beside }: { readonly zones: readonly string[]; readonly beside: string },
): Resolver {
  const tops = [...zones, ...records.flatMap((one) => (one.type === 'SOA' ? one.name : []))];
  const inside = (name: string): boolean =>
    tops.some((top) => name === top || isBelow(name, top)) ||
    records.some((one) => one.name === name || isBelow(one.name, name));
  const label = `${beside}.`;
  return answersOf({
    file: zoneAnswers(records),
    holds: async ({ name }) => inside(name.startsWith(label) ? name.slice(label.length) : name),
    outside: answer,
  });
}

export type FetchOptions = {
  readonly answer: Resolver;
  /** True: ask MX hosts for their certificates. */
  readonly askMx: boolean;
  /** False: ask nothing but `answer`. */
  readonly network: boolean;
};

/** The identity with its certificates and, if it has an MTA-STS record, the policy file. */
export async function fetched(identity: Identity, fetching: FetchOptions): Promise<Identity> {
  const { domain } = identity;
  const { answer, askMx, network } = fetching;
  const record = await answer({ name: `_mta-sts.${domain}`, type: 'TXT' });
  // A wildcard can make other texts there.
  const isRecord = isMeant(mtaStsKind);
  const there =
    record.kind === 'records' && record.records.some((one) => one.type === 'TXT' && isRecord(one));
  const policyFile =
    there && network
      ? await fetchMtaStsPolicy(domain)
      : there
        ? ({ kind: 'unknown', why: 'the policy was not fetched' } as const)
        : identity.policyFile;
  const more = askMx && network ? await certificatesOf(identity, answer) : [];
  return { ...identity, policyFile, certificates: [...identity.certificates, ...more] };
}

/** MX hosts that are asked for a certificate, for each domain. */
const mxMax = 5;

async function certificatesOf(
  { domain, certificates }: Identity,
  answer: Resolver,
): Promise<readonly TlsCertificate[]> {
  const mx = await answer({ name: domain, type: 'MX' });
  const hosts =
    mx.kind === 'records'
      ? mx.records.flatMap((one) => (one.type === 'MX' ? one.exchange : []))
      : [];
  const open = hosts.filter(
    (host) => host !== '' && !certificates.some((one) => one.host === host),
  );
  const shown = await Promise.all(
    open.slice(0, mxMax).map(async (host) => ({ host, said: await digestsShown(host) })),
  );
  return shown.flatMap(({ host, said }) => (said.ok ? [{ host, digests: said.value }] : []));
}
