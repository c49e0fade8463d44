/**
 * Turns what was sent without a right in the time of observation into declarations to confirm.
 * Pure.
 */
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { anyAddress, type Declaration } from './declaration.ts';
import { kindOfAccount } from './own.ts';

/** Mail that an account sent without a right, in the time of observation. */
export type SeenPair = {
  readonly account: Account;
  /** An address key; `@example.org` once the account has used many of that domain. */
  readonly address: string;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly messages: number;
  /** A bit for each day since the observation began. */
  readonly days: number;
};
/** A pair that was seen, and what speaks against allowing it. */
export type SuggestedPair = Declaration & {
  readonly messages: number;
  readonly days: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  /** Why it must be looked at before it is allowed; empty if nothing speaks against it. */
  readonly doubt: string;
  /** False: its account was hijacked or suspended in that time, so it is only named. */
  readonly isSuggested: boolean;
};
/** What the guard thinks of an account: nothing, a doubt, or that its mail may be a thief's. */
export type Standing =
  | { readonly kind: 'clear' }
  | { readonly kind: 'doubted' | 'stopped'; readonly why: string };

/** Addresses of one domain that an account used, from which on the whole domain is noted. */
export const addressesOfDomainMax = 5;
/** Pairs of one account. A person has fewer; a host or a program that sends for all has more. */
export const pairsOfAccountMax = 50;
/** Logins of one domain that wrote as another one: from this many on, all its logins may. */
const loginsMin = 3;
/** Days of an observation that are told apart. */
const daysMax = 30;

/** The bit of the day `at`, of an observation that began at `from`. */
export function dayBit(from: Millis, at: Millis): number {
  const day = Math.floor((at - from) / dayMs);
  return 1 << Math.min(daysMax, Math.max(0, day));
}

function dayCount(days: number): number {
  let count = 0;
  for (let rest = days; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Those with most messages first; those that are only named come last. */
export function suggestedPairs(
  seen: readonly SeenPair[],
  standing: (account: Account) => Standing,
): readonly SuggestedPair[] {
  const groups = new Map<string, SeenPair[]>();
  const pairs: SuggestedPair[] = [];
  for (const pair of seen) {
    const about = standingOfPair(pair, standing(pair.account));
    const group = about.kind === 'clear' ? groupOf(pair) : undefined;
    if (group === undefined) pairs.push(suggestion([pair], pair, about));
    else groups.set(group, [...(groups.get(group) ?? []), pair]);
  }
  for (const group of groups.values()) pairs.push(...ofGroup(group));
  return pairs.sort(
    (one, other) =>
      Number(other.isSuggested) - Number(one.isSuggested) ||
      other.messages - one.messages ||
      (one.account + one.address < other.account + other.address ? -1 : 1),
  );
}

/** Nothing that sends for everybody, or one login for a whole domain, is allowed without a look. */
function standingOfPair({ account, address }: SeenPair, about: Standing): Standing {
  if (about.kind !== 'clear') return about;
  if (address === anyAddress) {
    return { kind: 'doubted', why: 'it wrote in the name of many domains' };
  }
  const isAll = address.startsWith('@') && kindOfAccount(account) === 'login';
  if (!isAll) return about;
  return { kind: 'doubted', why: `a login wrote as many addresses of ${domainOf(address)}` };
}

const clear: Standing = { kind: 'clear' };

/** Pairs of the logins of one domain and the addresses of another one. */
function ofGroup(group: readonly SeenPair[]): readonly SuggestedPair[] {
  const [first] = group;
  if (first === undefined || new Set(group.map(({ account }) => account)).size < loginsMin) {
    return group.map((pair) => suggestion([pair], pair, clear));
  }
  const account = `@${domainOf(first.account)}`;
  // What all wrote as, such as a shared mailbox, says nothing about the rest of its domain.
  const isOne = group.every(({ address }) => address === first.address);
  const address = isOne ? first.address : `@${domainOf(first.address)}`;
  return [suggestion(group, { account, address }, clear)];
}

/** The domain of the login and that of the address; undefined where there are not two. */
function groupOf({ account, address }: SeenPair): string | undefined {
  const domain = domainOf(account);
  const isGroup = kindOfAccount(account) === 'login' && domain !== '';
  return isGroup ? `${domain} ${domainOf(address)}` : undefined;
}

function suggestion(
  pairs: readonly SeenPair[],
  { account, address }: Declaration,
  about: Standing,
): SuggestedPair {
  return {
    account,
    address,
    messages: pairs.reduce((sum, { messages }) => sum + messages, 0),
    days: dayCount(pairs.reduce((all, { days }) => all | days, 0)),
    firstAt: Math.min(...pairs.map(({ firstAt }) => firstAt)) as Millis,
    lastAt: Math.max(...pairs.map(({ lastAt }) => lastAt)) as Millis,
    doubt: about.kind === 'clear' ? '' : about.why,
    isSuggested: about.kind !== 'stopped',
  };
}
