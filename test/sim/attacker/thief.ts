/**
 * What a thief sends on each day by one strategy: recipients, spelled as the strategy says, texts,
 * clients, times, and mail that is written in first.
 */
import { addressKey } from '../../../src/formats/message/address.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../../src/lib/time.ts';
import type { Dice } from '../dice.ts';
import {
  attackAt,
  attackDays,
  commonDomains,
  ownerHours,
  type Program,
  type Resident,
} from './small-hoster.ts';
import type { Strategy } from './strategy.ts';
import type { Line } from './versions.ts';

/** A line of the thief, with the strangers in it (address keys). */
export type Tried = { readonly line: Line; readonly strangers: readonly string[] };

/** No thief sends more messages on a day. */
const perDayMax = 1_500;

export class Thief {
  readonly #strategy: Strategy;
  readonly #victim: Resident;
  readonly #dice: Dice;
  #made = 0;
  #sent = 0;

  constructor(strategy: Strategy, victim: Resident, dice: Dice) {
    this.#strategy = strategy;
    this.#victim = victim;
    this.#dice = dice;
  }

  /** What is meant to be sent on a day of the attack: this share of the plan, none at rest. */
  dayOf(day: number, part: number): Tried[] {
    const thief = this.#strategy;
    const tried = this.#logins(day);
    if (thief.writeIn === 'own' || thief.writeIn === 'common') tried.push(...this.#writeIn(day));
    if (part === 0) return tried;
    const active = day - thief.silence;
    if (active < 0) return tried;
    if (active < thief.warmUp) {
      const to = Array.from({ length: 3 }, () => this.#warmTo());
      return [...tried, ...to.map((one, nth) => this.#message(this.#when(day, nth, 3), [one], []))];
    }
    const since = active - thief.warmUp;
    if (since % (thief.daysOn + thief.daysOff) >= thief.daysOn) return tried;
    const wanted = paceOn(since, thief) * part;
    const few = Math.min(Math.round(wanted), thief.messages);
    const messages = Math.min(perDayMax, Math.max(1, few, Math.round(wanted / thief.recipients)));
    for (let nth = 0; nth < messages; nth++) {
      const at = this.#when(day, nth, messages);
      const size = Math.min(thief.recipients, share(Math.max(1, wanted), nth, messages));
      const strangers = Array.from({ length: size }, () => this.#stranger());
      if (thief.writeIn === 'forged') {
        for (const one of strangers) tried.push(this.#received(at - hourMs, one));
      }
      const known = Array.from({ length: thief.copies }, () => this.#known());
      tried.push(this.#message(at, [...strangers, ...known], strangers));
      if (this.#dice.roll() < thief.contacts % 1 || thief.contacts >= 1) {
        for (let one = 0; one < Math.max(1, thief.contacts); one++) {
          tried.push(this.#message(at + 1_000 + one, [this.#known()], []));
        }
      }
    }
    return tried;
  }

  #when(day: number, nth: number, of: number): Millis {
    const { hours } = this.#strategy;
    const morning = attackAt + day * dayMs;
    const [from, to] = hours === 'owner' ? ownerHours : hours === 'night' ? [0, 5] : [0, 24];
    const noon = morning + 11 * hourMs;
    const isBurst = hours === 'burst' || (hours === 'burst, then evenly' && day % 3 === 0);
    if (isBurst) return (noon + nth * 5_000) as Millis;
    if (hours === 'per minute') return (noon + nth * minuteMs) as Millis;
    const place = (nth + (hours.endsWith('evenly') ? 0.5 : 0.1 + 0.8 * this.#dice.roll())) / of;
    return Math.floor(morning + (from + (to - from) * place) * hourMs) as Millis;
  }

  #warmTo(): string {
    switch (this.#strategy.warmUpTo) {
      case 'contacts':
        return this.#known();
      case 'inside':
        return this.#dice.pick(this.#victim.colleagues);
      case 'accomplices':
        return this.#accomplice(this.#dice.below(20));
    }
  }

  #known(): string {
    return this.#dice.pick(this.#victim.contacts);
  }

  #accomplice(nth: number): string {
    return this.#strategy.writeIn === 'common'
      ? `partner${nth}@${commonDomains[nth % 2]}`
      : `partner${nth}@own${nth >> 2}.thief.example`;
  }

  /** Addresses of the thief write to the account. They are no strangers that anybody reaches. */
  #writeIn(day: number): Tried[] {
    return Array.from({ length: 4 }, (_, nth) =>
      this.#received(attackAt + day * dayMs + nth * hourMs, this.#accomplice(nth + 4 * (day % 5))),
    );
  }

  #received(at: number, sender: string): Tried {
    const { account } = this.#victim;
    const messageId = `${at}.${sender}`;
    const time = Math.max(attackAt, at) as Millis;
    return {
      line: { type: 'receive', at: time, account, sender, spf: 'pass', dkim: '', messageId },
      strangers: [],
    };
  }

  #logins(day: number): Tried[] {
    if (!this.#strategy.reads) return [];
    const { account } = this.#victim;
    const at = (attackAt + day * dayMs + 6 * hourMs) as Millis;
    const { client, program } = this.#from(day * 7);
    const { auth, tls } = program;
    const line = { type: 'login', at, account, client, ok: true, protocol: 'imap', auth, tls };
    return [{ line, strangers: [] }];
  }

  #message(at: number, recipients: readonly string[], strangers: readonly string[]): Tried {
    const { account, received } = this.#victim;
    const { answers, body, links, list, score } = this.#strategy;
    const nth = this.#sent++;
    const { client, program } = this.#from(nth);
    const bodies = { many: nth, one: 0, few: nth % 20 }[body];
    const own = account.slice(account.indexOf('@') + 1);
    const before = received.filter((one) => one.at < attackAt).at(-1 - (nth % 20));
    const asked = answers === 'real' ? before?.id : `${nth}@made.example`;
    const line: Line = {
      type: 'send',
      id: `thief ${nth}`,
      at: at as Millis,
      account,
      recipients,
      sender: account,
      from: account,
      client,
      ...program,
      fingerprint: `thief ${bodies}`,
      spamScore: score,
      list,
      links: { none: [], known: [own], one: ['bad.example'], many: [`bad${nth}.example`] }[links],
      inReplyTo: answers === 'none' ? '' : (asked ?? ''),
    };
    return { line, strangers: strangers.filter((one) => !one.includes('.dead.')).map(mailboxOf) };
  }

  #from(nth: number): { readonly client: string; readonly program: Program } {
    const { client, program } = this.#victim;
    switch (this.#strategy.client) {
      case 'own':
        return { client, program };
      case 'copied':
        return { client: '198.51.100.7', program };
      case 'strange':
        return { client: '198.51.100.7', program: script };
      case 'botnet':
        return { client: `10.${1 + (nth % 200)}.9.1`, program: script };
    }
  }

  #stranger(): string {
    const nth = this.#made++;
    const isDead = this.#dice.roll() < this.#strategy.dead;
    return spelled(`v${nth}${isDead ? '.dead.' : ''}`, this.#domain(nth), this.#strategy, nth);
  }

  #domain(nth: number): string {
    switch (this.#strategy.victims) {
      case 'many':
        return this.#strategy.writeIn === 'forged' ? `lax${nth % 60}.example` : `x${nth}.example`;
      case 'one':
        return 'target.example';
      case 'below one':
        return `x${nth}.target.example`;
      case 'common':
        return commonDomains[nth % 2] ?? '';
      case 'contacts':
        return this.#known().split('@')[1] ?? '';
    }
  }
}

const script: Program = {
  helo: 'User',
  tls: 'TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384',
  auth: 'LOGIN',
  mailer: '',
  zone: '+0000',
};

/** Strangers that a thief means to reach on a day of the attack, if nothing happens. */
function paceOn(day: number, { perDay, growth, growsTo, eases }: Strategy): number {
  let grown = 1;
  for (let one = 0; one < day; one++) grown *= 1 + (growth - 1) * (1 - (eases * one) / attackDays);
  return perDay * Math.min(growsTo, grown);
}

/** What one of several gets of a sum, so that growth has no steps. */
function share(sum: number, nth: number, of: number): number {
  return Math.max(1, Math.round((sum * (nth + 1)) / of) - Math.round((sum * nth) / of));
}

/** The same mailbox in another spelling. */
function spelled(local: string, domain: string, { spelling }: Strategy, nth: number): string {
  switch (spelling) {
    case 'plain':
      return `${local}@${domain}`;
    case 'case':
      return `${local.toUpperCase()}@${domain}`;
    case 'quoted':
      return `"${local}"@${domain}`;
    case 'plus':
      return `${local}+news${nth}@${domain}`;
    case 'dots':
      return `${local.split('').join('.')}@${domain}.`;
    case 'below':
      return `${local}@mail.${domain}`;
    case 'idn':
      return `${local}@xn--${domain.replace(/\./, '-9ta.')}`;
    case 'route':
      return `<@relay.example:${local}@${domain}>`;
  }
}

/** The mailbox that mail to a recipient reaches, as most servers see it. */
function mailboxOf(recipient: string): string {
  return addressKey(recipient).replace(/\+[^@]*/, '');
}
