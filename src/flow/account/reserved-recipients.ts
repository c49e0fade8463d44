/**
 * Recipients that the policy door was asked for, until their message is complete or aborted. For
 * each account the numbers of all its reserved recipients are kept, each recipient once, so that a
 * question costs the same whatever is reserved already.
 *
 * A recipient is compared with the account's profile when the numbers are first needed, and again
 * at DATA of its message or if another message with the same recipient ends.
 */
import {
  addKind,
  noRecipients,
  type RecipientCounts,
  type RecipientKind,
} from '../../core/account/count-recipients.ts';
import type { Account } from '../../core/account-name.ts';
import type { Traits } from '../../core/event.ts';
import { hourMs, type Millis } from '../../lib/time.ts';

/** Recipients of one message; Postfix's smtpd_recipient_limit is 1000. */
const recipientsMax = 50_000;
/** Reservations at once; Postfix needs one for each session. */
const reservationsMax = 20_000;
/** A reservation ends after this time: Postfix does not say that a session has ended. */
const reservationMs = hourMs;
/** Memory of a reserved recipient, besides its address (measured: 150; tables grow in steps). */
const recipientBytes = 200;
/** Memory for the recipients of all sessions: some 250,000. */
const bytesMax = 64 * 1_048_576;
/** What one login may hold from one network: one message of `recipientsMax`, or many small ones. */
const holderBytesMax = 16 * 1_048_576;
/** From here on, only holders of little get more, so that a few cannot keep out all others. */
const scarceBytes = 48 * 1_048_576;
/** Little: some 250 recipients. */
const holderBytesLittle = 65_536;

export type Reservation = {
  readonly instance: string;
  readonly connection: number;
  readonly account: Account;
  /** Login and client network. */
  readonly holder: string;
  readonly at: Millis;
  readonly client: string;
  readonly sender: string;
  /** Of the client; the text is not known before its end. */
  readonly traits: Traits;
  readonly recipients: ReadonlySet<ReservedRecipient>;
  /** How many questions about recipients were answered with pass. */
  asked: number;
  /** DATA was asked for. */
  begun: boolean;
};

export type ReservedRecipient = {
  readonly address: string;
  readonly isLocal: boolean;
};

type Entry = {
  readonly address: string;
  readonly isLocal: boolean;
  /** Reservations of the account that have it. */
  reservations: number;
  /** Undefined: to be compared with the profile. */
  kind: RecipientKind | undefined;
};
type Held = Reservation & { readonly recipients: Set<Entry> };

export class ReservedRecipients {
  readonly #givenBack: (reservation: Reservation, now: Millis) => void;
  /** By instance, which Postfix makes for each message. */
  readonly #byInstance = new Map<string, Held>();
  /** A connection has one message at a time. */
  readonly #byConnection = new Map<number, Held>();
  readonly #byAccount = new Map<Account, AccountRecipients>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  /** `givenBack` is called for each reservation of a message that was aborted. */
  constructor(givenBack: (reservation: Reservation, now: Millis) => void) {
    this.#givenBack = givenBack;
  }

  get size(): number {
    return this.#byInstance.size;
  }

  /** Memory of all reserved recipients, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  find(instance: string): Reservation | undefined {
    return this.#byInstance.get(instance);
  }

  /**
   * Gives back what is over: the message before on this connection, and what is too old. Call it
   * before `open`.
   */
  giveBackOld(connection: number, now: Millis): void {
    const before = this.#byConnection.get(connection);
    if (before !== undefined) this.#giveBack(before, now);
    for (const held of this.#byInstance.values()) {
      // The oldest comes first. The clock may have been set back since.
      if (Math.abs(now - held.at) <= reservationMs) return;
      this.#giveBack(held, now);
    }
  }

  /** Undefined: there are too many. */
  open(
    of: Omit<Reservation, 'at' | 'recipients' | 'asked' | 'begun'>,
    now: Millis,
  ): Reservation | undefined {
    if (this.#byInstance.size >= reservationsMax) return undefined;
    const held: Held = { ...of, at: now, recipients: new Set(), asked: 0, begun: false };
    this.#byInstance.set(held.instance, held);
    this.#byConnection.set(held.connection, held);
    return held;
  }

  /** Adds the recipient. Answers with false if there is no room for it. */
  add(reservation: Reservation, address: string, isLocal: boolean): boolean {
    const held = this.#byInstance.get(reservation.instance);
    if (held === undefined || Math.max(held.asked, held.recipients.size) >= recipientsMax) {
      return false;
    }
    if (address === '') return true;
    const known = this.#byAccount.get(held.account)?.find(address);
    if (known !== undefined && held.recipients.has(known)) return true;
    const bytes = bytesOf(address);
    const holds = (this.#bytesOf.get(held.holder) ?? 0) + bytes;
    const most = this.#bytes >= scarceBytes ? holderBytesLittle : holderBytesMax;
    if (holds > most || this.#bytes + bytes > bytesMax) return false;
    this.#bytesOf.set(held.holder, holds);
    this.#bytes += bytes;
    held.recipients.add(this.#account(held.account).add(known, address, isLocal));
    return true;
  }

  /** How many recipients elsewhere the account has reserved, each counted once. */
  outside(account: Account): number {
    return this.#byAccount.get(account)?.numbers.outside ?? 0;
  }

  /** The numbers of all recipients that the account has reserved, each counted once. */
  counts(account: Account, kindOf: (address: string) => RecipientKind): RecipientCounts {
    return this.#byAccount.get(account)?.counts(kindOf) ?? noRecipients();
  }

  /** DATA is asked for: its recipients are compared with the profile as it is now. */
  begin(reservation: Reservation): void {
    const held = this.#byInstance.get(reservation.instance);
    if (held === undefined || held.begun) return;
    held.begun = true;
    const account = this.#byAccount.get(held.account);
    for (const recipient of held.recipients) account?.compareAgain(recipient);
  }

  /** The message is complete, or was answered for: the reservation is over. */
  end(reservation: Reservation): void {
    const held = this.#byInstance.get(reservation.instance);
    if (held === undefined) return;
    this.#byInstance.delete(held.instance);
    this.#byConnection.delete(held.connection);
    const account = this.#byAccount.get(held.account);
    let bytes = 0;
    for (const recipient of held.recipients) {
      bytes += bytesOf(recipient.address);
      account?.drop(recipient);
    }
    if (account?.isEmpty === true) this.#byAccount.delete(held.account);
    this.#bytes -= bytes;
    const left = (this.#bytesOf.get(held.holder) ?? 0) - bytes;
    if (left > 0) this.#bytesOf.set(held.holder, left);
    else this.#bytesOf.delete(held.holder);
  }

  /** The connection is gone: what it reserved is given back. */
  gone(connection: number, now: Millis): void {
    const held = this.#byConnection.get(connection);
    if (held !== undefined) this.#giveBack(held, now);
  }

  #giveBack(held: Held, now: Millis): void {
    this.end(held);
    this.#givenBack(held, now);
  }

  #account(account: Account): AccountRecipients {
    const known = this.#byAccount.get(account);
    if (known !== undefined) return known;
    const made = new AccountRecipients();
    this.#byAccount.set(account, made);
    return made;
  }
}

function bytesOf(address: string): number {
  return recipientBytes + 2 * address.length;
}

/** The recipients that one account has reserved, in all its sessions, and their numbers. */
class AccountRecipients {
  readonly numbers: RecipientCounts = noRecipients();
  readonly #recipients = new Map<string, Entry>();
  /** Those to be compared with the profile. */
  readonly #open = new Set<Entry>();

  get isEmpty(): boolean {
    return this.#recipients.size === 0;
  }

  find(address: string): Entry | undefined {
    return this.#recipients.get(address);
  }

  add(known: Entry | undefined, address: string, isLocal: boolean): Entry {
    if (known !== undefined) {
      known.reservations++;
      return known;
    }
    const made: Entry = { address, isLocal, reservations: 1, kind: undefined };
    this.#recipients.set(address, made);
    this.#open.add(made);
    if (isLocal) this.numbers.local++;
    else this.numbers.outside++;
    return made;
  }

  drop(recipient: Entry): void {
    this.compareAgain(recipient);
    recipient.reservations--;
    if (recipient.reservations > 0) return;
    this.#recipients.delete(recipient.address);
    this.#open.delete(recipient);
    if (recipient.isLocal) this.numbers.local--;
    else this.numbers.outside--;
  }

  compareAgain(recipient: Entry): void {
    const { kind, isLocal } = recipient;
    if (kind === undefined) return;
    addKind(this.numbers, kind, isLocal, -1);
    recipient.kind = undefined;
    this.#open.add(recipient);
  }

  counts(kindOf: (address: string) => RecipientKind): RecipientCounts {
    for (const recipient of this.#open) {
      recipient.kind = kindOf(recipient.address);
      addKind(this.numbers, recipient.kind, recipient.isLocal, 1);
    }
    this.#open.clear();
    return this.numbers;
  }
}
