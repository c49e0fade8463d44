/**
 * Says whether an account is on probation: its mail is signed with a key of its own, which can be
 * revoked without harm to anybody else. Pure.
 */
import type { Millis } from '../../../lib/time.ts';
import type { AccountState } from '../../verdict.ts';

/**
 * new: its first message came a short time ago. watched: there is evidence against it. suspended:
 * its mail is held. weak-password: an audit guessed its password.
 */
export type ProbationWhy = 'new' | 'watched' | 'suspended' | 'weak-password';

export type AccountStanding = {
  readonly state: AccountState;
  readonly firstSeen: Millis;
  readonly hasWeakPassword: boolean;
};

/** Why the account is on probation; undefined if it is not. */
export function probationWhy(
  { state, firstSeen, hasWeakPassword }: AccountStanding,
  now: Millis,
  newForMs: number,
): ProbationWhy | undefined {
  if (state !== 'clear') return state;
  if (hasWeakPassword) return 'weak-password';
  return now - firstSeen < newForMs ? 'new' : undefined;
}

const words: Readonly<Record<ProbationWhy, string>> = {
  new: 'the account is new',
  watched: 'the account is watched',
  suspended: 'the account is suspended',
  'weak-password': 'its password is weak',
};

export function probationText(why: ProbationWhy): string {
  return words[why];
}
