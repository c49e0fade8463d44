/**
 * Checks where mail to a domain goes (RFC 5321 section 5.1). A null MX says that a domain takes no
 * mail (RFC 7505); a domain that sends must be able to get bounces.
 */
import type { DnsAnswer, DnsLookup } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import {
  type Aspect,
  type AspectSubject,
  comparedAspect,
  type MxRecord,
  recordOf,
  stuckAspect,
  unknownAspect,
} from './aspect.ts';
import type { Identity } from './identity.ts';
import { placeOf, type ZoneView } from './zones/place.ts';

/** MX hosts that are checked; more are probably a mistake. */
const hostsMax = 20;
const preference = 10;

export type MxAspect = {
  readonly aspect: Aspect;
  /** MX hosts after the plan; undefined if not known, empty if the domain takes no mail. */
  readonly hosts: readonly string[] | undefined;
};

const isMx = (one: DnsRecord): one is MxRecord => one.type === 'MX';

export function* mxAspect(identity: Identity, view: ZoneView): DnsLookup<MxAspect> {
  const { domain } = identity;
  const subject: AspectSubject = {
    id: 'mx',
    title: `where mail to ${domain} goes`,
    name: domain,
    type: 'MX',
  };
  const published = yield* placeOf({ name: domain, type: 'MX', fits: isMx }, view);
  if (published.kind === 'unknown') {
    return { aspect: unknownAspect(subject, published.why), hosts: undefined };
  }
  const judged = yield* judge(published.records, identity);
  const good = judged.filter(({ fault }) => fault === undefined).map(({ record }) => record);
  const wrong = judged.find(({ fault }) => fault !== undefined)?.fault;
  const wanted = good.length > 0 ? good : yield* instead(identity, published.name);
  if (wanted.length === 0) {
    const severity = published.records.length === 0 ? 'warn' : 'fail';
    const aspect = stuckAspect(subject, {
      published: published.records,
      severity,
      wrong: wrong ?? missing(identity),
      wanted: 'an MX that takes mail',
      fix: 'say which host takes it: --mx, or --host',
    });
    return { aspect, hosts: undefined };
  }
  const hosts = wanted.map(({ exchange }) => exchange).filter((host) => host !== '');
  const aspect = comparedAspect(subject, published, {
    wanted,
    severity: identity.sends ? 'fail' : 'warn',
    right:
      hosts.length === 0
        ? 'the domain takes no mail, and says so'
        : 'other servers know where to deliver mail',
    wrong: wrong ?? missing(identity),
  });
  return { aspect, hosts };
}

function missing({ sends, domain }: Identity): string {
  return sends
    ? `without it, bounces and answers to mail from ${domain} cannot be delivered`
    : 'a domain that takes no mail should say so; then no server tries to deliver there';
}

type JudgedMx = { readonly record: MxRecord; readonly fault: string | undefined };

function* judge(records: readonly MxRecord[], { sends }: Identity): DnsLookup<readonly JudgedMx[]> {
  const named = records.filter(({ exchange }) => exchange !== '').slice(0, hostsMax);
  const answers = yield named.flatMap(({ exchange }) => [
    { name: exchange, type: 'CNAME' } as const,
    { name: exchange, type: 'A' } as const,
    { name: exchange, type: 'AAAA' } as const,
  ]);
  const hosts = new Map<MxRecord, string | undefined>();
  for (const [nth, record] of named.entries()) {
    hosts.set(record, hostFault(record.exchange, answers.slice(nth * 3, nth * 3 + 3)));
  }
  return records.map((record) => {
    if (record.exchange !== '') return { record, fault: hosts.get(record) };
    const fault =
      records.length > 1
        ? 'a null MX (“0 .”: no mail here) may not stand beside others'
        : sends
          ? 'a domain that sends mail must take its bounces; with a null MX receivers refuse it'
          : undefined;
    return { record, fault };
  });
}

/** Undefined also if a name server does not answer, because that is no fault of the host. */
function hostFault(host: string, answers: readonly DnsAnswer[]): string | undefined {
  if (/^[\d.]+$/.test(host) || host.includes(':')) return `${host} is an address, not a name`;
  const [alias, v4, v6] = answers;
  if (alias?.kind === 'records') return `${host} is an alias (CNAME), which no MX may name`;
  return v4?.kind === 'none' && v6?.kind === 'none' ? `${host} has no address` : undefined;
}

/** The MX records to publish if no published record is right. */
function* instead(identity: Identity, name: string): DnsLookup<readonly MxRecord[]> {
  const mx = (exchange: string, at: number): MxRecord => ({
    ...recordOf(name, { type: 'MX', preference: at, exchange }),
    type: 'MX',
    preference: at,
    exchange,
  });
  if (!identity.sends) return [mx('', 0)];
  const host = identity.server?.host;
  const hosts = identity.mx.length > 0 ? identity.mx : host === undefined ? [] : [host];
  return hosts.map((one, nth) => mx(one, preference * (nth + 1)));
}
