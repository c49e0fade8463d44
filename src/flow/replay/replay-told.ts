/** Who is told of what in a replay. */
import type { Judgement } from '../../core/account/judge.ts';
import type { Telling, ToldParty } from '../../core/account/telling.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { dayMs, type Millis } from '../../lib/time.ts';

export class ReplayTold {
  /** When the operator was told of held mail; Infinity: of a suspension. */
  readonly #holding = new Map<Account, Millis>();

  /** The operator is told of an account's held mail once a day. `ofSum`: of the sum it adds to. */
  parties(
    { account, at }: Submission,
    { state, verdict }: Judgement,
    tellings: readonly Telling[],
    ofSum: readonly Telling[] = [],
  ): readonly ToldParty[] {
    const parties = new Set([...tellings, ...ofSum].flatMap(({ to }) => to));
    const last = this.#holding.get(account);
    const isSuspended = state === 'suspended';
    const isDue = last === undefined || at - last >= dayMs || isSuspended;
    if (verdict === 'hold' && isDue && (!isSuspended || last !== Infinity)) {
      this.#holding.set(account, isSuspended ? (Infinity as Millis) : at);
      parties.add('operator');
    }
    return [...parties];
  }

  /** An operator has looked at the account. */
  decided(account: Account): void {
    this.#holding.delete(account);
  }
}
