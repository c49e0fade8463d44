/**
 * Finds remains of DomainKeys (RFC 4870, historic) and says what to do about them: its policy
 * record at _domainkey.DOMAIN, the record of its successor ADSP (RFC 5617, also historic), and its
 * signatures. No receiver acts on them any more.
 */
import type { DnsLookup } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import { parseTagList } from './tag-list.ts';

export type DomainKeysRemnant = {
  /** Name of the record, or of the header field. */
  readonly at: string;
  /** The text that was found. */
  readonly found: string;
  /** What it meant and what to do, in sentences. */
  readonly text: string;
};

/** The most octets of a record that are shown. */
const shownMax = 120;

/** Asks for the records that DomainKeys and ADSP had for `domain`. */
export function* askLeftOvers(domain: string): DnsLookup<readonly DomainKeysRemnant[]> {
  const policy = `_domainkey.${domain}`;
  const adsp = `_adsp._domainkey.${domain}`;
  const [policies, practices] = yield [
    { name: policy, type: 'TXT' },
    { name: adsp, type: 'TXT' },
  ];
  const texts = (answer: typeof policies): readonly string[] =>
    answer?.kind === 'records'
      ? answer.records.flatMap((record) => (record.type === 'TXT' ? [textOfTxt(record)] : []))
      : [];
  return [
    ...texts(policies).flatMap((found) => leftOver(policy, found, policyMeaning(found))),
    ...texts(practices).flatMap((found) => leftOver(adsp, found, adspMeaning(found))),
  ];
}

function leftOver(
  at: string,
  found: string,
  text: string | undefined,
): readonly DomainKeysRemnant[] {
  return text === undefined ? [] : [{ at, found: shown(found), text }];
}

/**
 * What the record at `_domainkey.DOMAIN` meant (RFC 4870 section 3.6). Undefined if it is not a
 * DomainKeys policy.
 */
export function policyMeaning(record: string): string | undefined {
  const tags = parseTagList(record);
  if (!tags.ok || tags.value.has('p') || tags.value.has('v')) return undefined;
  const signs = tags.value.get('o');
  const testing = tags.value.get('t')?.includes('y') === true;
  if (signs === undefined && !testing) return undefined;
  const meant = [
    ...(signs === '-' ? ['all mail of this domain is signed (o=-)'] : []),
    ...(signs === '~' ? ['some mail of this domain is signed (o=~)'] : []),
    ...(testing ? ['signing is being tested (t=y)'] : []),
  ];
  const meaning = meant.length === 0 ? '' : `: ${meant.join(', ')}`;
  return (
    `a DomainKeys policy${meaning}. No receiver reads it any more; remove the record. ` +
    'DMARC now says what to do with unsigned mail.'
  );
}

/**
 * What the record at `_adsp._domainkey.DOMAIN` meant (RFC 5617 section 4.2.1). Undefined if it is
 * not an ADSP record.
 */
export function adspMeaning(record: string): string | undefined {
  const tags = parseTagList(record);
  const practice = tags.ok ? tags.value.get('dkim')?.toLowerCase() : undefined;
  if (practice === undefined) return undefined;
  const meant = practices.get(practice);
  const meaning = meant === undefined ? '' : `: ${meant} (dkim=${practice})`;
  return (
    `signing practices (ADSP, historic since 2013)${meaning}. ` +
    'No receiver reads them any more; remove the record. DMARC replaces them.'
  );
}

const practices = new Map([
  ['all', 'all mail of this domain is signed'],
  ['discardable', 'mail that is not signed may be thrown away'],
  ['unknown', 'some mail of this domain is signed'],
]);

/** Describes a header field of DomainKeys; undefined for other fields. */
export function domainKeyField(name: string, value: string): DomainKeysRemnant | undefined {
  if (name.trim().toLowerCase() !== 'domainkey-signature') return undefined;
  const tags = parseTagList(value);
  const domain = tags.ok ? (tags.value.get('d') ?? '') : '';
  const whose = domain === '' ? '' : ` of ${shown(domain)}`;
  return {
    at: 'DomainKey-Signature',
    found: shown(value.replace(/[\r\n\t ]+/g, ' ').trim()),
    text:
      `a DomainKeys signature${whose}. DKIM replaced DomainKeys in 2007. ` +
      'It uses SHA-1, and no receiver checks it any more. ' +
      'Configure the program that makes it to stop.',
  };
}

function shown(text: string): string {
  const plain = text.replace(/[^ -~]/g, '?');
  return plain.length > shownMax ? `${plain.slice(0, shownMax - 1)}…` : plain;
}
