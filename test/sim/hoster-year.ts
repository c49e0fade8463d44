/**
 * A made year of a hosting company: which authors accounts use, and the tables of Postfix that say
 * so. From a seed, always the same. The shares are argued, not measured; `shares` has them all.
 *
 * What it cannot show: how many real people write as an address that no table names. It makes such
 * pairs at a fixed share.
 */
import type { Account } from '../../src/core/account-name.ts';
import { dayMs, type Millis } from '../../src/lib/time.ts';
import { type Dice, openDice } from './dice.ts';

const start = 1_767_571_200_000;
export const yearDays = 365;
export const host = 'mx.host.test';
const listDomain = 'lists.host.test';

/** How often each way of writing occurs; of accounts unless it says otherwise. */
const shares = {
  /** Customers with a second domain, of customers. */
  secondDomain: 0.3,
  /** Second domains whose every name is that of the first, by one row. */
  wholeDomain: 0.4,
  /** Second domains with a row for all other names that leads to one person. */
  catchAll: 0.15,
  aliasThere: 0.3,
  /** Shared mailboxes in another domain of the customer, of customers with one. */
  sharedThere: 0.8,
  sendAs: 0.03,
  sendAsWhole: 0.005,
  extension: 0.1,
  below: 0.02,
  outside: 0.05,
  /** Nothing but the operator can say so: one account in 400. */
  untold: 1 / 400,
  /** Customers whose web site hands mail to sendmail without a login. */
  script: 0.06,
  /** Hosts that may relay by their address: one for this many accounts. */
  accountsPerHost: 800,
  /** Accounts that come while the year goes on. */
  late: 0.15,
} as const;

/** How somebody writes as an address. `thief`: a hijacked account writes as other customers. */
export type Way =
  | 'own'
  | 'alias'
  | 'domain alias'
  | 'shared'
  | 'chain'
  | 'catch-all'
  | 'role'
  | 'send as'
  | 'extension'
  | 'below'
  | 'outside'
  | 'list'
  | 'script'
  | 'host'
  | 'machine'
  | 'untold'
  | 'thief';

export type Writing = {
  readonly at: Millis;
  readonly account: Account;
  readonly from: string;
  readonly way: Way;
};

/** Texts of tables, as of one month. */
export type YearTables = {
  readonly virtual: string;
  readonly logins: string;
  readonly mailboxes: string;
  readonly transports: string;
};

export type HosterYear = {
  /** Domains with a key. */
  readonly domains: readonly string[];
  readonly accounts: number;
  readonly customers: number;
  /** Rows that exist in this month, from 0 to 12. */
  tables(month: number): YearTables;
  /** All mail in the order of time, made as it is read. */
  mail(): Generator<Writing>;
};

/** A pair of account and address, used from a day on, with this share of all mail. */
type Pair = {
  readonly account: Account;
  readonly from: string;
  readonly way: Way;
  readonly day: number;
  readonly weight: number;
};
type Row = { readonly table: keyof YearTables; readonly text: string; readonly day: number };

export function makeYear(seed: number, accounts: number, messages: number): HosterYear {
  const maker = new Maker(openDice(seed), accounts);
  maker.make();
  const { pairs, rows, domains, customers } = maker;
  return {
    domains,
    accounts,
    customers,
    tables(month) {
      const until = (month * yearDays) / 12 + 1;
      const text = (table: keyof YearTables): string => {
        const entries = new Map<string, string[]>();
        for (const row of rows) {
          if (row.table !== table || row.day >= until) continue;
          const blank = row.text.indexOf(' ');
          const key = row.text.slice(0, blank);
          entries.set(key, [...(entries.get(key) ?? []), row.text.slice(blank + 1)]);
        }
        return [...entries].map(([key, values]) => `${key} ${values.join(', ')}\n`).join('');
      };
      return {
        virtual: text('virtual'),
        logins: text('logins'),
        mailboxes: text('mailboxes'),
        transports: text('transports'),
      };
    },
    *mail() {
      const dice = openDice(seed + 1_000_003);
      const total = pairs.reduce((sum, { weight }) => sum + weight, 0);
      for (let day = 0; day < yearDays; day++) {
        const today: Writing[] = [];
        for (const pair of pairs) {
          if (day < pair.day) continue;
          const mean = (messages * pair.weight) / total / yearDays;
          const count = Math.floor(mean) + (dice.roll() < mean % 1 ? 1 : 0);
          for (let nth = 0; nth < count; nth++) {
            today.push({
              at: (start + day * dayMs + Math.floor(dice.roll() * dayMs)) as Millis,
              account: pair.account,
              from: spelled(pair.from, dice),
              way: pair.way,
            });
          }
        }
        yield* today.sort((one, other) => one.at - other.at);
      }
    },
  };
}

/** People and programs write one address in many ways. */
function spelled(address: string, dice: Dice): string {
  if (dice.roll() > 0.02) return address;
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  return dice.pick([
    address.toUpperCase(),
    `"${local}"${address.slice(at)}`,
    `${local}${address.slice(at).toUpperCase()}`,
  ]);
}

class Maker {
  readonly pairs: Pair[] = [];
  readonly rows: Row[] = [];
  readonly domains: string[] = [];
  customers = 0;
  readonly #dice: Dice;
  readonly #wanted: number;
  /** Logins of all customers, with the domains of each. */
  readonly #people: { readonly login: string; readonly day: number; readonly own: string }[] = [];

  constructor(dice: Dice, wanted: number) {
    this.#dice = dice;
    this.#wanted = wanted;
  }

  make(): void {
    this.domains.push(host, listDomain);
    while (this.#people.length < this.#wanted) this.#customer(this.customers++);
    this.#across();
    this.#machines();
  }

  #customer(nth: number): void {
    const dice = this.#dice;
    const domain = `firm${nth}.test`;
    this.domains.push(domain);
    const size = Math.min(1 + Math.floor(dice.exponential(12)), this.#wanted - this.#people.length);
    const logins: string[] = [];
    for (let one = 0; one < size; one++) {
      const login = `${dice.pick(['ann', 'bo', 'cy', 'dee', 'eli', 'fay'])}${one}@${domain}`;
      const day = dice.roll() < shares.late ? dice.below(yearDays - 30) : 0;
      logins.push(login);
      this.#people.push({ login, day, own: domain });
      this.#person(login, domain, day);
    }
    this.#row('virtual', `info@${domain} ${logins.slice(0, 3).join(', ')}`);
    for (const login of logins.slice(0, 3)) this.#pair(login, `info@${domain}`, 'own', 0, 0.3);
    for (const role of ['postmaster', 'abuse']) {
      this.#row('virtual', `${role}@${domain} desk@${host}`);
    }
    if (dice.roll() < 0.1) this.#pair(`desk@${host}`, `postmaster@${domain}`, 'role', 0, 0.1);
    if (dice.roll() < shares.secondDomain) this.#second(domain, `second${nth}.test`, logins);
    if (dice.roll() < shares.script) {
      const account = `script:/var/www/${domain}/contact.php`;
      this.#pair(account, `noreply@${domain}`, 'script', dice.below(10), 15);
    }
  }

  #person(login: string, domain: string, day: number): void {
    const dice = this.#dice;
    const name = login.slice(0, login.indexOf('@'));
    this.#row('mailboxes', `${login} ${domain}/${name}/`, day);
    this.#pair(login, login, 'own', day, 1 + dice.exponential(2));
    if (dice.roll() < shares.extension) {
      this.#pair(login, `${name}+shop@${domain}`, 'extension', day, 0.2);
    }
    if (dice.roll() < shares.below) this.#pair(login, `${name}@news.${domain}`, 'below', day, 0.2);
    if (dice.roll() < shares.outside) {
      this.#pair(login, `${name}.private@elsewhere.example`, 'outside', day, 0.3);
    }
  }

  /** A second domain of the customer, in one of the ways that Postfix has. */
  #second(first: string, domain: string, logins: readonly string[]): void {
    const dice = this.#dice;
    this.domains.push(domain);
    this.#row('virtual', `${domain} anything`);
    if (dice.roll() < shares.wholeDomain) {
      this.#row('virtual', `@${domain} @${first}`);
      for (const login of logins) {
        const there = login.replace(`@${first}`, `@${domain}`);
        if (dice.roll() < 0.5) this.#pair(login, there, 'domain alias', 0, 0.5);
      }
      return;
    }
    const [chief = ''] = logins;
    for (const login of logins) {
      if (dice.roll() > shares.aliasThere) continue;
      const there = login.replace(`@${first}`, `@${domain}`);
      const day = dice.roll() < 0.3 ? dice.below(yearDays - 30) : 0;
      this.#row('virtual', `${there} ${login}`, day);
      // The alias is in the table of the month before its first use.
      this.#pair(login, there, 'alias', day === 0 ? 0 : day + 31, 0.4);
    }
    if (dice.roll() < shares.sharedThere) {
      this.#row('virtual', `office@${domain} ${logins.slice(0, 4).join(' ')}`);
      this.#row('virtual', `sales@${domain} office@${domain}`);
      for (const login of logins.slice(0, 4)) {
        this.#pair(login, `office@${domain}`, 'shared', 0, 0.6);
        if (dice.roll() < 0.3) this.#pair(login, `sales@${domain}`, 'chain', 0, 0.2);
      }
    }
    if (dice.roll() < shares.catchAll && chief !== '') {
      this.#row('virtual', `@${domain} ${chief}`);
      this.#pair(chief, `order-${dice.below(100)}@${domain}`, 'catch-all', 0, 0.2);
    }
  }

  /** Pairs between customers: by a table, by nothing, and by thieves. */
  #across(): void {
    const dice = this.#dice;
    for (const { login, day, own } of this.#people) {
      const other = dice.pick(this.#people);
      if (other.own === own) continue;
      if (dice.roll() < shares.sendAs) {
        this.#row('logins', `${other.login} ${other.login}, ${login}`, day);
        this.#pair(login, other.login, 'send as', day === 0 ? 0 : day + 31, 0.5);
      }
      const mayAll = dice.roll() < shares.sendAsWhole;
      if (mayAll) {
        this.#row('logins', `@${other.own} ${login}`, day);
        this.#pair(login, `anyone@${other.own}`, 'send as', day === 0 ? 0 : day + 31, 0.5);
      }
      if (dice.roll() < shares.untold) {
        this.#pair(login, `books@${other.own}`, 'untold', dice.below(120), 0.8);
      }
      if (dice.roll() < 0.01 && !mayAll) {
        const victim = `chief@${other.own}`;
        this.#pair(login, victim, 'thief', 20 + dice.below(300), 20);
      }
    }
  }

  #machines(): void {
    const dice = this.#dice;
    const hosts = Math.max(1, Math.round(this.#wanted / shares.accountsPerHost));
    for (let nth = 0; nth < hosts; nth++) {
      const { own } = dice.pick(this.#people);
      this.#pair(`client:192.0.2.${10 + nth}`, `scanner@${own}`, 'host', 0, 20);
    }
    for (let nth = 0; nth < Math.max(2, this.customers / 10); nth++) {
      const name = `list${nth}`;
      for (const address of [name, `${name}-bounces`]) {
        this.#row('transports', `${address}@${listDomain} lmtp:[127.0.0.1]:8024`);
      }
      this.#pair('user:list', `${name}@${listDomain}`, 'list', 0, 3);
      this.#pair('user:list', `${name}-bounces@${listDomain}`, 'list', 0, 0.3);
    }
    this.#pair('user:root', `root@${host}`, 'machine', 0, 2);
    this.#pair(`local:www-data@${host}`, `www-data@${host}`, 'machine', 0, 1);
    this.#row('mailboxes', `desk@${host} ${host}/desk/`);
    this.#pair(`desk@${host}`, `desk@${host}`, 'own', 0, 5);
  }

  #row(table: keyof YearTables, text: string, day = 0): void {
    this.rows.push({ table, text, day });
  }

  #pair(account: string, from: string, way: Way, day: number, weight: number): void {
    this.pairs.push({ account: account as Account, from, way, day, weight });
  }
}
