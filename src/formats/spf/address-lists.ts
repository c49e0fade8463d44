/** Asks DNS lists of addresses (RFC 5782): who is known for spam, or for honest mail. Pure. */

import type { DnsLookup, DnsQuestion } from '../dns/question.ts';
import { parseClientIp, reverseName } from './network.ts';

/** Which of these lists have the address. */
export type ListedIn = {
  readonly lists: readonly string[];
  /** Lists that gave no answer. */
  readonly silent: readonly string[];
};

/** A list as it is set: its zone, and which answers count (as in postscreen_dnsbl_sites). */
type AddressList = { readonly zone: string; readonly counts: (address: string) => boolean };

const zoneForm = /^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/i;
const filterForm = /^127(?:\.(?:\d{1,3}|\[\d{1,3}(?:(?:\.\.|;)\d{1,3}){0,30}\])){3}$/;

/**
 * Reads a list: `zen.spamhaus.org`, or with the answers that count: `bl.example=127.0.0.[2..4;9]`.
 * Undefined: the text is no list.
 */
export function parseAddressList(text: string): AddressList | undefined {
  const [zone = '', filter, ...more] = text.split('=');
  if (!zoneForm.test(zone) || more.length > 0) return undefined;
  if (filter !== undefined && !filterForm.test(filter)) return undefined;
  if (filter === undefined) return { zone, counts: (address) => counts(zone, address) };
  const parts = (filter.match(/\[[^\]]*\]|\d+/g) ?? []).map(allowedOctets);
  return {
    zone,
    counts: (address) =>
      address.split('.').every((octet, nth) => parts[nth]?.(Number(octet)) === true),
  };
}

/** `2..4;9` in brackets, or one number. */
function allowedOctets(part: string): (octet: number) => boolean {
  const ranges = part
    .replace(/[[\]]/g, '')
    .split(';')
    .map((range) => range.split('..').map(Number));
  return (octet) => ranges.some(([from = 0, to = from]) => octet >= from && octet <= to);
}

/**
 * Lists answer with an address of 127.0.0.0/8 (RFC 5782 section 2.1). Not every answer is about
 * spam or trust: 127.0.0.1 and 127.0.0.255 (dnswl.org) and 127.255.255.0/24 (Spamhaus) say that
 * this resolver may not ask. What Spamhaus answers for the PBL (10, 11) says only that a network
 * wants no direct mail from its lines, where devices of honest people are.
 */
function counts(zone: string, address: string): boolean {
  if (!address.startsWith('127.') || address.startsWith('127.255.255.')) return false;
  if (address === '127.0.0.1' || address === '127.0.0.255') return false;
  return !(/\.spamhaus\.(?:org|net)$/i.test(zone) && /^127\.0\.0\.1[01]$/.test(address));
}

export function* listedIn(client: string, texts: readonly string[]): DnsLookup<ListedIn> {
  const ip = parseClientIp(client);
  const lists = texts.flatMap((text) => parseAddressList(text) ?? []);
  if (ip === undefined || lists.length === 0) return { lists: [], silent: [] };
  const reversed = reverseName(ip).replace(/\.(?:in-addr|ip6)\.arpa\.?$/, '');
  const answers = yield lists.map(
    ({ zone }): DnsQuestion => ({ name: `${reversed}.${zone.toLowerCase()}`, type: 'A' }),
  );
  const found: string[] = [];
  const silent: string[] = [];
  for (const [nth, { zone, counts }] of lists.entries()) {
    const answer = answers[nth];
    if (answer === undefined || answer.kind === 'failure') silent.push(zone);
    else if (answer.kind === 'records') {
      const addresses = answer.records.flatMap((one) => (one.type === 'A' ? [one.address] : []));
      if (addresses.some(counts)) found.push(zone);
    }
  }
  return { lists: found, silent };
}
