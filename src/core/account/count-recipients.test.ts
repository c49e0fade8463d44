/** People who wrote to an alias of the account are no strangers when it answers as the alias. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { countRecipients } from './count-recipients.ts';
import { newProfile } from './profile.ts';
import { identityKey } from './risk-factors.ts';

const account = 'joe@here.test' as Account;
const alias = 'info@here.test';
const at = (20_000 * dayMs) as Millis;
const outside = ['carol@far.example', 'stranger@strange.example'];

const rows = [
  ['for two days', 2 * dayMs, alias, 1],
  ['since this morning', dayMs / 4, alias, 0],
  ['never', undefined, alias, 0],
  ['for two days, and writes as itself', 2 * dayMs, account, 0],
  ['for two days, and nobody noted From', 2 * dayMs, undefined, 0],
] as const;
for (const [name, sinceMs, headerFrom, wanted] of rows) {
  test(`carol wrote to the alias, which the account has used ${name}`, () => {
    const profile = newProfile((at - 30 * dayMs) as Millis);
    const seed = 7;
    if (sinceMs !== undefined) {
      profile.book.add(hash53(identityKey(alias), seed), Math.floor((at - sinceMs) / minuteMs));
    }
    const { counts } = countRecipients(
      profile,
      { at, account, outside, local: [], ...(headerFrom === undefined ? {} : { headerFrom }) },
      {
        seed,
        knownHere: () => undefined,
        wroteFirst: (to, recipient, as = to) => as === alias && recipient === 'carol@far.example',
      },
    );
    assert.deepEqual([counts.invited, counts.stranger], [wanted, 2 - wanted]);
  });
}
