/**
 * The DNS as `dns plan`, `check` and `watch` see it: live, a zone file instead, or a zone file laid
 * over it. No name server can make a command hang: when time is up, or nobody ever answers, all
 * that is left to ask is unknown.
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
 * For a look at everything around the server, and for each domain: some thirty questions one after
 * the other.
 */
const allMsMax = 60 * secondMs;
const domainMsMax = 5 * secondMs;
/** So many questions without an answer to any: there is no resolver. */
const silentMax = 2;

/** The network, by [dns]. */
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
  const gone = (text: string) => ({ kind: 'failure', reason: 'timeout', text }) as const;
  return async (question) => {
    if (Date.now() > end) return gone('the time for all questions is up');
    if (!heard && silent >= silentMax) return gone('no resolver answers');
    const said = await answer(question);
    if (said.kind !== 'failure') heard = true;
    else if (said.reason === 'timeout' || said.reason === 'unreachable') silent++;
    return said;
  };
}

/** Names that are in the file answer from it, all others as before: “what if I publish this?” */
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
    // An alias leads out of the file.
    const alias = records.find((one) => one.name === name.toLowerCase() && one.type === 'CNAME');
    return alias?.type === 'CNAME' ? answer({ name: alias.target, type }) : said;
  };
}

/** Only the file: of names outside its zones nothing is known. */
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
  /** Ask MX hosts for their certificates. */
  readonly askMx: boolean;
  /** False: nothing but the DNS may be asked. */
  readonly network: boolean;
};

/**
 * The identity with what has to be fetched: its MTA-STS policy where there is a record of one,
 * certificates.
 */
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

/** More than that is no mail server of a person's own. */
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
