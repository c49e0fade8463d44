/**
 * Judges recipients for the policy door. They are reserved at RCPT, judged together at DATA, and
 * counted when the message is complete. An aborted message gives its reservation back. So parallel
 * sessions of one account cannot exceed a limit together.
 *
 * If the milter door sees the same message (same queue id), the milter counts it, and the
 * reservation only ends.
 *
 * Recipients of messages without a DATA have a budget for each login and client network. Beyond it
 * they are answered with 451 at once; no answer is ever delayed on purpose.
 *
 *   RCPT ──▶ reserved ──DATA──▶ judged ──END-OF-MESSAGE──▶ counted
 *                └── new message, connection gone, too old ──▶ given back
 */

import { overCeiling } from '../../core/account/ceiling.ts';
import { recipientKind } from '../../core/account/count-recipients.ts';
import { previewCounted } from '../../core/account/guard.ts';
import type { Judgement } from '../../core/account/judge.ts';
import { type AccountFlags, hasCeiling } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import { networkOf } from '../../core/client/network.ts';
import type { MessageFacts, Submission } from '../../core/event.ts';
import { replyText } from '../../core/explain.ts';
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { Answer, Gate, PolicyHandler, PolicyRequest } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import { observes, type Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import { AskBudget } from './ask-budget.ts';
import { type Reservation, ReservedRecipients } from './reserved-recipients.ts';

/** Queue ids the milter door has counted, kept for the policy door's last request. */
const countedMax = 5_000;
/** Messages of suspended accounts of which some recipient was refused. */
const refusedMax = 5_000;

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
  /** Answers for a recipient of a client without a login (flow/inbound/waiting). */
  readonly strangers: (request: PolicyRequest, answer: (answer: Answer) => void) => void;
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
const waits = {
  full: waitFor('Too many recipients at once'),
  budget: waitFor('Too many recipients without a message'),
} as const;

function waitFor(what: string): Answer {
  return { kind: 'reply', code: 451, enhanced: '4.7.1', text: `${what}; please try again later` };
}

class PolicyFlow {
  readonly #deps: RecipientAskedDeps;
  readonly #reserved: ReservedRecipients;
  readonly #budget = new AskBudget();
  /** Oldest first. */
  readonly #counted = new RecentMap<string, true>(countedMax);
  /** By instance: each message counts once, however many recipients it names. */
  readonly #refused = new RecentMap<string, Answer>(refusedMax);
  #fullLoggedAt = 0;

  constructor(deps: RecipientAskedDeps) {
    this.#deps = deps;
    this.#reserved = new ReservedRecipients((reservation, now) => this.#aborted(reservation, now));
  }

  get reserved(): number {
    return this.#reserved.size;
  }

  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void {
    const { account } = request;
    if (account === undefined && request.stage === 'RCPT') {
      this.#deps.strangers(request, answer);
      return;
    }
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
    this.#reserved.gone(connection, this.#deps.world.clock.now());
  }

  counted(queueId: string): void {
    this.#counted.set(queueId, true);
  }

  #recipient(connection: number, account: Account, request: PolicyRequest): Answer {
    const { accounts, gate, localDomains } = this.#deps;
    const { client, instance } = request;
    const refused = this.#refused.get(instance) ?? gate.mayBegin({ account, by: 'login', client });
    if (refused.kind !== 'pass') {
      this.#refused.set(instance, refused);
      return refused;
    }
    const reservation = this.#reservation(connection, account, request);
    if (reservation === 'spent') return this.#wait('budget', account);
    const { recipient } = request;
    const isLocal = isOwnDomain(localDomains, domainOf(recipient));
    if (reservation === 'full' || !this.#reserved.add(reservation, recipient, isLocal)) {
      return this.#wait('full', account);
    }
    // Before all recipients are known, only a fixed ceiling can be checked.
    const answer =
      hasCeiling(accounts.context.policy) && this.#mayExceed(reservation)
        ? this.#ceilingAnswer(account, this.#judge(reservation))
        : dunno;
    if (answer.kind === 'pass') reservation.asked++;
    return answer;
  }

  /** The reservation of this message. Opens one with the first recipient. */
  #reservation(
    connection: number,
    account: Account,
    request: PolicyRequest,
  ): Reservation | 'spent' | 'full' {
    const { auth, client, helo, instance, sender, tls } = request;
    const held = this.#reserved.find(instance);
    if (held !== undefined) return held;
    const now = this.#deps.world.clock.now();
    this.#reserved.giveBackOld(connection, now);
    const holder = `${account} ${networkOf(client)}`;
    if (this.#budget.isSpent(holder, now)) return 'spent';
    const traits = { auth, helo, tls };
    const of = { instance, connection, account, holder, client, sender, traits };
    return this.#reserved.open(of, now) ?? 'full';
  }

  /** Nothing is reserved. The sender tries again later; while observing, the message goes on. */
  #wait(why: keyof typeof waits, account: Account): Answer {
    const { clock, count, log } = this.#deps.world;
    const now = clock.now();
    if (why === 'full' && Math.abs(now - this.#fullLoggedAt) >= minuteMs) {
      this.#fullLoggedAt = now;
      log('warn', 'recipients.full', { account, bytes: this.#reserved.bytes });
    }
    if (observes(this.#deps.settings, account)) return dunno;
    count('postern_policy_waits_total', 1, why);
    return waits[why];
  }

  /** A message was aborted. Without DATA, its recipients were only asked for. */
  #aborted({ account, asked, begun, client, holder }: Reservation, now: Millis): void {
    if (begun || !this.#budget.spend(holder, asked, now)) return;
    this.#deps.world.log('warn', 'recipients.budget', { account, network: networkOf(client) });
  }

  /** Judges. A pass is counted at the end of the message; a stop now, because later is too late. */
  #data(request: PolicyRequest, answer: (answer: Answer) => void): void {
    const reservation = this.#reserved.find(request.instance);
    if (reservation === undefined) {
      answer(dunno);
      return;
    }
    this.#reserved.begin(reservation);
    const judgement = this.#judge(reservation);
    if (judgement.verdict === 'pass' || this.#deps.milterPresent()) {
      answer(this.#ceilingAnswer(reservation.account, judgement));
      return;
    }
    this.#reserved.end(reservation);
    const message = this.#submission(reservation, this.#deps.world.clock.now());
    this.#deps.gate.submit({ ...message, id: request.queueId }, 'login', answer);
  }

  /** Whether the number of reserved recipients exceeds a ceiling, if the evidence allows it. */
  #mayExceed({ account }: Reservation): boolean {
    const { accounts, gate } = this.#deps;
    const at = this.#deps.world.clock.now();
    const profile = accounts.profile(account, at);
    const recipients = this.#reserved.outside(account);
    const { policy } = accounts.context;
    const flags = gate.flags(account, at);
    return overCeiling(profile, { at, recipients }, policy, flags, Infinity) !== undefined;
  }

  /** Judges as if this message had all reserved recipients of the account, in all its sessions. */
  #judge(reservation: Reservation): Judgement {
    const { accounts, gate } = this.#deps;
    const { account } = reservation;
    const at = this.#deps.world.clock.now();
    const profile = accounts.profile(account, at);
    const { people } = accounts.context;
    const counts = this.#reserved.counts(account, (recipient) =>
      recipientKind(profile, account, recipient, at, people),
    );
    const message = facts(reservation, at);
    return previewCounted(profile, { message, counts }, accounts.context, gate.flags(account, at));
  }

  #ceilingAnswer(account: Account, judgement: Judgement): Answer {
    const { verdict, reasons } = judgement;
    const { settings } = this.#deps;
    if (observes(settings, account) || reasons[0]?.signal !== 'ceiling') return dunno;
    if (verdict === 'pass' || verdict === 'hold') return dunno;
    return { kind: 'reply', ...replyText(verdict, reasons, settings.contact) };
  }

  #end(request: PolicyRequest, answer: (answer: Answer) => void): void {
    const reservation = this.#reserved.find(request.instance);
    answer(dunno);
    if (reservation === undefined) return;
    const { clock } = this.#deps.world;
    const message = this.#submission(reservation, clock.now());
    this.#reserved.end(reservation);
    if (this.#counted.get(request.queueId) === true || this.#deps.milterPresent()) return;
    this.#deps.gate.passed({ ...message, id: request.queueId });
  }

  #submission({ recipients, ...reservation }: Reservation, at: Millis): Submission {
    const outside: string[] = [];
    const local: string[] = [];
    for (const { address, isLocal } of recipients) (isLocal ? local : outside).push(address);
    return { ...facts(reservation, at), outside, local };
  }
}

function facts(
  {
    account,
    client,
    sender,
    traits,
  }: Pick<Reservation, 'account' | 'client' | 'sender' | 'traits'>,
  at: Millis,
): MessageFacts {
  return { kind: 'send', id: '', at, account, client, sender, traits };
}
