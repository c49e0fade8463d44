/**
 * The mail of a small made-up hoster: offices, private people, clubs, a shop, a newsletter. What
 * each account does in the days before an attack, and what its owner goes on to do during it.
 * From a seed, always the same; all shares are argued, not measured.
 */
import { dayMs, hourMs, type Millis } from '../../../src/lib/time.ts';
import { type Dice, openDice } from '../dice.ts';
import type { Line } from './versions.ts';

const start = 1_767_571_200_000; // a Monday
/** Days of honest mail before an attack, and days that an attack lasts. */
const historyDays = 60;
export const attackDays = 30;
export const attackAt = (start + historyDays * dayMs) as Millis;

/** What a client program says of itself. */
export type Program = Readonly<Record<'helo' | 'tls' | 'auth' | 'mailer' | 'zone', string>>;

export type Kind =
  | 'private'
  | 'office'
  | 'freelancer'
  | 'quiet'
  | 'club'
  | 'notices'
  | 'shop'
  | 'newsletter';

/** How many accounts of a kind there are here, and their share of the accounts of real hosters. */
export const kinds: Readonly<Record<Kind, { readonly here: number; readonly share: number }>> = {
  private: { here: 7, share: 0.36 },
  office: { here: 7, share: 0.36 },
  freelancer: { here: 2, share: 0.08 },
  quiet: { here: 3, share: 0.1 },
  club: { here: 2, share: 0.04 },
  notices: { here: 1, share: 0.02 },
  shop: { here: 1, share: 0.025 },
  newsletter: { here: 1, share: 0.015 },
};

export class Resident {
  readonly lines: Line[] = [];
  readonly contacts: string[] = [];
  readonly colleagues: string[];
  /** Ids of messages that came in, with the address that wrote. */
  readonly received: { readonly id: string; readonly from: string; readonly at: Millis }[] = [];
  readonly client: string;
  readonly program: Program;
  readonly kind: Kind;
  readonly account: string;
  readonly dice: Dice;
  #made = 0;

  constructor(kind: Kind, nth: number, dice: Dice) {
    const domain = kind === 'office' ? `office${nth >> 2}.test` : `${kind}${nth}.test`;
    this.kind = kind;
    this.account = `me${nth}@${domain}`;
    this.dice = dice;
    this.client = `192.0.2.${10 + dice.below(200)}`.replace('0.2', `0.${3 + nth}`);
    this.program = dice.pick(programs);
    this.colleagues = Array.from({ length: 12 }, (_, one) => `colleague${one}@${domain}`);
    const known = 15 + dice.below(40);
    for (let one = 0; one < known; one++) this.contacts.push(this.stranger());
  }

  /** A new address; four of ten are at providers that everybody writes to. */
  stranger(): string {
    const { dice } = this;
    const name = `${this.kind}${this.account.split('@')[0]}.${this.#made++}`;
    const domain = dice.roll() < 0.4 ? dice.pick(commonDomains) : `firm${dice.below(400)}.example`;
    return `${name}@${domain}`;
  }

  send(day: number, hour: number, to: readonly string[], more: Line | object = {}): void {
    if (to.length === 0) return;
    const at = timeOf(day, hour);
    this.lines.push({
      type: 'send',
      id: `${this.account} ${this.lines.length}`,
      at,
      recipients: to,
      sender: this.account,
      from: this.account,
      fingerprint: `${this.account} ${this.lines.length}`,
      spamScore: this.dice.roll() < 0.001 ? 5.5 : Math.round(20 * (this.dice.roll() - 0.8)) / 10,
      links: this.dice.roll() < 0.2 ? [`${this.account.split('@')[1]}`] : [],
      list: false,
      inReplyTo: '',
      ...this.from(),
      ...more,
    });
  }

  /** Where the owner's mail comes from, and by which program. */
  from(): object {
    return { account: this.account, client: this.client, ...this.program };
  }

  receive(day: number, hour: number, sender: string): string {
    const at = timeOf(day, hour);
    const id = `${this.received.length}.${this.account}.in`;
    this.received.push({ id, from: sender, at });
    const { account } = this;
    this.lines.push({ type: 'receive', at, account, sender, spf: 'pass', dkim: '', messageId: id });
    return id;
  }
}

const timeOf = (day: number, hour: number): Millis =>
  (start + day * dayMs + Math.floor(hour * hourMs)) as Millis;

export const commonDomains: readonly string[] = ['bigmail.example', 'allmail.example'];
const tls = 'TLSv1.3 TLS_AES_256_GCM_SHA384';
const zone = '+0100';
const programs: readonly Program[] = [
  { helo: '[192.168.1.7]', tls, auth: 'PLAIN', mailer: 'Mozilla Thunderbird', zone },
  { helo: 'DESKTOP-7', tls, auth: 'LOGIN', mailer: 'Microsoft Outlook 16.0', zone },
  { helo: 'smtpclient.apple', tls, auth: 'PLAIN', mailer: 'Apple Mail (2.3774)', zone },
];

/** Everyday mail: mostly to people it knows. Of the new ones, some have written first. */
function everyday(me: Resident, day: number, mean: number, fresh: number, wroteFirst = 0.5): void {
  const { contacts, dice } = me;
  const isWorkday = day % 7 < 5;
  const count = Math.round(dice.exponential(mean * (isWorkday ? 1 : 0.25)));
  for (let one = 0; one < count; one++) {
    const hour = 8 + 5 * (dice.roll() + dice.roll());
    const to = new Set<string>();
    let answered = {};
    const copies = dice.roll() < 0.12 ? 1 + dice.below(3) : 1;
    for (let copy = 0; copy < copies; copy++) {
      const isNew = dice.roll() < fresh;
      const who = isNew ? me.stranger() : contacts[Math.floor(contacts.length * dice.roll() ** 2)];
      if (who === undefined) continue;
      to.add(who);
      const writes = isNew ? dice.roll() < wroteFirst : dice.roll() < 0.3;
      if (writes) answered = { inReplyTo: me.receive(day, hour - 0.8, who) };
      if (isNew && dice.roll() < 0.5) contacts.push(who);
    }
    me.send(day, hour, [...to], answered);
  }
  if (me.kind === 'office' && isWorkday && dice.roll() < 0.5) {
    me.send(day, 9 + 6 * dice.roll(), [dice.pick(me.colleagues)]);
  }
  if (dice.roll() < 0.7) {
    const at = timeOf(day, 7 + 14 * dice.roll());
    const { account, client } = me;
    const { auth } = me.program;
    const login = { type: 'login', at, account, client, ok: true, protocol: 'imap', auth };
    me.lines.push({ ...login, tls: me.program.tls });
  }
}

/** Members or readers; a few change each time. */
function listOf(me: Resident, length: number): string[] {
  return Array.from({ length }, () => me.stranger());
}

const days: Readonly<Record<Kind, (me: Resident) => (day: number) => void>> = {
  private: (me) => (day) => everyday(me, day, 1, 0.12),
  office: (me) => (day) => everyday(me, day, 5, 0.1),
  freelancer: (me) => (day) => everyday(me, day, 4, 0.22),
  quiet: (me) => (day) => {
    // One that never writes has no past to compare with.
    if (day === 2) me.send(day, 11, me.contacts.slice(0, 1));
    everyday(me, day, 0.12, 0.2);
  },
  club: (me) => {
    const members = listOf(me, 90);
    return (day) => {
      everyday(me, day, 1, 0.1);
      if (day % 28 !== 10) return;
      members[me.dice.below(members.length)] = me.stranger();
      for (let at = 0; at < members.length; at += 30) {
        const body = { fingerprint: `${me.account} news ${day}` };
        me.send(day, 19 + at / 900, members.slice(at, at + 30), body);
      }
    };
  },
  notices: (me) => {
    const readers = me.contacts.slice(0, 2);
    return (day) => {
      for (let one = 0; one < 8; one++) {
        me.send(day, one * 3 + me.dice.roll(), readers, { fingerprint: `${me.account} notice` });
      }
    };
  },
  shop: (me) => (day) => {
    everyday(me, day, 2, 0.3);
    const orders = Math.round(me.dice.exponential(14));
    for (let one = 0; one < orders; one++) {
      const who = me.dice.roll() < 0.75 ? me.stranger() : me.dice.pick(me.contacts);
      me.send(day, 7 + 15 * me.dice.roll(), [who], { fingerprint: `${me.account} order` });
    }
  },
  newsletter: (me) => {
    const readers = listOf(me, 220);
    return (day) => {
      everyday(me, day, 1, 0.1);
      if (day % 7 !== 2) return;
      for (let one = 0; one < 5; one++) readers[me.dice.below(readers.length)] = me.stranger();
      const body = { fingerprint: `${me.account} issue ${day}`, list: true };
      for (const [nth, reader] of readers.entries()) me.send(day, 10 + nth / 2000, [reader], body);
    };
  },
};

export type SmallHoster = {
  readonly residents: readonly Resident[];
  /** All mail before the attack, in the order of time. */
  readonly history: readonly Line[];
};

/** A resident of the hoster of this seed, with all that they do in so many days. */
export function livedThrough(kind: Kind, nth: number, seed: number, dayCount: number): Resident {
  const me = new Resident(kind, nth, openDice(seed * 1_000 + nth + 1));
  const live = days[kind](me);
  for (let day = 0; day < dayCount; day++) live(day);
  me.lines.sort((a, b) => a.at - b.at);
  return me;
}

export function smallHoster(seed: number): SmallHoster {
  const residents: Resident[] = [];
  for (const [kind, { here }] of Object.entries(kinds) as [Kind, { here: number }][]) {
    for (let one = 0; one < here; one++) {
      const nth = residents.length;
      residents.push(livedThrough(kind, nth, seed, historyDays + attackDays));
    }
  }
  const history = residents.flatMap(({ lines }) => lines.filter(({ at }) => at < attackAt));
  return { residents, history: history.sort((a, b) => a.at - b.at) };
}

/** How many strangers an honest account reaches in its median active day, week and 30 days. */
export function ownStrangers({ lines, account }: Resident): {
  readonly day: number;
  readonly week: number;
  readonly month: number;
} {
  const seen = new Set<string>();
  const at: { readonly at: Millis; readonly strangers: number }[] = [];
  const domain = account.slice(account.indexOf('@'));
  for (const line of lines) {
    if (line['type'] === 'receive') seen.add(String(line['sender']));
    if (line['type'] !== 'send') continue;
    const to = (line['recipients'] as string[]).filter((one) => !one.endsWith(domain));
    const fresh = to.filter((one) => !seen.has(one));
    for (const one of fresh) seen.add(one);
    at.push({ at: line.at, strangers: fresh.length });
  }
  // All recipients are new in the first weeks of a recording.
  const settled = at.filter((one) => one.at >= start + 30 * dayMs);
  const median = (lengthMs: number): number => {
    const spans = Map.groupBy(settled, (one) => Math.floor((one.at - start) / lengthMs));
    const sums = [...spans.values()].map((all) => all.reduce((sum, one) => sum + one.strangers, 0));
    return sums.sort((a, b) => a - b)[sums.length >> 1] ?? 0;
  };
  return { day: median(dayMs), week: median(7 * dayMs), month: median(30 * dayMs) };
}

/** Hours (UTC) in which the owner writes. */
export const ownerHours: readonly [number, number] = [8, 18];
