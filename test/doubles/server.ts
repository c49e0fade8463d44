/**
 * A mail server's worth of accounts for tests: each is told what to do on its own clock, and the
 * real guard judges. What everybody here ever wrote to is shared, as in the ledger. Nothing is
 * random.
 */

import { newBaseline, type ServerBaseline } from '../../src/core/account/baseline.ts';
import { submit } from '../../src/core/account/guard.ts';
import type { Judgement } from '../../src/core/account/judge.ts';
import {
  type AccountFlags,
  noCeilings,
  noFlags,
  type Policy,
} from '../../src/core/account/policy.ts';
import { type AccountProfile, newProfile } from '../../src/core/account/profile.ts';
import { login, release, suspendByHand } from '../../src/core/account/record.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { AuthorsFinding } from '../../src/core/authors-finding.ts';
import { delivery } from '../../src/core/bounces/record-delivery.ts';
import { FailedNetworks } from '../../src/core/client/network.ts';
import type { RecipientBook } from '../../src/core/correspondents/recipient-book.ts';
import type { SenderAnswer, Submission, Traits } from '../../src/core/event.ts';
import type { Scan } from '../../src/core/scan/report.ts';
import type { VerdictKind } from '../../src/core/verdict.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';

/** A Monday, midnight UTC. */
export const monday: Millis = 1_767_571_200_000 as Millis;
export const seed = 7;
export const home = '192.0.2.10';
const thiefs: Sent = { strangers: 1, from: 'thief@elsewhere.example' };

export type Sent = {
  readonly to?: readonly string[];
  /** This many new recipients: nobody here has ever written to them. */
  readonly strangers?: number;
  readonly local?: readonly string[];
  readonly client?: string;
  readonly from?: string;
  readonly fingerprint?: string;
  readonly scan?: Scan;
  readonly authors?: AuthorsFinding;
  readonly traits?: Traits;
  readonly script?: string;
};

export type ScriptedServer = {
  readonly baseline: ServerBaseline;
  readonly failedNetworks: FailedNetworks;
  policy: Policy;
  flags: AccountFlags;
  /** Domains of links in earlier mail from here. */
  readonly knownLinks: Set<string>;
  account(name: string, firstSeen?: Millis): ScriptedAccount;
};

export class ScriptedAccount {
  readonly name: Account;
  readonly profile: AccountProfile;
  now: Millis;
  /** Recipients of messages that passed. */
  passed = 0;
  /** One for each message. */
  readonly verdicts: VerdictKind[] = [];
  readonly #server: ScriptedServer;
  readonly #books: RecipientBook[];
  #people = 0;

  constructor(name: string, server: ScriptedServer, books: RecipientBook[], at: Millis) {
    this.name = name as Account;
    this.now = at;
    this.profile = newProfile(at);
    this.#server = server;
    this.#books = books;
    books.push(this.profile.book);
  }

  wait(ms: number): this {
    this.now = (this.now + ms) as Millis;
    return this;
  }

  /** To an hour of the day `days` after this one. */
  until(days: number, hour: number): this {
    const day = Math.floor(this.now / dayMs) + days;
    this.now = (day * dayMs + hour * hourMs) as Millis;
    return this;
  }

  stranger(): string {
    return `stranger${++this.#people}.${this.name}@elsewhere.example`;
  }

  send({ to = [], strangers = 0, local = [], from, ...more }: Sent): Judgement {
    const outside = [...to, ...Array.from({ length: strangers }, () => this.stranger())];
    const message: Submission = {
      kind: 'send',
      id: `m${this.verdicts.length}`,
      at: this.now,
      account: this.name,
      outside,
      local,
      ...(from === undefined ? {} : { headerFrom: from }),
      ...more,
    };
    const { baseline, flags, knownLinks, policy } = this.#server;
    const people = {
      seed,
      knownHere: (hash: number) => firstMinute(this.#books, hash),
      isKnownLink: (domain: string) => knownLinks.has(domain),
    };
    const { judgement } = submit(this.profile, message, { baseline, people, policy }, flags);
    this.verdicts.push(judgement.verdict);
    if (judgement.verdict === 'pass') this.passed += outside.length;
    return judgement;
  }

  /**
   * Sends until the guard suspends the account, at most `most` messages: by default to one stranger
   * each, and with a From address that is not the owner's.
   */
  hijacked(most: number, everyMs: number, message: Sent = thiefs): Judgement {
    this.passed = 0;
    let judged = this.send(message);
    for (let sent = 1; sent < most && judged.state !== 'suspended'; sent++) {
      this.wait(everyMs);
      judged = this.send(message);
    }
    return judged;
  }

  /** Days of ordinary messages to the same people, from home, in office hours. */
  ordinaryDays(days: number, messagesADay = 6): this {
    const friends = this.friends(12);
    for (let day = 0; day < days; day++) {
      this.until(day === 0 ? 0 : 1, 9);
      for (let message = 0; message < messagesADay; message++) {
        this.wait((8 * hourMs) / messagesADay);
        const friend = friends[(day * messagesADay + message) % friends.length] ?? '';
        // One more friend every other day: everybody has to begin with somebody.
        this.send({ to: [friend], client: home, from: this.name });
      }
    }
    return this.until(1, 10);
  }

  friends(count: number): readonly string[] {
    return Array.from({ length: count }, (_, i) => `friend${i}.${this.name}@friends.example`);
  }

  login(client: string, ok: boolean): void {
    const seen = { kind: 'login', at: this.now, account: this.name, client, ok } as const;
    login(this.profile, seen, this.#server.failedNetworks, this.#server.policy.isOwnHost);
  }

  /** By default each bounce is of another domain. */
  bounce(
    reply: string,
    recipient = `gone@elsewhere${++this.#people}.example`,
    wroteFirst = false,
    sentAt: Millis = this.now,
  ): void {
    const { now: at, name: account } = this;
    const outcome = 'bounced';
    const told = { at, account, recipient, outcome, reply } as const;
    delivery(this.profile, { kind: 'delivery', ...told, wroteFirst, sentAt });
  }

  /** A mail server refuses mail of the account. */
  refuse(answer: SenderAnswer, wroteFirst = false, sentAt: Millis = this.now): void {
    const { now: at, name: account } = this;
    const told = { at, account, recipient: `x@${answer.site}`, outcome: 'bounced' } as const;
    const reply = '550 5.7.1 refused';
    delivery(this.profile, { kind: 'delivery', ...told, reply, wroteFirst, sentAt, answer });
  }

  release(how: { readonly honest: boolean }): void {
    release(this.profile, how);
  }

  suspendByHand(): void {
    suspendByHand(this.profile, this.now);
  }

  /** An hour apart, so that nothing is at once. */
  hours(count: number): this {
    return this.wait(count * hourMs);
  }

  minutes(count: number): this {
    return this.wait(count * minuteMs);
  }
}

export function openServer(): ScriptedServer {
  const books: RecipientBook[] = [];
  const server: ScriptedServer = {
    baseline: newBaseline(),
    failedNetworks: new FailedNetworks(),
    policy: noCeilings,
    flags: noFlags,
    knownLinks: new Set(),
    account: (name, firstSeen = monday) => new ScriptedAccount(name, server, books, firstSeen),
  };
  return server;
}

function firstMinute(books: readonly RecipientBook[], hash: number): number | undefined {
  let first: number | undefined;
  for (const book of books) {
    const minute = book.get(hash);
    if (minute !== undefined && (first === undefined || minute < first)) first = minute;
  }
  return first;
}
