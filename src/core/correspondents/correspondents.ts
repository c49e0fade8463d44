/**
 * Who has written to which mailbox, which domains many accounts here write to, and to which domains
 * mail from here has links. Where that is kept is the caller's: a replay keeps it in memory, the
 * running guard in the ledger (flow/correspondents).
 */
import { domainOf } from '../../formats/message/address.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { authorKey } from '../authors/place.ts';
import type { MailReceived, Submission } from '../event.ts';
import { type DomainUse, dayAt, type UseKind, usedBy, usersOf } from './domain-use.ts';

/** How long somebody who wrote to an account is no stranger to it. */
export const wroteFirstDays = 60;
/** From this many accounts on, many write to a domain. */
export const commonDomainAccounts = 8;
/** From this many accounts on, a link is not one account's. */
const linkAccounts = 3;
/** A link is known once it is this old: what a thief began to send today is not. */
const linkKnownMs = 2 * dayMs;
/** No link has an empty domain. */
const anyDomain = '';
/** Domains of one message that are remembered. */
const domainsMax = 100;

/** Days are counted since 1970. Mailboxes and senders are keys (core/authors/place.ts). */
export type CorrespondentMemory = {
  /** The day on which this sender last wrote to the mailbox. */
  lastDay(mailbox: string, sender: string): number | undefined;
  wrote(mailbox: string, sender: string, day: number): void;
  use(kind: UseKind, domain: string): DomainUse | undefined;
  used(kind: UseKind, domain: string, use: DomainUse): void;
};

export type CorrespondentsOptions = {
  readonly memory: CorrespondentMemory;
  readonly now: () => Millis;
  /** Seed of the hashes of accounts. */
  readonly seed: () => number;
  /** The addresses under which an account gets mail. */
  readonly mailboxesOf: (account: Account) => readonly string[];
};

export class Correspondents {
  readonly #of: CorrespondentsOptions;

  constructor(of: CorrespondentsOptions) {
    this.#of = of;
  }

  /** Mail came in. Only proved mail that nobody took for spam says who its author is. */
  received({ account, sender, proved, wanted, at }: MailReceived): void {
    if (!proved || !wanted || sender === '') return;
    this.wroteIn(account, sender, at);
  }

  /** The author of wanted mail, which proved its domain, wrote to this mailbox. */
  wroteIn(mailbox: string, author: string, at: Millis): void {
    const { memory } = this.#of;
    const sender = authorKey(author);
    const day = dayAt(at);
    const last = memory.lastDay(mailbox, sender);
    // A day that is still to come was written while the clock was wrong.
    if (last === undefined || last < day || last > day + 1) memory.wrote(mailbox, sender, day);
  }

  /**
   * A message has passed, and its account is not watched. `isToNew`: to somebody who is new to the
   * account. Other messages say nothing about domains that is worth the time: nearly all are to
   * people who are known.
   */
  passed({ account, at, outside, traits }: Submission, isToNew: boolean): void {
    if (isToNew && outside.length > 0) this.#used('written-to', account, domainsOf(outside), at);
    if (traits?.links !== undefined && traits.links.length > 0) {
      this.#used('link', account, traits.links, at);
    }
  }

  /**
   * Whether this address has written to the account in the last weeks. `as`: an address that the
   * account has used in From for long; people may have written to that one.
   */
  wroteFirst(account: Account, recipient: string, as?: string): boolean {
    const { mailboxesOf } = this.#of;
    const sender = authorKey(recipient);
    if (mailboxesOf(account).some((mailbox) => this.#wrote(mailbox, sender))) return true;
    return as !== undefined && as !== '' && this.#wrote(authorKey(as), sender);
  }

  /** Whether many accounts here have begun to write to people of this domain lately. */
  isCommonDomain(domain: string): boolean {
    const { memory, now } = this.#of;
    const use = memory.use('written-to', domain);
    return use !== undefined && usersOf(use, now()) >= commonDomainAccounts;
  }

  /**
   * Whether mail from here had links to this domain before the last days, or of many accounts. In
   * the first days after links are noted at all, every domain counts as known.
   */
  isKnownLink(domain: string, at: Millis): boolean {
    const noted = this.#of.memory.use('link', anyDomain);
    if (noted === undefined || noted.firstAt > at - linkKnownMs) return true;
    const use = this.#of.memory.use('link', domain.toLowerCase());
    if (use === undefined) return false;
    const users = usersOf(use, at);
    return users >= linkAccounts || (users > 0 && use.firstAt <= at - linkKnownMs);
  }

  /** Since when links are noted: a row of its own, of no account. */
  #notesLinks(at: Millis): void {
    const { memory } = this.#of;
    const changed = usedBy(memory.use('link', anyDomain), 0, at);
    if (changed !== undefined) memory.used('link', anyDomain, changed);
  }

  #wrote(mailbox: string, sender: string): boolean {
    const { memory, now } = this.#of;
    const day = memory.lastDay(mailbox, sender);
    return day !== undefined && day > dayAt(now()) - wroteFirstDays;
  }

  #used(kind: UseKind, account: Account, domains: Iterable<string>, at: Millis): void {
    const { memory, seed } = this.#of;
    const user = hash53(account, seed()) >>> 0;
    let left = domainsMax;
    for (const name of domains) {
      if (name === '' || left-- === 0) continue;
      const domain = name.toLowerCase();
      const changed = usedBy(memory.use(kind, domain), user, at);
      if (changed === undefined) continue;
      memory.used(kind, domain, changed);
      // Only now: most messages change nothing.
      if (kind === 'link') this.#notesLinks(at);
    }
  }
}

function domainsOf(recipients: readonly string[]): Iterable<string> {
  const [only] = recipients;
  if (recipients.length === 1 && only !== undefined) return [domainOf(only)];
  return new Set(recipients.map(domainOf));
}
