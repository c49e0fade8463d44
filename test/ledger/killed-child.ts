/**
 * The process that killed.test.ts kills: writes through a journal without a pause, and says on
 * stdout what the journal has promised. `node killed-child.ts LEDGER FIRST SEED`: numbers begin at
 * FIRST.
 */

import { writeSync } from 'node:fs';
import type { Account } from '../../src/core/account-name.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { quietWorld } from '../doubles/world.ts';
import { dice } from './dice.ts';
import { accountOf, at, heldRow, incidentRow, messageRow } from './samples.ts';
import { realTimers } from './timers.ts';

const [path = '', first = '1', seed = '1'] = process.argv.slice(2);
const roll = dice(Number(seed));
const ledger = openLedger(path);
const journal = openJournal({
  ledger,
  world: quietWorld({ timers: realTimers }),
  onState: () => {},
});
let commits = Number(first);
let messages = 0;

function turn(): void {
  for (let more = roll.below(20); more > 0; more -= 1) {
    messages += 1;
    const queueId = `M${first}-${messages}`;
    journal.add({ kind: 'message', row: messageRow({ queueId, at: at(messages) }) });
    const account = `busy${roll.below(500)}@example.org` as Account;
    journal.add(accountOf(account, { profile: `${messages}`, learned: [roll.below(2 ** 31), 1] }));
  }
  if (roll.below(3) === 0) commit();
  if (roll.below(200) === 0) journal.flushNow();
  setImmediate(turn);
}

function commit(): void {
  const number = commits;
  const before = messages;
  commits += 1;
  const account = `stopped${number}@example.org` as Account;
  journal.commit(
    [
      accountOf(account, { state: 'suspended', learned: [2 ** 40 + number, number] }),
      { kind: 'incident', row: incidentRow({ id: `I${number}`, account }) },
      { kind: 'held', row: heldRow({ queueId: `H${number}`, account }) },
    ],
    (kept) => {
      if (kept) writeSync(1, `${number} ${before}\n`);
    },
  );
}

turn();
