/** Why a message never waits, and how much its sender is trusted if its content looks like spam. */
import { addressKey, domainOf, domainsAbove } from '../../../formats/message/address.ts';
import type { InboundFacts } from './facts.ts';
import { type InboundKnowledge, ownMessageName } from './knowledge.ts';
import type { SenderNames, SenderStanding } from './standing.ts';

/** What is remembered of the sender and its conversation with us. */
export type Ties = {
  /** Someone here has written to the sender. */
  readonly wroteAddress: boolean;
  /** Someone here has written to the domain that SPF or DKIM proved. */
  readonly wroteDomain: boolean;
  /** It answers a message of ours. */
  readonly answersUs: boolean;
  /** The operator lists its sender, its client or one of its recipients. */
  readonly isAllowed: boolean;
  /** The list is about the whole message, and the sender is not forged. */
  readonly isTrusted: boolean;
};

/** Recipients, and answered messages, that are looked up of one message. */
const lookedAtMax = 20;

export function tiesOf(facts: InboundFacts, names: SenderNames, knowledge: InboundKnowledge): Ties {
  const knows = (kind: 'written-to' | 'message-id' | 'allowed', name: string): boolean =>
    name !== '' && knowledge.find(kind, name) !== undefined;
  const isListed = (name: string): boolean => knows('allowed', name);
  const sender = addressKey(facts.sender);
  const recipients = facts.recipients.map(addressKey);
  const domain = domainOf(sender);
  const above = domain === '' ? [] : [domain, ...domainsAbove(domain)];
  const listsSender = [sender, ...above.map((name) => `@${name}`)].some(isListed);
  const listsClient = isListed(facts.client);
  const answers = facts.answers.slice(-lookedAtMax);
  const answered = recipients.slice(0, lookedAtMax);
  return {
    wroteAddress: knows('written-to', sender),
    wroteDomain: names.proved.some((name) => knows('written-to', `@${name}`)),
    answersUs: answers.some((id) =>
      answered.some((to) => knows('message-id', ownMessageName(id, to))),
    ),
    isAllowed: listsSender || listsClient || recipients.some(isListed),
    isTrusted:
      listsClient ||
      (listsSender && !looksForged(facts, names)) ||
      (recipients.length > 0 && recipients.every(isListed)),
  };
}

/** Local parts that must be reachable (RFC 2142, RFC 5321 section 4.5.1). */
const mustReach = new Set(['postmaster', 'abuse']);

/** One reason is enough, for all recipients. */
export function passReasons(
  facts: InboundFacts,
  names: SenderNames,
  standing: SenderStanding,
  ties: Ties,
): readonly string[] {
  const isProved = names.proved.length > 0;
  const found: readonly (readonly [boolean, string])[] = [
    [ties.isAllowed, 'the operator lists it'],
    [ties.wroteAddress && !looksForged(facts, names), 'someone here has written to its sender'],
    [ties.wroteDomain, 'someone here has written to its domain'],
    [ties.answersUs, 'it answers a message of ours'],
    [facts.isProvenReturn === true, 'it is a bounce of our own mail'],
    [standing.level !== 'strange', 'its sender has delivered wanted mail here'],
    [facts.dnswl === true, 'the client is on a list of good senders'],
    [facts.recipients.some((to) => mustReach.has(localOf(to))), 'it is for postmaster or abuse'],
    [isProved && facts.saysCode, 'it carries a sign-in code and proves its domain'],
  ];
  return found.filter(([holds]) => holds).map(([, text]) => text);
}

/**
 * Anyone can write in the name of somebody else; SPF says whether the owner of the domain did. Only
 * a signature of that domain says more: anyone can sign for a domain of their own.
 */
const looksForged = ({ spf }: InboundFacts, { provesSender }: SenderNames): boolean =>
  !provesSender && (spf === 'fail' || spf === 'softfail');

const localOf = (address: string): string => {
  const key = addressKey(address);
  return key.slice(0, key.lastIndexOf('@'));
};

/** Points that are taken off: against such a sender, the filter is more often wrong than right. */
export function toleranceOf(names: SenderNames, standing: SenderStanding, ties: Ties): number {
  if (ties.isTrusted) return 10;
  const isProved = names.proved.length > 0;
  const byStanding = isProved
    ? { strange: 0, mixed: 0, seen: 3, welcome: 8 }[standing.level]
    : { strange: 0, mixed: 8, seen: 8, welcome: 8 }[standing.level];
  const wrote =
    ties.wroteAddress && names.provesSender ? 8 : ties.wroteAddress || ties.wroteDomain ? 2 : 0;
  return Math.max(byStanding, wrote, ties.answersUs ? 5 : 0);
}
