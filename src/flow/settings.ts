/** The operator's settings as flows need them, in one object that a reload changes in place. */
import type { Account } from '../core/account-name.ts';
import { type Enforcement, isEnforced } from '../core/enforcement/enforcement.ts';

export type Settings = {
  readonly mode: 'observe' | 'guard';
  /** The part that is judged as in mode guard while the mode is observe, and as it was written. */
  readonly enforced: Enforcement;
  readonly enforce: readonly string[];
  /** The seed of the ledger: it chooses the accounts of a share. */
  readonly seed: number;
  readonly contact: string;
  /** The answer to a message whose verdict could not be written: the verdict, or a 451. */
  readonly whenFailing: 'answer' | 'tempfail';
  /** Held mail is delivered this long after sending returned to normal; 0: never. */
  readonly calmAfterMs: number;
  /** A suspension ends automatically after this long; 0: never. */
  readonly releaseAfterMs: number;
  readonly automaticReleasesMax: number;
};

/** What says whether an account is only observed. */
type Acting = Pick<Settings, 'mode' | 'enforced' | 'seed'>;

/** Whether verdicts on this account are only noted, and its mail passes. */
export function observes({ enforced, mode, seed }: Acting, account: Account): boolean {
  return mode === 'observe' && !isEnforced(enforced, account, seed);
}
