/** Why a message never waits, and how much its sender is trusted if its content looks like spam. */
import { addressKey, domainOf, domainsAbove } from '../../../formats/message/address.ts';
import type { ContactFacts, InboundFacts } from './facts.ts';
import type { InboundKnowledge } from './knowledge.ts';
import type { SenderNames, SenderStanding } from './standing.ts';

type Facts = ContactFacts & Partial<InboundFacts>;

/** What is remembered of the sender and its conversation with us. */
export type Ties = {
  /** Someone here has written to the sender. */
  readonly wroteAddress: boolean;
  /** Someone here has written to the domain that SPF or DKIM proved. */
  readonly wroteDomain: boolean;
  /** It answers a message of ours. */
  readonly answersUs: boolean;
  readonly isAllowed: boolean;
};

export function tiesOf(
  facts: Facts,
  { proved, network }: SenderNames,
  knowledge: InboundKnowledge,
): Ties {
  const knows = (kind: 'written-to' | 'message-id' | 'allowed', name: string): boolean =>
    knowledge.find(kind, name) !== undefined;
  const sender = addressKey(facts.sender);
  const parties = [sender, ...facts.recipients.map(addressKey)].filter((key) => key !== '');
  const domain = domainOf(sender);
  const above = domain === '' ? [] : [domain, ...domainsAbove(domain)];
  return {
    wroteAddress: sender !== '' && knows('written-to', sender),
    wroteDomain: proved.some((name) => knows('written-to', `@${name}`)),
    answersUs: (facts.answers ?? []).some((id) => knows('message-id', id)),
    isAllowed:
      parties.some((key) => knows('allowed', key)) ||
      above.some((name) => knows('allowed', `@${name}`)) ||
      [facts.client, network].some((name) => knows('allowed', name)),
  };
}

/** Local parts that must be reachable (RFC 2142, RFC 5321 section 4.5.1). */
const mustReach = new Set(['postmaster', 'abuse']);

/** One reason is enough, for all recipients. */
export function passReasons(
  facts: Facts,
  names: SenderNames,
  standing: SenderStanding,
  ties: Ties,
): readonly string[] {
  const isProved = names.proved.length > 0;
  const found: readonly (readonly [boolean, string])[] = [
    [ties.isAllowed, 'the operator lists it'],
    [ties.wroteAddress, 'someone here has written to its sender'],
    [ties.wroteDomain, 'someone here has written to its domain'],
    [ties.answersUs, 'it answers a message of ours'],
    [facts.isProvenReturn === true, 'it is a bounce of our own mail'],
    [standing.level !== 'strange', 'its sender has delivered wanted mail here'],
    [facts.dnswl !== undefined, 'the client is on a list of good senders'],
    [facts.recipients.some((to) => mustReach.has(localOf(to))), 'it is for postmaster or abuse'],
    [isProved && facts.saysCode === true, 'it carries a sign-in code and proves its domain'],
  ];
  return found.filter(([holds]) => holds).map(([, text]) => text);
}

const localOf = (address: string): string => {
  const key = addressKey(address);
  return key.slice(0, key.lastIndexOf('@'));
};

/** Points that are taken off: against such a sender, the filter is more often wrong than right. */
export function toleranceOf(names: SenderNames, standing: SenderStanding, ties: Ties): number {
  if (ties.isAllowed) return 10;
  const isProved = names.proved.length > 0;
  const byStanding = isProved
    ? { strange: 0, mixed: 0, seen: 3, welcome: 8 }[standing.level]
    : { strange: 0, mixed: 8, seen: 8, welcome: 8 }[standing.level];
  const wrote = ties.wroteAddress ? (isProved ? 8 : 2) : ties.wroteDomain ? 2 : 0;
  return Math.max(byStanding, wrote, ties.answersUs ? 5 : 0);
}
