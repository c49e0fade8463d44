/**
 * A small made-up place: who works there, how they write, and accounts of theirs that are hijacked.
 * Everything follows from the seed. Meant to be harder than most real places: one account in three
 * honestly writes to strangers all the time.
 */

import type { Account } from '../../src/core/account-name.ts';
import type { Submission } from '../../src/core/event.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { type Dice, openDice } from './dice.ts';

const start = 1_767_571_200_000; // a Monday
export const days = 70;

export type Sent = Submission & { readonly hijack?: number };
export type Hijack = { readonly account: Account; readonly style: string; readonly at: Millis };
type Trade = (person: Person, day: number) => void;
type Person = {
  readonly account: Account;
  readonly home: string;
  readonly contacts: string[];
  readonly list: string[];
  readonly dice: Dice;
  readonly eager: number;
  send(day: number, hour: number, to: readonly string[], body?: string): void;
  stranger(): string;
};

const workday = (day: number): boolean => day % 7 < 5;
const officeHour = ({ dice }: Person): number => 8 + 5 * (dice.roll() + dice.roll());

/** Everyday mail: mostly to people it knows, the nearest ones more often. */
function everydayMail(person: Person, day: number, mean: number, novelty: number): void {
  const { dice, contacts } = person;
  const count = Math.round(dice.exponential(mean * (workday(day) ? 1 : 0.25)));
  for (let i = 0; i < count; i++) {
    const to = new Set<string>();
    const copies = dice.roll() < 0.15 ? 1 + dice.below(4) : 1;
    for (let copy = 0; copy < copies; copy++) {
      const fresh = dice.roll() < novelty || contacts.length === 0;
      const one = fresh
        ? person.stranger()
        : contacts[Math.floor(contacts.length * dice.roll() ** 2)];
      if (one === undefined) continue;
      to.add(one);
      if (fresh && dice.roll() < 0.5) contacts.push(one);
    }
    person.send(day, officeHour(person), [...to]);
  }
}

function overList({ list, dice, stranger }: Person, share: number): void {
  for (let i = 0; i < list.length * share; i++) list[dice.below(list.length)] = stranger();
}

const trades: Readonly<Record<string, { readonly share: number; readonly trade: Trade }>> = {
  person: {
    share: 0.62,
    trade: (person, day) => {
      everydayMail(person, day, person.eager, 0.08);
      // An invitation, a search for a flat: now and then somebody writes to many at once.
      if (person.dice.roll() > 0.006) return;
      const guests = Array.from({ length: 6 + person.dice.below(12) }, () =>
        person.dice.roll() < 0.35 ? person.stranger() : person.dice.pick(person.contacts),
      );
      person.send(day, officeHour(person), [...new Set(guests)]);
    },
  },
  shop: { share: 0.1, trade: (person, day) => everydayMail(person, day, 4 * person.eager, 0.5) },
  support: {
    share: 0.08,
    trade: (person, day) => everydayMail(person, day, 8 * person.eager, 0.4),
  },
  sales: {
    share: 0.06,
    trade: (person, day) => {
      everydayMail(person, day, person.eager, 0.1);
      if (!workday(day)) return;
      const calls = 10 + person.dice.below(10);
      for (let i = 0; i < calls; i++)
        person.send(day, 9 + i * 0.1, [person.stranger()], `offer ${day}`);
    },
  },
  newsletter: {
    share: 0.04,
    trade: (person, day) => {
      everydayMail(person, day, 2, 0.1);
      if (day % 7 !== 2) return;
      overList(person, 0.02);
      for (const [i, reader] of person.list.entries()) {
        person.send(day, 10 + i * 0.0004, [reader], `issue ${day}`);
      }
    },
  },
  club: {
    share: 0.05,
    trade: (person, day) => {
      everydayMail(person, day, 1, 0.1);
      if (day % 28 === 3) person.send(day, 19, [...new Set(person.list)]);
    },
  },
  billing: {
    share: 0.05,
    trade: (person, day) => {
      if (day % 28 > 1) return;
      overList(person, 0.04);
      const half = person.list.length / 2;
      const [from, to] = day % 28 === 0 ? [0, half] : [half, person.list.length];
      for (const [i, one] of person.list.slice(from, to).entries()) {
        person.send(day, 9 + i * 0.02, [one], `invoice ${day}`);
      }
    },
  },
};

/** Everything that the place sends in ten weeks, in order of time. */
export function honestMail(seed: number, accounts: number): readonly Sent[] {
  const dice = openDice(seed);
  const mail: Sent[] = [];
  let people = 0;
  const pool = Array.from({ length: 150 }, (_, i) => `everyone${i}@known.example`);
  for (let number = 0; number < accounts; number++) {
    const [name, { trade }] = tradeOf(dice.roll());
    const account = `${name}${number}@here.example` as Account;
    const stranger = (): string =>
      dice.roll() < 0.15 ? dice.pick(pool) : `person${++people}@elsewhere.example`;
    const home = `192.0.${number % 250}.9`;
    const person: Person = {
      account,
      home,
      contacts: Array.from({ length: 5 + dice.below(25) }, stranger),
      list: Array.from(
        { length: name === 'newsletter' ? 150 + dice.below(300) : 40 + dice.below(40) },
        stranger,
      ),
      dice,
      eager: 0.5 + dice.exponential(2),
      stranger,
      send(day, hour, to, fingerprint) {
        const at = (start + day * dayMs + Math.floor(hour * hourMs)) as Millis;
        mail.push({
          kind: 'send',
          id: '',
          at,
          account,
          outside: to,
          local: [],
          client: home,
          ...(fingerprint === undefined ? {} : { fingerprint }),
        });
      },
    };
    const joined = dice.roll() < 0.2 ? dice.below(40) : 0;
    for (let day = joined; day < days; day++) trade(person, day);
  }
  return mail.sort((a, b) => a.at - b.at);
}

function tradeOf(roll: number): readonly [string, { readonly trade: Trade }] {
  let left = roll;
  for (const [name, one] of Object.entries(trades)) {
    left -= one.share;
    if (left < 0) return [name, one];
  }
  return ['person', trades['person'] ?? { trade: () => {} }];
}

/**
 * Messages in the first hour, recipients of each, hours, share of own contacts, growth of the rate
 * per hour.
 */
const styles = {
  burst: { perHour: 1_800, recipients: 1, hours: 1, known: 0, growth: 1 },
  fanout: { perHour: 200, recipients: 50, hours: 1, known: 0, growth: 1 },
  steady: { perHour: 120, recipients: 1, hours: 8, known: 0, growth: 1 },
  drip: { perHour: 5, recipients: 1, hours: 96, known: 0, growth: 1 },
  doubling: { perHour: 2, recipients: 1, hours: 11, known: 0, growth: 2 },
  'contacts first': { perHour: 60, recipients: 2, hours: 10, known: 0.5, growth: 1 },
  botnet: { perHour: 120, recipients: 1, hours: 8, known: 0, growth: 1 },
} as const;

/** Hijacks accounts of that mail that have some history: from then on, only the thief writes. */
export function hijacked(
  honest: readonly Sent[],
  seed: number,
  count: number,
): { readonly mail: readonly Sent[]; readonly hijacks: readonly Hijack[] } {
  const dice = openDice(seed + 1_000);
  const able = [...Map.groupBy(honest, ({ account }) => account)].filter(
    ([, own]) => own.length > 20,
  );
  const names = Object.keys(styles) as (keyof typeof styles)[];
  const hijacks: Hijack[] = [];
  const spam: Sent[] = [];
  for (let i = 0; i < count && able.length > 0; i++) {
    const [[account, own] = ['' as Account, []]] = able.splice(dice.below(able.length), 1);
    const style = names[i % names.length] ?? 'burst';
    const busy = own[Math.floor(own.length * (0.5 + 0.4 * dice.roll()))]?.at ?? start;
    const at = (busy + (dice.roll() < 0.5 ? minuteMs : dice.below(dayMs))) as Millis;
    const known = [...new Set(own.filter((one) => one.at < at).flatMap(({ outside }) => outside))];
    hijacks.push({ account, style, at });
    spam.push(...spamOf(dice, { account, style, at, known, hijack: i }));
  }
  const taken = new Map(hijacks.map(({ account, at }) => [account, at]));
  const kept = honest.filter(
    ({ account, at }) => at < (taken.get(account) ?? Number.POSITIVE_INFINITY),
  );
  return { mail: [...kept, ...spam].sort((a, b) => a.at - b.at), hijacks };
}

function spamOf(
  dice: Dice,
  thief: Hijack & {
    readonly known: readonly string[];
    readonly hijack: number;
    readonly style: keyof typeof styles;
  },
): readonly Sent[] {
  const { account, known, hijack } = thief;
  const style = styles[thief.style];
  const spam: Sent[] = [];
  for (let hours = 0; hours < style.hours && spam.length < 2_500; ) {
    const to = Array.from({ length: style.recipients }, (_, i) =>
      dice.roll() < style.known && known.length > 0
        ? dice.pick(known)
        : `victim${hijack}.${spam.length}.${i}@victims.example`,
    );
    const client =
      thief.style === 'botnet'
        ? `10.${dice.below(200)}.${dice.below(200)}.1`
        : `198.51.${hijack}.7`;
    const at = (thief.at + Math.floor(hours * hourMs)) as Millis;
    spam.push({
      kind: 'send',
      id: '',
      at,
      account,
      outside: [...new Set(to)],
      local: [],
      client,
      hijack,
    });
    hours += (0.5 + dice.roll()) / (style.perHour * style.growth ** Math.floor(hours));
  }
  return spam;
}
