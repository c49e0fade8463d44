/**
 * The process that full-disk.test.ts starves of disk: writes through a journal until it fails, says
 * so, waits for room, and says so. One JSON line each. `node full-disk-child.ts FOLDER`.
 */

import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../../src/core/account-name.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { quietWorld } from '../doubles/world.ts';
import { accountOf, heldRow, incidentRow } from './samples.ts';
import { realTimers } from './timers.ts';

const [folder = ''] = process.argv.slice(2);
const path = join(folder, 'ledger.db');
const ledger = openLedger(path);
let counted = 0;

function say(what: string, more: Record<string, unknown> = {}): void {
  writeSync(1, `${JSON.stringify({ what, ...more })}\n`);
}

/** Straight into the ledger until it says no; then once more, to see that it still answers. */
function fillDirectly(): void {
  const profile = 'x'.repeat(4_000);
  for (; counted < 100_000; counted += 2) {
    const pair = [counted, counted + 1].map((n) => accountOf(`a${n}` as Account, { profile }));
    try {
      ledger.write(pair, { durable: counted % 20 === 0 });
    } catch (error) {
      const code = error instanceof OperatorError ? error.code : String(error);
      say('full', { code, hint: error instanceof OperatorError ? error.hint : '', counted });
      return;
    }
  }
  say('never full');
}

fillDirectly();
say('still reads', {
  accounts: ledger.countAccounts(),
  half: ledger.loadAccount(`a${counted}` as Account),
});

const journal = openJournal({
  ledger,
  world: quietWorld({ timers: realTimers }),
  onState: (state, why) => {
    say(state, { why });
    if (state === 'ok') {
      journal.close();
      say('after', {
        state: ledger.loadAccount('joe@example.org' as Account)?.state,
        held: ledger.countHeld(),
        accounts: ledger.countAccounts(),
      });
      ledger.close();
      say('closed', { log: existsSync(`${path}-wal`) });
    }
  },
});
const asked = performance.now();
const big = 'x'.repeat(500_000);
journal.commit(
  [
    accountOf('joe@example.org' as Account, { state: 'suspended', profile: big }),
    { kind: 'incident', row: incidentRow() },
    { kind: 'held', row: heldRow() },
  ],
  (kept) => say('answered', { kept, afterMs: performance.now() - asked }),
);
