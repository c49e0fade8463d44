/**
 * All mail of a world in one replay: what gets out of hijacked accounts.
 *
 * A server gets no reply for mail that it held, so replies to an attacker's mail count only of
 * messages that passed. An operator decides an hour after what was stopped by mistake, unless the
 * account is under attack: then a hold stays, and nobody helps the guard.
 */
import { noCeilings } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { ReplayEvent } from '../../src/core/event.ts';
import { openReplay, type Replay, type ReplayVerdict } from '../../src/flow/replay/replay.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import { reasonText } from './honest-side.ts';
import type { HijackTruth, Truth } from './truth.ts';

export type HijackFigures = {
  readonly style: string;
  readonly kind: string;
  readonly account: string;
  readonly trick: string;
  /** Recipients that the attacker wanted to reach, and the messages to them. */
  tried: number;
  messages: number;
  leaked: number;
  leakedMessages: number;
  /** The number of the attacker's message of which somebody was told first; 0: nobody was. */
  toldAt: number;
  suspended: boolean;
  /** The account was suspended when the attack began. */
  before: boolean;
  /** The attacker's last message did not pass. */
  contained: boolean;
  firstHold: readonly string[];
  firstAt: number;
  /** How long it has gone on. */
  days: number;
};

type Send = Extract<ReplayEvent, { kind: 'send' }>;

export class HijackSide {
  readonly hijacks: readonly HijackFigures[];
  readonly #replay: Replay = openReplay({ policy: noCeilings, operatorClearsMs: undefined });
  /** The last hijack of an account, with its number. */
  readonly #hijackOf: ReadonlyMap<Account, { readonly index: number; readonly start: number }>;
  readonly #harmless: readonly ReadonlySet<string>[];
  /** Ids of messages of attackers that passed. */
  readonly #passed = new Set<string>();
  readonly #decisions: { readonly at: Millis; readonly account: Account }[] = [];
  readonly #explain: ((text: string) => void) | undefined;

  constructor({ hijacks }: Truth, explain: ((text: string) => void) | undefined) {
    this.hijacks = hijacks.map(noFigures);
    this.#harmless = hijacks.map(({ harmless = [] }) => new Set(harmless));
    this.#hijackOf = new Map(
      hijacks.map(({ account, start }, index) => [account, { index, start: Date.parse(start) }]),
    );
    this.#explain = explain;
  }

  /** The operator's decisions until then. */
  catchUp(at: Millis): void {
    const decisions = this.#decisions;
    for (let next = decisions[0]; next !== undefined && next.at <= at; next = decisions[0]) {
      this.#replay.apply({ kind: 'clear', at: next.at, account: next.account });
      decisions.shift();
    }
  }

  /** The operator looks at the account of this event in an hour, and says that it is honest. */
  decideLater(event: ReplayEvent): void {
    if (event.kind !== 'send') return;
    const { account, at } = event;
    const hijack = this.#hijackOf.get(account);
    if (hijack !== undefined && hijack.start - hourMs <= at) return;
    this.#decisions.push({ at: (at + hourMs) as Millis, account });
  }

  apply(event: ReplayEvent, attack: number | undefined): void {
    const isReply = attack !== undefined && event.kind === 'delivery';
    if (isReply && !this.#passed.has(event.id)) return;
    const verdict = this.#replay.apply(event);
    if (verdict === undefined || event.kind !== 'send') return;
    const index = this.#hijackOf.get(event.account)?.index ?? -1;
    const hijack = this.hijacks[index];
    if (hijack === undefined) return;
    if (attack === undefined) noteOwner(hijack, verdict);
    else this.#noteAttack(hijack, event, verdict, this.#harmless[index]);
  }

  #noteAttack(
    hijack: HijackFigures,
    event: Send,
    verdict: ReplayVerdict,
    harmless: ReadonlySet<string> | undefined,
  ): void {
    const { at, id, local, outside } = event;
    if (verdict.account === 'suspended') hijack.suspended = true;
    if (verdict.told !== undefined && hijack.toldAt === 0) hijack.toldAt = hijack.messages + 1;
    const harmed = [...outside, ...local].filter((one) => harmless?.has(one) !== true).length;
    if (harmed === 0) return;
    hijack.messages++;
    hijack.tried += harmed;
    if (hijack.firstAt === 0) hijack.firstAt = at;
    hijack.days = (at - hijack.firstAt) / dayMs;
    hijack.contained = verdict.verdict !== 'pass';
    if (verdict.verdict === 'pass') {
      hijack.leaked += harmed;
      hijack.leakedMessages++;
      this.#passed.add(id);
    } else if (hijack.firstHold.length === 0) {
      hijack.firstHold = verdict.because.slice(0, 3).map(reasonText);
    }
    this.#explain?.(explained(hijack, event, verdict));
  }
}

function noFigures({ account, kind, style, trick = '' }: HijackTruth): HijackFigures {
  return {
    style,
    kind,
    account,
    trick,
    tried: 0,
    messages: 0,
    leaked: 0,
    leakedMessages: 0,
    toldAt: 0,
    suspended: false,
    before: false,
    contained: false,
    firstHold: [],
    firstAt: 0,
    days: 0,
  };
}

/** The owner goes on to write. A notice that the owner's mail causes counts as well. */
function noteOwner(hijack: HijackFigures, { account, told }: ReplayVerdict): void {
  if (hijack.messages === 0) {
    hijack.before = account === 'suspended';
    return;
  }
  if (account === 'suspended') hijack.suspended = true;
  if (told !== undefined && hijack.toldAt === 0) hijack.toldAt = hijack.messages;
}

function explained(
  { account, style }: HijackFigures,
  { at }: Send,
  { account: state, because, verdict }: ReplayVerdict,
): string {
  const why = because.slice(0, 2).map(reasonText).join(', ');
  return `${style} ${account} ${new Date(at).toISOString()} ${verdict} ${state} ${why}`;
}
