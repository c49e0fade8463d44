/**
 * Checks whether a client's address has a name that resolves back to the address (RFC 8601 section
 * 3, "iprev"). Most bots have none. Pure; it asks one DNS question, then at most ten at once.
 */
import type { DnsLookup, DnsQuestion } from '../dns/question.ts';
import { ask } from '../dns/question.ts';
import { parseClientIp, reverseName } from './network.ts';

export type IprevResult = {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  /** The name that resolves back; empty if none does. */
  readonly name: string;
  /** The first name in the reverse DNS, whether it resolves back or not; empty without one. */
  readonly reverse: string;
  /** A sentence for people, without the full stop. */
  readonly sentence: string;
};

/** The most names that are checked, the same limit as in SPF (RFC 7208 section 4.6.4). */
const namesMax = 10;

export function* evaluateIprev(client: string): DnsLookup<IprevResult> {
  const ip = parseClientIp(client);
  if (ip === undefined)
    return { result: 'permerror', name: '', reverse: '', sentence: 'no IP address' };
  const reverse = yield* ask(reverseName(ip), 'PTR');
  if (reverse.kind === 'failure') return temperror(reverse.text);
  if (reverse.kind === 'none') {
    return { result: 'permerror', name: '', reverse: '', sentence: `${ip.text} has no name` };
  }
  const names = reverse.records
    .flatMap((record) => (record.type === 'PTR' ? [record.target] : []))
    .slice(0, namesMax);
  const type = ip.octets.length === 4 ? 'A' : 'AAAA';
  const answers = yield names.map((name): DnsQuestion => ({ name, type }));
  for (const [index, answer] of answers.entries()) {
    if (answer.kind !== 'records') continue;
    const back = answer.records.some(
      (record) =>
        (record.type === 'A' || record.type === 'AAAA') &&
        parseClientIp(record.address)?.text === ip.text,
    );
    const name = names[index] ?? '';
    if (back) return { result: 'pass', name, reverse: name, sentence: `${ip.text} is ${name}` };
  }
  const failed = answers.find((answer) => answer.kind === 'failure');
  const claimed = names[0] ?? '';
  if (failed?.kind === 'failure') return temperror(failed.text, claimed);
  const sentence = `${ip.text} calls itself ${claimed || '?'}, which is not that address`;
  return { result: 'fail', name: '', reverse: claimed, sentence };
}

function temperror(sentence: string, reverse = ''): IprevResult {
  return { result: 'temperror', name: '', reverse, sentence };
}
