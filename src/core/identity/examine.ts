/**
 * Examines a whole mail identity: the server, and each domain that it sends for. The result is the
 * plan (steps and files) and the check (findings). Later aspects are judged as if earlier steps
 * were done: whether an SPF record with `mx` is right depends on the planned MX.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from '../../formats/dns/question.ts';
import { supposing } from '../../formats/dns/supposed.ts';
import { evaluateSpf } from '../../formats/spf/evaluate.ts';
import { type Finding, fine } from '../finding.ts';
import { type Aspect, nothing, remark, type Step, together } from './aspect.ts';
import { daneAspect } from './dane.ts';
import { dkimAspect } from './dkim.ts';
import { dmarcAspect } from './dmarc.ts';
import type { Identity, MailServer } from './identity.ts';
import { mtaStsAspect } from './mta-sts.ts';
import { mxAspect } from './mx.ts';
import { serverAspect } from './server.ts';
import { type SpfWish, spfAspect } from './spf.ts';
import { tlsRptAspect } from './tls-rpt.ts';
import { type KeptByWildcard, keptByWildcard } from './wildcard.ts';
import type { ZoneView } from './zones/place.ts';

export type ExaminedMail = {
  /** Undefined if nothing is known about the server. */
  readonly server: { readonly host: string | undefined; readonly aspect: Aspect } | undefined;
  readonly domains: readonly { readonly domain: string; readonly aspect: Aspect }[];
};

/**
 * `server`: the server that the identities name. `beside`: a random label, which shows whether a
 * wildcard answers.
 */
export function* examine(
  server: MailServer | undefined,
  identities: readonly Identity[],
  beside: string,
): DnsLookup<ExaminedMail> {
  const names = identities.map(({ domain }) => domain);
  const organisation = identities[0]?.organisation ?? (() => undefined);
  const view: ZoneView = { zones: names, beside, organisation };
  const planned: Step[] = [];
  const aspect = server === undefined ? nothing : yield* wholeServer(server, view);
  planned.push(...aspect.steps);
  const domains: { domain: string; aspect: Aspect }[] = [];
  for (const identity of identities) {
    const found = yield* supposing(wholeDomain(identity, view), asPlanned(planned));
    const today = yield* notYet(identity, found);
    const fresh = found.steps.filter((step) => !planned.some((one) => sameSet(one, step)));
    const steps = fresh.map((step) => within(step, names));
    planned.push(...steps);
    domains.push({
      domain: identity.domain,
      aspect: { ...found, steps, findings: [...found.findings, ...today] },
    });
  }
  const kept = yield* keptByWildcard(planned, view);
  return {
    server:
      server === undefined ? undefined : { host: server.host, aspect: withKept(aspect, kept) },
    domains: domains.map((one) => ({ ...one, aspect: withKept(one.aspect, kept) })),
  };
}

function withKept(aspect: Aspect, { more, instead }: KeptByWildcard): Aspect {
  const steps = aspect.steps.flatMap((step) => {
    const used = instead.get(step) ?? step;
    return [used, ...more.flatMap((one) => (one.because === used ? [one.step] : []))];
  });
  return { ...aspect, steps };
}

function* wholeServer(server: MailServer, view: ZoneView): DnsLookup<Aspect> {
  const itself = yield* serverAspect(server, view);
  const { helo, addresses } = server;
  if (helo === undefined || addresses.length === 0 || view.zones.includes(helo)) return itself;
  const wish: SpfWish = {
    name: helo,
    id: 'spf.helo',
    title: `SPF of ${helo}, for bounces`,
    addresses,
    sends: true,
    all: '-',
  };
  const spf = spfAspect(wish, view);
  return together([itself, yield* supposing(spf, asPlanned(itself.steps))]);
}

function* wholeDomain(identity: Identity, view: ZoneView): DnsLookup<Aspect> {
  const { domain, server, sends } = identity;
  const mx = yield* mxAspect(identity, view);
  const suppose = asPlanned(mx.aspect.steps);
  const rest = function* (): DnsLookup<Aspect> {
    const aspects: Aspect[] = [];
    const helo = server?.helo === domain;
    const wish: SpfWish = {
      name: domain,
      id: 'spf',
      title: `SPF of ${domain}`,
      addresses: server?.addresses ?? [],
      sends: sends || helo,
      all: sends ? '~' : '-',
    };
    aspects.push(yield* spfAspect(wish, view));
    aspects.push(yield* dkimAspect(identity, view));
    aspects.push(yield* dmarcAspect(identity, view));
    aspects.push(mx.aspect);
    aspects.push(yield* mtaStsAspect(identity, mx.hosts, view));
    aspects.push(yield* tlsRptAspect(identity, view));
    for (const host of mx.hosts ?? []) {
      const certificate = identity.certificates.find((one) => one.host === host);
      aspects.push(yield* daneAspect(host, certificate, view));
    }
    return together(aspects);
  };
  return together([remark(whatItIs(identity)), yield* supposing(rest(), suppose)]);
}

/** Findings for SPF that passes only after other records of the plan are published. */
function* notYet(
  { domain, server, sends }: Identity,
  { steps }: Aspect,
): DnsLookup<readonly Finding[]> {
  if (!sends || steps.find(({ id }) => id === 'spf')?.state !== 'have') return [];
  const findings: Finding[] = [];
  for (const ip of server?.addresses ?? []) {
    const question = { ip, sender: `postmaster@${domain}`, helo: domain, atSeconds: 0 };
    const { result, why } = yield* evaluateSpf(question);
    if (result === 'pass' || result === 'temperror') continue;
    findings.push({
      id: 'spf.today',
      kind: 'fail',
      title: `SPF of ${domain} for ${ip}, before the planned changes`,
      found: `${result}: ${why}`,
      wanted: 'pass',
      fix: 'change the other records first: names in the SPF record do not lead to this server yet',
    });
  }
  return findings;
}

/** Whether the domain is said to send, really sends, and can belong to one organisation. */
function whatItIs({ domain, sends, sent, organisation }: Identity): Finding {
  const id = 'domain';
  const title = domain;
  if (organisation(domain) === undefined) {
    const fix = 'name a domain below it that is yours';
    const found = 'a public suffix: everybody registers names below it, nobody sends from it';
    return { id, kind: 'warn', title, found, wanted: 'a domain of one organisation', fix };
  }
  if (!sends && sent !== undefined) {
    return {
      id,
      kind: 'fail',
      title,
      found:
        `the domain is set to never send, but about ${sent.messagesPerDay} ` +
        'messages a day left this server in its name',
      wanted: 'one or the other',
      fix: 'find out who sends (postern accounts), or take it out of identity.never_send',
    };
  }
  const seen = sent === undefined ? '' : `, ${sent.messagesPerDay} messages a day`;
  return fine(id, title, sends ? `it sends mail${seen}` : 'it never sends mail');
}

const changes = ({ add, remove }: Step): boolean => add.length + remove.length > 0;
const sameSet = (one: Step, other: Step): boolean =>
  one.name === other.name && one.type === other.type && one.id === other.id;

/** The answers after the steps, for names and types that they change. */
function asPlanned(steps: readonly Step[]): (question: DnsQuestion) => DnsAnswer | undefined {
  return ({ name, type }) => {
    if (type === 'TXT') return undefined;
    const step = steps.find(
      (one) => changes(one) && one.type === type && one.name === name.toLowerCase(),
    );
    if (step === undefined) return undefined;
    const records = [...step.keep, ...step.add];
    return records.length > 0
      ? { kind: 'records', records, secure: false }
      : { kind: 'none', exists: true, secure: false };
  };
}

/** The step, with `where` set to `zone` if its record is in the zone of one of the domains. */
function within(step: Step, domains: readonly string[]): Step {
  const ours = domains.some((domain) => step.name.endsWith(`.${domain}`));
  return step.where === 'other' && ours ? { ...step, where: 'zone' } : step;
}
