/**
 * Evaluates SPF, check_host() of RFC 7208: whether a client may send mail for a domain. It is a
 * generator that asks the DNS (dns/question.ts). At most 10 terms ask, so it ends soon, whatever
 * zones contain. Pure, never throws.
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
  /** The client's address. */
  readonly ip: string;
  /**
   * The address of MAIL FROM, without angle brackets. For the null sender it is '', and the name of
   * HELO counts.
   */
  readonly sender: string;
  readonly helo: string;
  /** The name of this server, for explanations. */
  readonly receiver?: string;
  /** Unix time, for explanations. */
  readonly atSeconds: number;
  /** The most void lookups. */
  readonly voidsMax?: number;
};

export type SpfAnswer = {
  readonly result: SpfResult;
  /** The reason, in one sentence. */
  readonly why: string;
  /**
   * The explanation that the domain gives a client that fails; '' if the domain gives no
   * explanation or the result is not fail.
   */
  readonly explanation: string;
  /** The domain whose record was evaluated, as in the question; IDN in A-labels. */
  readonly domain: string;
  /** Terms that asked the DNS, and the void ones among them. */
  readonly lookups: number;
  readonly voids: number;
  /** The terms that were evaluated, in order; the last match decided. */
  readonly terms: readonly SpfTermCheck[];
};

type TermOutcome = {
  readonly result: SpfResult;
  readonly why: string;
  /** The name of the explanation of a fail, and the domain whose record has it. */
  readonly exp?: { readonly spec: string; readonly domain: string };
};

/** Evaluates SPF for one client. */
export function* evaluateSpf(question: SpfQuestion): DnsLookup<SpfAnswer> {
  const { local, domain } = identity(question);
  const ip = parseClientIp(question.ip);
  const nothing = { explanation: '', domain, lookups: 0, voids: 0, terms: [] };
  if (ip === undefined) {
    return { result: 'none', why: `${shown(question.ip)} is not an IP address`, ...nothing };
  }
  if (!/^[\w-]+(?:\.[\w-]+)+$/.test(domain)) {
    const why = `${shown(domain) || 'the empty name'} is not a full domain name`;
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
  // The explanation is fetched after the evaluation, so it is outside the limits (RFC 7208 section
  // 4.6.4).
  const { lookups, voids } = check;
  const explanation =
    result === 'fail' && exp !== undefined ? yield* explain(check, exp.spec, exp.domain) : '';
  const terms = check.steps;
  return { result, why: check.failure ?? why, explanation, domain, lookups, voids, terms };
}

/** The identity that is checked (RFC 7208 sections 2.4 and 4.3). */
function identity({ sender, helo }: SpfQuestion): { local: string; domain: string } {
  const whole = sender === '' ? helo : sender;
  const at = whole.lastIndexOf('@');
  const [local, domain] = [whole.slice(0, Math.max(at, 0)), whole.slice(at + 1)];
  return { local: local || 'postmaster', domain: inALabels(domain.replace(/\.$/, '')) };
}

/** Converts domains in other scripts to A-labels (RFC 8616 section 4). */
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
  // The first failure is the cause; the terms that led there only pass it on.
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
  // The table of RFC 7208 section 5.2.
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

/** Evaluates a redirect (RFC 7208 section 6.1). */
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

/** The longest explanation, because it becomes part of an SMTP reply. */
const explanationMax = 1000;

/** Fetches the explanation; empty after any fault (RFC 7208 section 6.2). */
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
