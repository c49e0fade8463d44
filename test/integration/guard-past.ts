/**
 * A ledger with a month of ordinary mail in it: written by the guard's own flow on a clock that
 * runs a month ago, so that the guard that is started on it knows its people.
 */

import { join } from 'node:path';
import { noCeilings } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import { enforcementOf } from '../../src/core/enforcement/enforcement.ts';
import type { Traits } from '../../src/core/event.ts';
import { type Accounts, openAccounts } from '../../src/flow/account/accounts.ts';
import { openExemptions } from '../../src/flow/account/exemptions.ts';
import { openGate } from '../../src/flow/account/message-submitted.ts';
import { openFeed } from '../../src/flow/account/verdict-feed.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import type { Gate } from '../../src/ports/message.ts';
import { noMailings } from '../doubles/mailings.ts';
import { quietWorld } from '../doubles/world.ts';

const days = 30;
/** Around the clock, since nobody knows at what hour this test runs. */
const everyMs = 3 * hourMs;

export type Person = {
  readonly account: string;
  /** Recipients to which the person has always written. */
  readonly friends: readonly string[];
  /** Of the program that the person has always used; without it, nothing is known of one. */
  readonly traits?: Traits;
};

/** People of example.test, told apart by a number, with so many friends each. */
export function people(count: number, friends = 12): readonly Person[] {
  return Array.from({ length: count }, (_, nth) => ({
    account: `user${nth}@example.test`,
    friends: Array.from({ length: friends }, (_, friend) => `friend${friend}.of${nth}@world.test`),
  }));
}

/**
 * Eight letters a day each, from 127.0.0.1, until a few hours ago. Throws when one of them did not
 * pass.
 */
export function writePast(state: string, whose: readonly Person[]): void {
  const ledger = openLedger(join(state, 'ledger.db'), { log: () => undefined });
  const journal = openJournal({ ledger, world: quietWorld(), onState: () => undefined });
  const accounts = openAccounts(journal, noCeilings, 4711);
  let now = (Date.now() - days * dayMs) as Millis;
  const gate = pastGate(journal, accounts, () => now);
  const end = Date.now() - everyMs;
  for (let round = 0; now < end; round++, now = (now + everyMs) as Millis) {
    for (const { account, friends, traits } of whose) {
      gate.submit(
        {
          kind: 'send',
          id: '',
          at: now,
          account: account as Account,
          // A friend more every third day: everybody has to begin with somebody.
          outside: [friends[round % Math.min(friends.length, 2 + Math.floor(round / 24))] ?? ''],
          local: [],
          client: '127.0.0.1',
          sender: account,
          headerFrom: account,
          ...(traits && { traits }),
        },
        'login',
        (answer) => {
          if (answer.kind !== 'pass')
            throw new Error(`an ordinary letter of ${account}: ${answer.kind}`);
        },
      );
    }
  }
  accounts.saveBaseline();
  journal.close();
  ledger.close();
}

function pastGate(
  journal: ReturnType<typeof openJournal>,
  accounts: Accounts,
  now: () => Millis,
): Gate {
  return openGate({
    accounts,
    journal,
    exemptions: openExemptions([]),
    ...noMailings,
    weakPasswords: { why: () => '' },
    feed: openFeed(),
    world: quietWorld({ clock: { now } }),
    settings: {
      mode: 'guard',
      enforce: [],
      enforced: enforcementOf([]),
      seed: 0,
      contact: '',
      whenFailing: 'answer',
      calmAfterMs: 0,
      releaseAfterMs: 0,
      automaticReleasesMax: 0,
    },
    isOurs: () => false,
    passed: () => undefined,
    suspending: () => ({ changes: [], committed: () => undefined }),
    holding: () => [],
    telling: () => [],
    held: () => ({ messages: 0, bytes: 0 }),
    full: () => [],
  });
}
