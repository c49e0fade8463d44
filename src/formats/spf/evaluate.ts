/**
 * check_host() of RFC 7208: may this client send mail for that domain? A generator that asks the
 * DNS (mail/dns/question); at most 10 terms do, so that it ends soon whatever the zones say. Pure,
 * never throws.
 */
import type { DnsLookup } from '../dns/question.ts';
import { ask } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import {
  type OpenTermCheck,
  openStep,
  type SpfCheck,
  type SpfOutcome,
  type SpfTermCheck,
  spendLookup,
  spfVoidsMax,
} from './check.ts';
import { matchMechanism } from './mechanism.ts';
import { parseClientIp } from './network.ts';
import { publishedSpf, shown, shownTerm } from './published.ts';
import type { SpfMechanism, SpfRecord } from './record.ts';
import { expanded, targetName } from './target.ts';

/** RFC 7208 section 2.6. */
export const spfResults = [
  'none',
  'neutral',
  'pass',
  'fail',
  'softfail',
  'temperror',
  'permerror',
] as const;
export type SpfResult = (typeof spfResults)[number];

export type SpfQuestion = {
  /** Of the client. */
  readonly ip: string;
  /**
   * The address of MAIL FROM, without angle brackets; '' for the null sender: then HELO's name is
   * judged.
   */
  readonly sender: string;
  readonly helo: string;
  /** Our own name, for explanations. */
  readonly receiver?: string;
  /** Unix time, for explanations. */
  readonly atSeconds: number;
  /** Terms that may ask for what is not there. */
  readonly voidsMax?: number;
};

export type SpfAnswer = {
  readonly result: SpfResult;
  /** Why, in one sentence. */
  readonly why: string;
  /**
   * What the domain's owner says to a client that fails; '' when nothing, or when it is not fail.
   */
  readonly explanation: string;
  /** Whose record was judged, as the question has it; IDN in A-labels. */
  readonly domain: string;
  /** Terms that asked the DNS, and those among them whose name had nothing to say. */
  readonly lookups: number;
  readonly voids: number;
  /** What was judged, in that order; the last match decided. */
  readonly terms: readonly SpfTermCheck[];
};

type TermOutcome = {
  readonly result: SpfResult;
  readonly why: string;
  /** Where the explanation of a fail is, and whose record says so. */
  readonly exp?: { readonly spec: string; readonly domain: string };
};

/** The result for one client. */
export function* evaluateSpf(question: SpfQuestion): DnsLookup<SpfAnswer> {
  const { local, domain } = identity(question);
  const ip = parseClientIp(question.ip);
  const nothing = { explanation: '', domain, lookups: 0, voids: 0, terms: [] };
  if (ip === undefined) {
    return { result: 'none', why: `${shown(question.ip)} is no IP address`, ...nothing };
  }
  if (!/^[\w-]+(?:\.[\w-]+)+$/.test(domain)) {
    const why = `${shown(domain) || 'the empty name'} is no full domain name`;
    return { result: 'none', why, ...nothing };
  }
  const check: SpfCheck = {
    ip,
    sender: `${local}@${domain}`,
    local,
    domain,
    helo: inALabels(question.helo),
    receiver: question.receiver ?? 'unknown',
    atSeconds: question.atSeconds,
    voidsMax: question.voidsMax ?? spfVoidsMax,
    steps: [],
    lookups: 0,
    voids: 0,
    names: undefined,
    failure: undefined,
  };
  const { result, why, exp } = yield* checkHost(check, domain, 0);
  // Asked for when all is judged, and so outside of the limits (RFC 7208 section 4.6.4).
  const { lookups, voids } = check;
  const explanation =
    result === 'fail' && exp !== undefined ? yield* explain(check, exp.spec, exp.domain) : '';
  const terms = check.steps;
  return { result, why: check.failure ?? why, explanation, domain, lookups, voids, terms };
}

/** Whose mail it is (RFC 7208 sections 2.4 and 4.3). */
function identity({ sender, helo }: SpfQuestion): { local: string; domain: string } {
  const whole = sender === '' ? helo : sender;
  const at = whole.lastIndexOf('@');
  const [local, domain] = [whole.slice(0, Math.max(at, 0)), whole.slice(at + 1)];
  return { local: local || 'postmaster', domain: inALabels(domain.replace(/\.$/, '')) };
}

/** Domains in other scripts are judged by their A-labels (RFC 8616 section 4). */
function inALabels(domain: string): string {
  if (/^[ -~]*$/.test(domain) || !/^[\w.\u0080-\uffff-]+$/.test(domain)) return domain;
  return URL.canParse(`http://${domain}/`) ? new URL(`http://${domain}/`).hostname : domain;
}

const byQualifier = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const;

function* checkHost(check: SpfCheck, domain: string, depth: number): DnsLookup<TermOutcome> {
  const published = yield* publishedSpf(domain);
  if (published.kind !== 'record') return { result: published.kind, why: published.why };
  const { record } = published;
  for (const term of record) {
    if (!('qualifier' in term)) continue; // modifiers come after
    const written = shownTerm(term);
    const step = openStep(check, { domain, term: written, depth });
    const { result, why } = close(check, step, yield* matchOne(check, step, term, domain));
    if (result === 'match') {
      const said = { result: byQualifier[term.qualifier], why: `${written} of ${domain}: ${why}` };
      const exp = domainOf(record, 'exp');
      return exp === undefined ? said : { ...said, exp: { spec: exp, domain } };
    }
    if (result !== 'no match') return { result, why };
  }
  const target = domainOf(record, 'redirect');
  if (target === undefined) return { result: 'neutral', why: `no term of ${domain} matches` };
  return yield* redirected(check, target, domain, depth);
}

function close(check: SpfCheck, step: OpenTermCheck, { result, why }: SpfOutcome): SpfOutcome {
  step.result = result;
  step.why = why;
  // What fails first is what is wrong; the terms that led there pass it on.
  if (result === 'temperror' || result === 'permerror') {
    check.failure ??= `${step.term} of ${step.domain}: ${why}`;
  }
  return step;
}

function domainOf(record: SpfRecord, kind: 'redirect' | 'exp'): string | undefined {
  const found = record.find((term) => term.kind === kind);
  return found?.kind === kind ? found.domain : undefined;
}

function* matchOne(
  check: SpfCheck,
  step: OpenTermCheck,
  term: SpfMechanism,
  domain: string,
): DnsLookup<SpfOutcome> {
  if (term.kind !== 'include') return yield* matchMechanism(check, step, term, domain);
  const over = spendLookup(check, step);
  if (over !== undefined) return over;
  const name = yield* targetName(check, term.domain, domain);
  const inner = yield* checkHost(check, name ?? term.domain, step.depth + 1);
  // RFC 7208 section 5.2 has this table.
  switch (inner.result) {
    case 'pass':
      return { result: 'match', why: inner.why };
    case 'fail':
    case 'softfail':
    case 'neutral':
      return { result: 'no match', why: `${inner.result} there: ${inner.why}` };
    case 'temperror':
      return { result: 'temperror', why: inner.why };
    case 'permerror':
    case 'none':
      return { result: 'permerror', why: inner.why };
  }
}

/** RFC 7208 section 6.1. */
function* redirected(
  check: SpfCheck,
  spec: string,
  domain: string,
  depth: number,
): DnsLookup<TermOutcome> {
  const term = shownTerm({ kind: 'redirect', domain: spec });
  const step = openStep(check, { domain, term, depth });
  const over = spendLookup(check, step);
  if (over !== undefined) return { result: 'permerror', why: close(check, step, over).why };
  const name = yield* targetName(check, spec, domain);
  close(check, step, { result: 'match', why: 'nothing before it matches' });
  const judged = yield* checkHost(check, name ?? spec, depth);
  return judged.result === 'none' ? { ...judged, result: 'permerror' } : judged;
}

/** An SMTP reply of several lines is no place for more. */
const explanationMax = 1000;

/** Any fault in it, and there is none (RFC 7208 section 6.2). */
function* explain(check: SpfCheck, spec: string, domain: string): DnsLookup<string> {
  const name = yield* targetName(check, spec, domain);
  if (name === undefined) return '';
  const answer = yield* ask(name, 'TXT');
  if (answer.kind !== 'records') return '';
  const [only, another] = answer.records;
  if (only?.type !== 'TXT' || another !== undefined) return '';
  const text = textOfTxt(only);
  if (!printable.test(text)) return '';
  const said = (yield* expanded(check, text, domain, 'explanation')) ?? '';
  return printable.test(said) ? said.slice(0, explanationMax) : '';
}

const printable = /^[ -~]*$/;
