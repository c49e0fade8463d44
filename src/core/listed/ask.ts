/**
 * Asks blocklists about our addresses and domains. A list counts only if it proves that it answers
 * us: its test point must be listed and its clean point must not (RFC 5782 section 5). Otherwise
 * its answer is unknown, which means neither listed nor clean. Pure.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from '../../formats/dns/question.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { parseClientIp, reverseName } from '../../formats/spf/network.ts';
import { type BlockList, meaningOf } from './lists.ts';

export type ListedState =
  | {
      readonly state: 'listed';
      /** What the list answered, `127.0.0.4`. */
      readonly codes: readonly string[];
      readonly meaning: string;
      /** The list's own words (TXT), one line; empty without. */
      readonly reason: string;
    }
  | { readonly state: 'clean' }
  | { readonly state: 'unknown'; readonly why: string };
/** One address or domain on one list. */
export type ListedRow = { readonly subject: string; readonly list: BlockList } & ListedState;

const reasonCharactersMax = 300;

/** The name in front of the zone; undefined if the list has no such entries. */
function nameIn(list: BlockList, subject: string): string | undefined {
  const ip = parseClientIp(subject);
  if (ip === undefined) return list.of === 'domain' ? subject : undefined;
  if (list.of === 'domain' || (ip.octets.length > 4 && !list.hasIpv6)) return undefined;
  return reverseName(ip).replace(/\.(?:in-addr|ip6)\.arpa\.?$/, '');
}

/** All rows, in the order of the subjects. A list without entries of a kind has no row for it. */
export function* askLists(
  subjects: readonly string[],
  lists: readonly BlockList[],
): DnsLookup<readonly ListedRow[]> {
  const pairs = subjects.flatMap((subject) =>
    lists.flatMap((list) => {
      const name = nameIn(list, subject);
      return name === undefined ? [] : [{ subject, list, name: `${name}.${list.zone}` }];
    }),
  );
  const used = lists.filter((list) => pairs.some((pair) => pair.list === list));
  const points = used.flatMap(({ zone, testPoint, cleanPoint }) => [
    `${testPoint}.${zone}`,
    `${cleanPoint}.${zone}`,
  ]);
  const ask = (name: string): DnsQuestion => ({ name, type: 'A' });
  const answers = yield [...points, ...pairs.map(({ name }) => name)].map(ask);
  const silent = new Map(
    used.map((list, nth) => [list, silence(list, answers[2 * nth], answers[2 * nth + 1])]),
  );
  const rows = pairs.map(({ subject, list }, nth): ListedRow => {
    const why = silent.get(list);
    if (why !== undefined) return { subject, list, state: 'unknown', why };
    return { subject, list, ...stateOf(list, answers[points.length + nth]) };
  });
  const listed = pairs.filter((_, nth) => rows[nth]?.state === 'listed');
  if (listed.length === 0) return rows;
  const texts = yield listed.map(({ name }): DnsQuestion => ({ name, type: 'TXT' }));
  return rows.map((row) => {
    const nth = listed.findIndex(
      ({ list, subject }) => list === row.list && subject === row.subject,
    );
    return row.state === 'listed' ? { ...row, reason: reasonOf(texts[nth]) } : row;
  });
}

/** Why the list proves nothing; undefined if it answers us. */
function silence(
  list: BlockList,
  test: DnsAnswer | undefined,
  clean: DnsAnswer | undefined,
): string | undefined {
  const tested = stateOf(list, test);
  if (tested.state === 'unknown') return tested.why;
  if (tested.state === 'clean') {
    return `the list does not answer us: its test entry is missing; ${list.whenSilent}`;
  }
  const opposite = stateOf(list, clean);
  if (opposite.state === 'unknown') return opposite.why;
  return opposite.state === 'listed'
    ? 'the list names everything, even what no list may name; it is out of order, or gave up'
    : undefined;
}

function stateOf(list: BlockList, answer: DnsAnswer | undefined): ListedState {
  if (answer === undefined || answer.kind === 'failure') {
    return { state: 'unknown', why: `no answer: ${answer?.text ?? 'it was not asked'}` };
  }
  if (answer.kind === 'none') return { state: 'clean' };
  const codes = answer.records.flatMap((one) => (one.type === 'A' ? [one.address] : []));
  const refusal = codes.find(
    (one) => one.startsWith('127.255.255.') || list.refusals.includes(one),
  );
  if (refusal !== undefined) {
    const why = `the list does not answer us (${refusal}): ${refusedBecause(refusal, list)}`;
    return { state: 'unknown', why };
  }
  const strange = codes.find((one) => !one.startsWith('127.'));
  if (strange !== undefined || codes.length === 0) {
    const why =
      `${strange ?? 'the answer'} is no answer of a list: the resolver changes answers, or the ` +
      'list is gone';
    return { state: 'unknown', why };
  }
  const meanings = [...new Set(codes.map((code) => meaningOf(list, code)))];
  return { state: 'listed', codes, meaning: meanings.join('; '), reason: '' };
}

/** What Spamhaus and others say with 127.255.255.0/24. */
function refusedBecause(code: string, { whenSilent }: BlockList): string {
  if (code === '127.255.255.252') return 'the name of the zone is mistyped';
  if (code === '127.255.255.255') return 'this resolver asks too much';
  return whenSilent;
}

function reasonOf(answer: DnsAnswer | undefined): string {
  if (answer?.kind !== 'records') return '';
  const texts = answer.records.flatMap((one) => (one.type === 'TXT' ? [textOfTxt(one)] : []));
  return texts
    .join(' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, reasonCharactersMax);
}
