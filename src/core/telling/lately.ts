/** What was told lately of mail of an account that passed, for those who look at the account. */

import { dayMs, type Millis } from '../../lib/time.ts';
import type { AccountProfile } from '../account/profile.ts';
import type { Telling } from '../account/telling.ts';
import { reachLimits } from '../reach/reach.ts';
import { crossed } from './passed-notice.ts';

/** Older ones are no news. */
const latelyMs = 30 * dayMs;

export type ToldLately = {
  readonly what: Telling['what'];
  readonly at: Millis;
  /** The numbers, in words; empty if only the time is kept. */
  readonly text: string;
};

/** The newest first. */
export function toldLately(
  { reach, toldAt }: Pick<AccountProfile, 'reach' | 'toldAt'>,
  now: Millis,
): readonly ToldLately[] {
  const { client, copies, watched } = toldAt;
  const all: readonly (ToldLately | undefined)[] = [
    reach.toldAt === 0
      ? undefined
      : {
          what: 'reach',
          at: reach.toldAt,
          text: crossed(reach.told, reachLimits(reach)).join('; '),
        },
    client === undefined ? undefined : { what: 'new-client', at: client, text: '' },
    copies === undefined ? undefined : { what: 'copies', at: copies, text: '' },
    watched === undefined ? undefined : { what: 'watched', at: watched, text: '' },
  ];
  return all
    .filter((one) => one !== undefined)
    .filter(({ at }) => now - at <= latelyMs)
    .toSorted((one, other) => other.at - one.at);
}
