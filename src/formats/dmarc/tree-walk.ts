/**
 * The DNS tree walk (RFC 9989 section 4.10): finds the names at which DMARC records for a domain
 * may be, and the domain of its organisation. At most eight names are asked for, however deep a
 * domain is. Pure.
 */
import type { DnsAnswer } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import { type DmarcRecord, parseDmarcRecord } from './record.ts';

/** The record that is published at one name. */
export type FoundDmarc =
  | { readonly kind: 'record'; readonly record: DmarcRecord }
  | { readonly kind: 'none' }
  | { readonly kind: 'failure'; readonly text: string };
export type WalkedName = { readonly domain: string; readonly found: FoundDmarc };

/** Section 4.10, step 4: after the first question, a deep name is cut to this many labels. */
const labelsMax = 7;

/** The names below which `_dmarc` is asked for, from the domain itself up to its last label. */
export function walkNames(domain: string): readonly string[] {
  const labels = domain.split('.');
  const names = [domain];
  const rest = labels.slice(labels.length > labelsMax ? labels.length - labelsMax : 1);
  for (let from = 0; from < rest.length; from++) names.push(rest.slice(from).join('.'));
  return names;
}

/**
 * The DMARC record among the TXT records of an answer. Several records count as no record (step 2).
 */
export function recordAt(answer: DnsAnswer | undefined): FoundDmarc {
  if (answer === undefined) return { kind: 'failure', text: 'the DNS gave no answer' };
  if (answer.kind === 'failure') return { kind: 'failure', text: answer.text };
  if (answer.kind === 'none') return { kind: 'none' };
  const records = answer.records.flatMap((record) => {
    const read = record.type === 'TXT' ? parseDmarcRecord(textOfTxt(record)) : undefined;
    return read === undefined ? [] : [read];
  });
  const [record] = records;
  return record !== undefined && records.length === 1
    ? { kind: 'record', record }
    : { kind: 'none' };
}

/**
 * The domain of the organisation to which `start` belongs, from its walk in the order of
 * `walkNames`.
 */
export function organizationalDomain(
  start: string,
  walked: readonly WalkedName[],
  isPublicSuffix: (domain: string) => boolean = () => false,
):
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'failure'; readonly text: string } {
  let highest: string | undefined;
  for (const { domain, found } of walked) {
    if (found.kind === 'failure') return found;
    if (found.kind === 'none') continue;
    const { psd } = found.record;
    if (psd === 'n') return { kind: 'domain', domain };
    const suffix = psd === 'y' || isPublicSuffix(domain);
    if (suffix && domain !== start) return { kind: 'domain', domain: oneBelow(start, domain) };
    highest = domain;
    if (psd === 'y') break;
  }
  return { kind: 'domain', domain: highest ?? start };
}

/** The part of `start` that has one label more than `above`. */
function oneBelow(start: string, above: string): string {
  const labels = start.split('.');
  return labels.slice(labels.length - above.split('.').length - 1).join('.');
}
