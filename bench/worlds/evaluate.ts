/**
 * What the guard costs honest senders, and what gets out of hijacked accounts, on a made hoster.
 *
 * Two replays run side by side over the same events. *calm* (honest-side.ts) gets the honest mail
 * alone. *storm* (hijack-side.ts) gets the hijacks as well.
 */
import { type HijackFigures, HijackSide } from './hijack-side.ts';
import {
  HonestSide,
  type KindFigures,
  monthDays,
  type WrongSuspension,
  warmDays,
} from './honest-side.ts';
import type { Truth, World } from './truth.ts';

export type WorldFigures = {
  /** Months of all accounts together, and of these after the first two weeks of the world. */
  readonly accountMonths: number;
  readonly lateMonths: number;
  readonly suspensions: readonly WrongSuspension[];
  readonly lateSuspensions: number;
  readonly messages: number;
  readonly stopped: number;
  readonly refused: number;
  readonly kinds: ReadonlyMap<string, KindFigures>;
  readonly hijacks: readonly HijackFigures[];
  /** Notices that honest mail has caused. */
  readonly toldOperator: number;
  readonly toldOwner: number;
};

/** `explain` gets a line for each honest message that did not pass, and each of an attacker. */
export async function evaluateWorld(
  { truth, events }: World,
  explain?: (text: string) => void,
): Promise<WorldFigures> {
  const calm = new HonestSide(truth, explain);
  const storm = new HijackSide(truth, explain);
  for await (const { event, attack } of events) {
    storm.catchUp(event.at);
    if (attack === undefined && calm.apply(event)) storm.decideLater(event);
    storm.apply(event, attack);
  }
  const kinds = [...calm.kinds.values()];
  const sum = (of: (kind: KindFigures) => number): number =>
    kinds.reduce((all, kind) => all + of(kind), 0);
  return {
    accountMonths: monthsOf(truth, 0),
    lateMonths: monthsOf(truth, warmDays),
    suspensions: calm.suspensions,
    lateSuspensions: calm.lateSuspensions,
    messages: sum(({ messages }) => messages),
    stopped: sum(({ stopped }) => stopped),
    refused: sum(({ refused }) => refused),
    kinds: calm.kinds,
    hijacks: storm.hijacks,
    toldOperator: calm.toldOperator,
    toldOwner: calm.toldOwner,
  };
}

function monthsOf({ accounts, days }: Truth, firstDay: number): number {
  return accounts.reduce((sum, { from }) => sum + (days - Math.max(firstDay, from)) / monthDays, 0);
}
