/** Numbers in the columns `what`: what Postern did with a message, how an attempt ended. */
import { type Attempt, attemptOutcomes } from '../../core/fate/attempt.ts';
import type { DoorVerdict } from '../../core/verdict.ts';

const verdicts = [
  'pass',
  'delay',
  'hold',
  'refuse',
  'discard',
] as const satisfies readonly DoorVerdict[];
const verdictBits = 7;
const watchedBit = 8;
/** Address and subject stay in the day file. */
export const keptBit = 16;
const localBit = 8;

export function messageCode(of: {
  readonly verdict: DoorVerdict;
  readonly isWatched: boolean;
}): number {
  const verdict = verdicts.indexOf(of.verdict) + 1;
  const kept = of.isWatched || of.verdict !== 'pass';
  return verdict | (of.isWatched ? watchedBit : 0) | (kept ? keptBit : 0);
}

export function verdictOf(code: number): DoorVerdict | undefined {
  return verdicts[(code & verdictBits) - 1];
}

export function isWatchedCode(code: number): boolean {
  return (code & watchedBit) !== 0;
}

export function attemptCode(of: Pick<Attempt, 'outcome' | 'isLocal'>): number {
  return attemptOutcomes.indexOf(of.outcome) | (of.isLocal ? localBit : 0);
}

export function attemptMeaning(code: number): Pick<Attempt, 'outcome' | 'isLocal'> {
  const outcome = attemptOutcomes[code & (localBit - 1)] ?? 'deferred';
  return { outcome, isLocal: (code & localBit) !== 0 };
}
