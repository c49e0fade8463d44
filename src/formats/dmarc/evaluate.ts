/**
 * Evaluates DMARC (RFC 9989, formerly RFC 7489): whether the domain in From authenticates the
 * message. It does if SPF or a DKIM signature passed for that domain or for one of the same
 * organisation. The result only reports what the domain asks for (reject, quarantine); others
 * decide what to do. Pure; DNS questions are yielded.
 */

import type { DnsAnswer, DnsQuestion } from '../dns/question.ts';
import { ask, type DnsLookup } from '../dns/question.ts';
import type { AuthorDomains } from '../message/author-domains.ts';
import { type DmarcPolicy, type DmarcRecord, dmarcPolicies, dmarcPolicyFor } from './record.ts';
import {
  type FoundDmarc,
  organizationalDomain,
  recordAt,
  type WalkedName,
  walkNames,
} from './tree-walk.ts';

export const dmarcResults = ['pass', 'fail', 'none', 'temperror', 'permerror'] as const;

/** A domain that SPF (for MAIL FROM only) or a signature named, and the result. */
export type DmarcIdentifier = {
  readonly by: 'spf' | 'dkim';
  readonly domain: string;
  readonly result: 'pass' | 'temperror' | 'other';
};

export type DmarcQuestion = {
  readonly authors: AuthorDomains;
  readonly identifiers: readonly DmarcIdentifier[];
  /**
   * Known public suffixes. A suffix that forgot `psd=y` would otherwise make unrelated domains one
   * organisation.
   */
  readonly isPublicSuffix?: (domain: string) => boolean;
};

export type DmarcResult = {
  readonly result: (typeof dmarcResults)[number];
  /** The author's domain; empty if From has no domain. */
  readonly domain: string;
  /** The domain where the record was found; empty if no record was found. */
  readonly policyDomain: string;
  /** What the record asks for such mail; undefined if there is no usable record. */
  readonly policy: DmarcPolicy | undefined;
  /**
   * What is asked for this message: `none` if it passes, one level below `policy` while the domain
   * is testing.
   */
  readonly disposition: DmarcPolicy;
  /** The identifiers that are aligned with the author's domain. */
  readonly aligned: readonly DmarcIdentifier[];
  /** One sentence for people, without the full stop. */
  readonly sentence: string;
};

/**
 * The most authors that are evaluated, because each costs questions. Several authors are rare and
 * mostly a trick (RFC 9989 section 11.5).
 */
const authorsMax = 4;
/** The most identifiers that are used; no message needs more good signatures. */
const identifiersMax = 20;

export function* evaluateDmarc(asked: DmarcQuestion): DnsLookup<DmarcResult> {
  const { domains: authors, cut } = asked.authors;
  const [first = ''] = authors;
  if (first === '') {
    return outcome('permerror', '', cut ? 'From is too long to read' : 'From names no domain');
  }
  const results: DmarcResult[] = [];
  for (const author of authors.slice(0, authorsMax)) {
    results.push(yield* evaluateOne(author, asked));
  }
  // More authors never hide that one of the first ones fails.
  if (cut) results.push(outcome('permerror', first, 'From is too long to read'));
  else if (authors.length > authorsMax) {
    results.push(outcome('permerror', first, `From names ${authors.length} domains`));
  }
  const [only] = results;
  return results.length === 1 && only !== undefined ? only : strictest(results, authors.length);
}

/**
 * The result for several authors: the strictest policy among those that fail (RFC 9989 section
 * 11.5).
 */
function strictest(results: readonly DmarcResult[], authors: number): DmarcResult {
  const order = ['pass', 'none', 'permerror', 'temperror', 'fail'];
  const rank = ({ result, disposition }: DmarcResult): number =>
    order.indexOf(result) * 10 + dmarcPolicies.indexOf(disposition);
  const worst = results.reduce((kept, one) => (rank(one) > rank(kept) ? one : kept));
  const others = authors - 1;
  return others === 0 || worst.sentence.startsWith('From ')
    ? worst
    : { ...worst, sentence: `${worst.sentence}; From names ${others} more` };
}

function outcome(
  result: DmarcResult['result'],
  domain: string,
  sentence: string,
  more: Partial<DmarcResult> = {},
): DmarcResult {
  return {
    result,
    domain,
    policyDomain: '',
    policy: undefined,
    disposition: 'none',
    aligned: [],
    sentence,
    ...more,
  };
}

/** Answers of the DNS, so that nothing is asked twice. */
type RecordsByName = Map<string, FoundDmarc>;

function* evaluateOne(author: string, asked: DmarcQuestion): DnsLookup<DmarcResult> {
  const known: RecordsByName = new Map();
  yield* learn(walkNames(author), known);
  const walked = walk(author, known);
  const policy = discovered(author, walked, asked);
  if (policy.kind === 'failure') return outcome('temperror', author, policy.text);
  if (policy.kind === 'none') {
    return outcome('none', author, `${author} publishes no DMARC record`);
  }
  const { record, domain: policyDomain } = policy;
  const usable = usableRecord(record);
  if (usable === undefined) {
    const sentence = `the DMARC record of ${policyDomain} has no valid policy`;
    return outcome('permerror', author, sentence, { policyDomain });
  }
  const whose = yield* relation(author, policyDomain, usable);
  const wanted = dmarcPolicyFor(usable, whose);
  const found = { policyDomain, policy: wanted };
  const { aligned, open, failed } = yield* alignment(author, usable, asked, known);
  const [best] = aligned;
  if (best !== undefined) {
    const how = best.by === 'spf' ? 'SPF passed for' : 'it is signed by';
    return outcome('pass', author, `${how} ${best.domain}`, { ...found, aligned });
  }
  const doubt = failed ?? open;
  if (doubt !== undefined) return outcome('temperror', author, doubt, found);
  const disposition = usable.testing ? lower(wanted) : wanted;
  const asks = wanted === 'none' ? 'asks for nothing' : `asks to ${wanted} such mail`;
  const test = usable.testing && wanted !== 'none' ? ', as a test' : '';
  const none = `neither SPF nor a signature passed for ${author}`;
  const sentence = `${none}, and ${policyDomain} ${asks}${test}`;
  return outcome('fail', author, sentence, { ...found, disposition });
}

function lower(policy: DmarcPolicy): DmarcPolicy {
  return policy === 'reject' ? 'quarantine' : 'none';
}

/** Asks for the records at those `names` that are not known yet, all at once. */
function* learn(names: readonly string[], known: RecordsByName): DnsLookup<void> {
  const missing = [...new Set(names)].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const questions = missing.map((name): DnsQuestion => ({ name: `_dmarc.${name}`, type: 'TXT' }));
  const answers: readonly DnsAnswer[] = yield questions;
  missing.forEach((name, index) => {
    known.set(name, recordAt(answers[index]));
  });
}

function walk(domain: string, known: RecordsByName): readonly WalkedName[] {
  return walkNames(domain).map((name) => ({
    domain: name,
    found: known.get(name) ?? { kind: 'none' },
  }));
}

type ApplicableRecord =
  | { readonly kind: 'record'; readonly record: DmarcRecord; readonly domain: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'failure'; readonly text: string };

/**
 * Finds the record that applies: the author's own, else its organisation's, else its public
 * suffix's (section 4.10.1).
 */
function discovered(
  author: string,
  walked: readonly WalkedName[],
  { isPublicSuffix }: DmarcQuestion,
): ApplicableRecord {
  const [own] = walked;
  if (own?.found.kind === 'record') return { ...own.found, domain: author };
  const organization = organizationalDomain(author, walked, isPublicSuffix);
  if (organization.kind === 'failure') return organization;
  const suffix = organization.domain.slice(organization.domain.indexOf('.') + 1);
  for (const domain of [organization.domain, suffix]) {
    const at = walked.find((one) => one.domain === domain);
    if (at?.found.kind === 'record') return { ...at.found, domain };
  }
  return { kind: 'none' };
}

/**
 * A record whose policy cannot be read counts as `p=none` if it asks for reports, else it does not
 * count (section 4.10.1).
 */
function usableRecord(record: DmarcRecord): DmarcRecord | undefined {
  const wrong = record.faults.some(
    ({ kind, tag }) => kind === 'value' && (tag === 'p' || tag === 'sp' || tag === 'np'),
  );
  if (record.p !== undefined && !wrong) return record;
  if (record.reportsTo.length === 0) return undefined;
  return { ...record, p: 'none', sp: undefined, np: undefined };
}

/**
 * How the author relates to the policy domain. Asks whether a subdomain exists only if that makes a
 * difference.
 */
function* relation(
  author: string,
  policyDomain: string,
  record: DmarcRecord,
): DnsLookup<'domain' | 'subdomain' | 'nonexistent'> {
  if (author === policyDomain) return 'domain';
  if (dmarcPolicyFor(record, 'nonexistent') === dmarcPolicyFor(record, 'subdomain')) {
    return 'subdomain';
  }
  const answer = yield* ask(author, 'A');
  // If the DNS does not answer, the subdomain counts as existing, because that policy is the milder
  // case for real mail.
  return answer.kind === 'none' && !answer.exists ? 'nonexistent' : 'subdomain';
}

type Alignment = {
  readonly aligned: readonly DmarcIdentifier[];
  /** An aligned identifier could not be checked because of a temporary fault. */
  readonly open: string | undefined;
  /** The DNS did not say whether an identifier is aligned. */
  readonly failed: string | undefined;
};

/** Finds the identifiers that belong to the author's domain (section 4.10.2). */
function* alignment(
  author: string,
  record: DmarcRecord,
  { identifiers, isPublicSuffix }: DmarcQuestion,
  known: RecordsByName,
): DnsLookup<Alignment> {
  const hopeful = identifiers
    .filter(({ result, domain }) => result !== 'other' && domain !== '')
    .slice(0, identifiersMax);
  const strict = (by: 'spf' | 'dkim'): boolean =>
    (by === 'spf' ? record.spfAlignment : record.dkimAlignment) === 'strict';
  const organization = organizationalDomain(author, walk(author, known), isPublicSuffix);
  const above = organization.kind === 'domain' ? organization.domain : author;
  // The organisation of a domain is that domain or one above it, so others need no questions.
  const relatives = hopeful.filter(
    ({ by, domain }) => domain !== author && !strict(by) && isWithin(domain, above),
  );
  yield* learn(
    relatives.flatMap(({ domain }) => walkNames(domain)),
    known,
  );
  let failed = organization.kind === 'failure' ? organization.text : undefined;
  const related = new Set<DmarcIdentifier>();
  for (const one of relatives) {
    const theirs = organizationalDomain(one.domain, walk(one.domain, known), isPublicSuffix);
    if (theirs.kind === 'failure') failed ??= theirs.text;
    else if (organization.kind === 'domain' && theirs.domain === above) related.add(one);
  }
  const good = hopeful.filter((one) => one.domain === author || related.has(one));
  const open = good.find(({ result }) => result === 'temperror');
  // An unknown organisation matters only if an identifier might belong to it.
  const might = hopeful.some(({ by, domain }) => domain !== author && !strict(by));
  return {
    aligned: good.filter(({ result }) => result === 'pass'),
    open:
      open === undefined
        ? undefined
        : `${open.by === 'spf' ? 'SPF' : 'a signature'} of ${open.domain} could not be checked`,
    failed: might ? failed : undefined,
  };
}

function isWithin(domain: string, above: string): boolean {
  return domain === above || domain.endsWith(`.${above}`);
}
