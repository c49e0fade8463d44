/**
 * The DNS answers for `dns plan`, `check` and `watch`: from the network, from a zone file, or from
 * both. No name server can make a command hang. When time is up, or if no resolver ever answers,
 * all further answers are unknown.
 */
import type { Config } from '../../config/schema.ts';
import type { Identity, TlsCertificate } from '../../core/identity/identity.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
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

/**
 * Answers from the file for names that it contains, from `answer` for all others. So `dns check`
 * can show what would happen if the file were published.
 */
export function overlaid(answer: Resolver, records: readonly DnsRecord[]): Resolver {
  const names = new Set(records.map(({ name }) => name));
  const fromFile = zoneAnswers(records);
  return async (question) => {
    const { name, type } = question;
    if (!names.has(name.toLowerCase())) return answer(question);
    const said = fromFile(question);
    if (
      said.kind === 'records' ||
      records.some((one) => one.name === name.toLowerCase() && one.type !== 'CNAME')
    )
      return said;
    // The alias points to a name outside the file.
    const alias = records.find((one) => one.name === name.toLowerCase() && one.type === 'CNAME');
    return alias?.type === 'CNAME' ? answer({ name: alias.target, type }) : said;
  };
}

/** Answers from the file alone; names outside its zones are unknown. */
export function fromFileAlone(records: readonly DnsRecord[], zones: readonly string[]): Resolver {
  const answer = zoneAnswers(records);
  const tops = [...zones, ...records.flatMap((one) => (one.type === 'SOA' ? one.name : []))];
  const inside = (name: string): boolean =>
    tops.some((top) => name === top || name.endsWith(`.${top}`)) ||
    records.some((one) => one.name === name || one.name.endsWith(`.${name}`));
  return async (question: DnsQuestion) =>
    inside(question.name.toLowerCase())
      ? answer(question)
      : { kind: 'failure', reason: 'unreachable', text: `${question.name} is not in the file` };
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
  const there = record.kind === 'records';
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
