/** Random SPF records as domains have them, and the senders that they name. */
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import type { Dice } from '../ledger/dice.ts';
import { zone } from './spf-zone.ts';

/** Every name that the records mention, without example.org itself. */
export const senders: readonly DnsRecord[] = zone(
  'mail.example.org A 192.0.2.25',
  'example.org A 192.0.2.80',
  'example.org AAAA 2001:db8::80',
  'example.org MX 10 mail.example.org',
  'web.example.net A 198.51.100.7',
  'web.example.net AAAA 2001:db8:7::7',
  'out.example.net A 198.51.100.9',
  'example.net MX 5 out.example.net',
  '_spf.provider.example TXT v=spf1 include:_nets.provider.example ip6:2001:db8:a::/48 ~all',
  '_nets.provider.example TXT v=spf1 ip4:203.0.113.0/26 -all',
  'spf.news.example TXT v=spf1 ip4:203.0.113.64/26 a:out.news.example -all',
  'out.news.example A 100.64.5.5',
  '_spf-a.shop.example TXT v=spf1 ip4:203.0.113.128/27 ?all',
  'servers.crm.example TXT v=spf1 redirect=_own.crm.example',
  '_own.crm.example TXT v=spf1 ip4:100.64.6.0/28 -all',
  '_spf.parent.example TXT v=spf1 ip4:192.0.2.0/27 ip4:203.0.113.192/27 -all',
  '4.3.64.100.list.example A 127.0.0.2',
);

/** Nobody sends from here. */
export const stranger = '198.18.0.1';
/** Where each of those sends from, and strangers. */
export const clients: readonly string[] = [
  ...['192.0.2.25', '192.0.2.80', '2001:db8::80', '198.51.100.7', '2001:db8:7::7', '198.51.100.9'],
  ...['203.0.113.5', '2001:db8:a::5', '203.0.113.70', '100.64.5.5', '203.0.113.130', '100.64.6.3'],
  ...['203.0.113.200', '100.64.3.4', '100.64.1.7', '100.64.1.200', '100.64.2.9', '2001:db8:b::9'],
  ...['192.0.2.250', stranger, '198.51.100.8', '2001:db8:ffff::1', '2001:db8:b:1::9'],
];

const terms: readonly string[] = [
  ...['a', 'mx', 'a:web.example.net', 'mx:example.net', 'a:web.example.net/30', 'mx/29', 'a//64'],
  ...['ip4:100.64.1.7', 'ip4:100.64.1.0/24', 'ip4:100.64.2.8/29', 'ip4:198.51.100.8'],
  ...['ip6:2001:db8:b::9', 'ip6:2001:db8:b::/64', 'ip6:2001:db8:b::/48'],
  ...['include:_spf.provider.example', 'include:spf.news.example', 'include:_spf-a.shop.example'],
  ...['include:servers.crm.example', 'exists:%{ir}.list.example', 'exists:%{i}.none.example'],
  ...['?ip4:198.51.100.8', '~ip4:100.64.1.200', '-ip4:192.0.2.250', '+ip4:100.64.2.9', '?a'],
];

export const pick = <One>(list: readonly One[], dice: Dice): One => {
  const one = list[dice.below(list.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
};

/** The terms of a correct record. Mail from 192.0.2.25 passes. */
export function correctWords(dice: Dice): readonly string[] {
  const words = [pick(['mx', 'ip4:192.0.2.25', 'a:mail.example.org', 'mx'], dice)];
  for (let more = dice.below(6); more > 0; more--) {
    const word = pick(terms, dice);
    if (!words.includes(word)) words.splice(dice.below(words.length + 1), 0, word);
  }
  const end = pick(['-all', '-all', '-all', '~all', '~all', 'redirect=_spf.parent.example'], dice);
  if (dice.below(20) === 0) words.push('exp=why.example.org');
  return [...words, end];
}
