/**
 * Judges recipients for the policy door. They are reserved at RCPT, judged together at DATA, and
 * counted when the message is complete. An aborted message gives its reservation back. So parallel
 * sessions of one account cannot exceed a limit together.
 *
 * If the milter door sees the same message (same queue id), the milter counts it, and the
 * reservation only ends.
 *
 *   RCPT ──▶ reserved ──DATA──▶ judged ──END-OF-MESSAGE──▶ counted
 *                └── new message, connection gone, too old ──▶ given back
 */

import { preview } from '../../core/account/guard.ts';
import type { Judgement } from '../../core/account/judge.ts';
import { type AccountFlags, hasCeiling } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { replyText } from '../../core/explain.ts';
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Answer, Gate, PolicyHandler, PolicyRequest } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';

/** Recipients reserved for one message; Postfix's smtpd_recipient_limit is 1000. */
const recipientsMax = 50_000;
/** Reservations at once; Postfix needs one for each session. */
const reservationsMax = 20_000;
/** A reservation ends after this time: Postfix does not say that a session has ended. */
const reservationMs = hourMs;
/** Queue ids the milter door has counted, kept for the policy door's last request. */
const countedMax = 5_000;

type Reservation = {
  readonly connection: number;
  readonly account: Account;
  readonly at: Millis;
  readonly recipients: Set<string>;
  readonly client: string;
  readonly sender: string;
};

export type RecipientAskedDeps = {
  readonly gate: Gate & {
    flags(account: Account, at: Millis): AccountFlags;
    passed(message: Submission): void;
  };
  readonly accounts: Accounts;
  readonly world: World;
  readonly settings: Settings;
  /** Says whether a milter sees the same messages: then it judges and counts them. */
  readonly milterPresent: () => boolean;
  readonly localDomains: ReadonlySet<string>;
};

export function openPolicyHandler(deps: RecipientAskedDeps): PolicyHandler & {
  /** Notes that the milter door has judged and counted this message. */
  counted(queueId: string): void;
  readonly reserved: number;
} {
  const flow = new PolicyFlow(deps);
  return {
    ask: (connection, request, answer) => flow.ask(connection, request, answer),
    gone: (connection) => flow.gone(connection),
    counted: (queueId) => flow.counted(queueId),
    get reserved() {
      return flow.reserved;
    },
  };
}

const dunno: Answer = { kind: 'pass' };
const wait: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.7.1',
  text: 'Too many recipients at once; please try again later',
};

class PolicyFlow {
  readonly #deps: RecipientAskedDeps;
  /** By instance, which Postfix makes for each message. */
  readonly #reservations = new Map<string, Reservation>();
  /** Oldest first. */
  readonly #counted = new RecentMap<string, true>(countedMax);

  constructor(deps: RecipientAskedDeps) {
    this.#deps = deps;
  }

  get reserved(): number {
    return this.#reservations.size;
  }

  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void {
    const { account } = request;
    if (account === undefined || request.instance === '') {
      answer(dunno);
      return;
    }
    switch (request.stage) {
      case 'RCPT':
        answer(this.#recipient(connection, account, request));
        return;
      case 'DATA':
        this.#data(request, answer);
        return;
      case 'END-OF-MESSAGE':
        this.#end(request, answer);
        return;
      default:
        answer(dunno);
    }
  }

  gone(connection: number): void {
    for (const [instance, reservation] of this.#reservations) {
      if (reservation.connection === connection) this.#reservations.delete(instance);
    }
  }

  counted(queueId: string): void {
    this.#counted.set(queueId, true);
  }

  #recipient(connection: number, account: Account, request: PolicyRequest): Answer {
    const { gate } = this.#deps;
    const refused = gate.mayBegin({ account, by: 'login', client: request.client });
    if (refused.kind !== 'pass') return refused;
    const reservation = this.#reserve(connection, account, request);
    if (reservation === undefined || reservation.recipients.size >= recipientsMax) return wait;
    if (request.recipient !== '') reservation.recipients.add(request.recipient);
    // Before all recipients are known, only a fixed ceiling can be checked.
    if (!hasCeiling(this.#deps.accounts.context.policy)) return dunno;
    return this.#ceilingAnswer(this.#judge(reservation));
  }

  #reserve(connection: number, account: Account, request: PolicyRequest): Reservation | undefined {
    const now = this.#deps.world.clock.now();
    const held = this.#reservations.get(request.instance);
    if (held !== undefined) return held;
    for (const [instance, old] of this.#reservations) {
      // A connection has one message at a time: an older one was aborted.
      if (old.connection === connection || now - old.at > reservationMs) {
        this.#reservations.delete(instance);
      }
    }
    if (this.#reservations.size >= reservationsMax) return undefined;
    const made: Reservation = {
      connection,
      account,
      at: now,
      recipients: new Set(),
      client: request.client,
      sender: request.sender,
    };
    this.#reservations.set(request.instance, made);
    return made;
  }

  /** Judges. A pass is counted at the end of the message; a stop now, because later is too late. */
  #data(request: PolicyRequest, answer: (answer: Answer) => void): void {
    const reservation = this.#reservations.get(request.instance);
    if (reservation === undefined) {
      answer(dunno);
      return;
    }
    const judgement = this.#judge(reservation);
    if (judgement.verdict === 'pass' || this.#deps.milterPresent()) {
      answer(this.#ceilingAnswer(judgement));
      return;
    }
    this.#reservations.delete(request.instance);
    const now = this.#deps.world.clock.now();
    const message = this.#submission(reservation, reservation.recipients, now);
    this.#deps.gate.submit({ ...message, id: request.queueId }, 'login', answer);
  }

  /** Judges as if this message had all reserved recipients of the account, in all its sessions. */
  #judge(reservation: Reservation): Judgement {
    const { accounts, gate } = this.#deps;
    const { clock } = this.#deps.world;
    const now = clock.now();
    const all = new Set(reservation.recipients);
    for (const other of this.#reservations.values()) {
      if (other.account !== reservation.account) continue;
      for (const recipient of other.recipients) all.add(recipient);
    }
    const profile = accounts.profile(reservation.account, now);
    const message = this.#submission(reservation, all, now);
    return preview(profile, message, accounts.context, gate.flags(reservation.account, now));
  }

  #ceilingAnswer(judgement: Judgement): Answer {
    const { verdict, reasons } = judgement;
    const { settings } = this.#deps;
    if (settings.mode === 'observe' || reasons[0]?.signal !== 'ceiling') return dunno;
    if (verdict === 'pass' || verdict === 'hold') return dunno;
    return { kind: 'reply', ...replyText(verdict, reasons, settings.contact) };
  }

  #end(request: PolicyRequest, answer: (answer: Answer) => void): void {
    const reservation = this.#reservations.get(request.instance);
    answer(dunno);
    if (reservation === undefined) return;
    this.#reservations.delete(request.instance);
    if (this.#counted.get(request.queueId) === true || this.#deps.milterPresent()) return;
    const { gate } = this.#deps;
    const { clock } = this.#deps.world;
    const message = this.#submission(reservation, reservation.recipients, clock.now());
    gate.passed({ ...message, id: request.queueId });
  }

  #submission(reservation: Reservation, recipients: Set<string>, at: Millis): Submission {
    const outside: string[] = [];
    const local: string[] = [];
    for (const recipient of recipients) {
      const here = isOwnDomain(this.#deps.localDomains, domainOf(recipient));
      (here ? local : outside).push(recipient);
    }
    return {
      kind: 'send',
      id: '',
      at,
      account: reservation.account,
      outside,
      local,
      client: reservation.client,
      sender: reservation.sender,
    };
  }
}
