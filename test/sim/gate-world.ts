/**
 * A hundred honest accounts of a made-up place as events, for faults of the gate itself: offices,
 * people behind a webmail, shops. From a seed, always the same.
 */
import type { Account } from '../../src/core/account-name.ts';
import type { ReplayEvent, Submission } from '../../src/core/event.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { scriptedScan } from '../doubles/scan.ts';
import { type Dice, openDice } from './dice.ts';

/** A Monday. */
export const start = 1_767_571_200_000;
export const accountsMany = 100;
export const webmailClient = '198.51.100.20';

type Person = {
  readonly account: Account;
  readonly client: string;
  readonly perDay: number;
  readonly novelty: number;
  readonly contacts: string[];
};

/** What the accounts send on these days, in order of time. */
export function gateWorld(seed: number, days: number): Submission[] {
  const dice = openDice(seed);
  const people = Array.from({ length: accountsMany }, (_, nth) => person(dice, nth));
  const sent: Submission[] = [];
  for (let day = 0; day < days; day++) {
    for (const one of people) {
      const many = Math.round(dice.exponential(day % 7 < 5 ? one.perDay : one.perDay / 4));
      for (let i = 0; i < many; i++) sent.push(mail(dice, one, day, sent.length));
    }
  }
  return sent.sort((one, other) => one.at - other.at);
}

function person(dice: Dice, nth: number): Person {
  const behindWebmail = nth % 10 < 4;
  const isShop = nth % 20 === 5;
  return {
    account: `user${nth}@d${nth % 12}.example` as Account,
    client: behindWebmail ? webmailClient : `203.0.${nth}.7`,
    perDay: isShop ? 12 : 3 + dice.below(9),
    novelty: isShop ? 0.7 : 0.08,
    contacts: Array.from({ length: 30 }, (_, i) => `friend${nth}-${i}@elsewhere${i % 9}.example`),
  };
}

let strangers = 0;

function mail(dice: Dice, one: Person, day: number, nth: number): Submission {
  const hour = 7 + 5 * (dice.roll() + dice.roll());
  const isNew = dice.roll() < one.novelty;
  const to = isNew ? `new${++strangers}@far${strangers % 50}.example` : dice.pick(one.contacts);
  if (isNew && dice.roll() < 0.5) one.contacts.push(to);
  return {
    kind: 'send',
    id: `w${nth}`,
    at: Math.floor(start + day * dayMs + hour * hourMs) as Millis,
    account: one.account,
    client: one.client,
    sender: one.account,
    headerFrom: one.account,
    outside: [to],
    local: [],
    scan: scriptedScan(dice.roll() < 0.002 ? 5 : 0),
  };
}

/** All that a message causes, in order of time, when nothing is wrong. */
export function plainly(message: Submission): readonly ReplayEvent[] {
  return [message];
}

/** A hijacked account: a stranger a message, so many a minute, from its own or another network. */
export function hijack(
  account: Account,
  {
    at,
    client,
    messages,
    everyMs = minuteMs / 4,
  }: {
    readonly at: number;
    readonly client: string;
    readonly messages: number;
    readonly everyMs?: number;
  },
): Submission[] {
  return Array.from({ length: messages }, (_, i) => ({
    kind: 'send' as const,
    id: `h ${account} ${i}`,
    at: Math.floor(at + i * everyMs) as Millis,
    account,
    client,
    sender: account,
    headerFrom: account,
    outside: [`victim${++strangers}@far${strangers % 500}.example`],
    local: [],
    scan: scriptedScan(0),
  }));
}
