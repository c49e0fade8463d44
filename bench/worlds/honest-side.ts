/**
 * The honest mail of a world in a replay of its own, with an operator who decides an hour after
 * each suspension, and an hour after mail began to wait for a person. Each suspension here is one
 * by mistake.
 */
import { noCeilings } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { ReplayEvent } from '../../src/core/event.ts';
import type { Reason } from '../../src/core/reason.ts';
import { openReplay, type Replay, type ReplayVerdict } from '../../src/flow/replay/replay.ts';
import { dayMs, hourMs } from '../../src/lib/time.ts';
import type { Truth } from './truth.ts';

/** The honest mail of all accounts of a kind. */
export type KindFigures = {
  accounts: number;
  messages: number;
  stopped: number;
  refused: number;
  /** After the account's first month. */
  late: number;
  lateStopped: number;
  suspensions: number;
  told: number;
  /** How often each signal came first among the reasons. */
  readonly reasons: Map<string, number>;
};

export type WrongSuspension = {
  readonly kind: string;
  readonly day: number;
  readonly account: string;
  readonly because: readonly string[];
};

/** On the first days the guard knows nobody. */
export const warmDays = 14;
export const monthDays = 30;

type Send = Extract<ReplayEvent, { kind: 'send' }>;

export class HonestSide {
  readonly kinds: Map<string, KindFigures> = new Map();
  readonly suspensions: WrongSuspension[] = [];
  lateSuspensions = 0;
  toldOperator = 0;
  toldOwner = 0;
  readonly #replay: Replay = openReplay({ policy: noCeilings, operatorClearsMs: hourMs });
  readonly #start: number;
  readonly #who: ReadonlyMap<Account, Truth['accounts'][number]>;
  readonly #stateOf = new Map<Account, ReplayVerdict['account']>();
  readonly #explain: ((text: string) => void) | undefined;

  constructor({ accounts, start }: Truth, explain: ((text: string) => void) | undefined) {
    this.#start = Date.parse(start);
    this.#who = new Map(accounts.map((one) => [one.account, one]));
    this.#explain = explain;
  }

  /** True: an operator has something to decide about the account now. */
  apply(event: ReplayEvent): boolean {
    const verdict = this.#replay.apply(event);
    if (verdict === undefined || event.kind !== 'send') return false;
    const { account } = event;
    const one = this.#who.get(account);
    const name = one?.kind ?? '?';
    const kind = this.#kindOf(name);
    const day = (event.at - this.#start) / dayMs;
    const age = day - (one?.from ?? 0);
    const before = this.#stateOf.get(account);
    if (before === undefined) kind.accounts++;
    this.#stateOf.set(account, verdict.account);
    this.#count(kind, verdict, age >= monthDays);
    if (verdict.verdict !== 'pass') this.#explain?.(explained(name, event, verdict, { day, age }));
    const suspends = verdict.account === 'suspended' && before !== 'suspended';
    if (suspends) {
      kind.suspensions++;
      if (day >= warmDays) this.lateSuspensions++;
      const because = verdict.because.slice(0, 3).map(reasonText);
      this.suspensions.push({ kind: name, day: Math.round(day), account, because });
    }
    return suspends || verdict.decides === true;
  }

  #count(kind: KindFigures, { because, told, verdict }: ReplayVerdict, isLate: boolean): void {
    kind.messages++;
    if (isLate) kind.late++;
    if (told !== undefined) {
      kind.told++;
      if (told.includes('operator')) this.toldOperator++;
      else this.toldOwner++;
    }
    if (verdict === 'pass') return;
    kind.stopped++;
    if (isLate) kind.lateStopped++;
    if (verdict === 'refuse') kind.refused++;
    const signal = because[0]?.signal ?? '?';
    kind.reasons.set(signal, (kind.reasons.get(signal) ?? 0) + 1);
  }

  #kindOf(name: string): KindFigures {
    let kind = this.kinds.get(name);
    if (kind === undefined) {
      kind = { ...nothingYet, reasons: new Map() };
      this.kinds.set(name, kind);
    }
    return kind;
  }
}

const nothingYet: Omit<KindFigures, 'reasons'> = {
  accounts: 0,
  messages: 0,
  stopped: 0,
  refused: 0,
  late: 0,
  lateStopped: 0,
  suspensions: 0,
  told: 0,
};

/** A reason in short: what was seen, and what is usual. */
export function reasonText({ saw, signal, usual }: Reason): string {
  return `${signal} ${saw}/${usual}`;
}

function explained(
  kind: string,
  { account, client, outside, script }: Send,
  { because, verdict }: ReplayVerdict,
  { age, day }: { readonly age: number; readonly day: number },
): string {
  const why = because.slice(0, 3).map((reason) => `${reasonText(reason)} w${reason.weight}`);
  const when = `day ${day.toFixed(1)} age ${age.toFixed(0)}`;
  const what = `${verdict} to ${outside.length} ${client ?? script}`;
  return `calm ${kind} ${account} ${when} ${what} ${why.join(', ')}`;
}
