/**
 * Made-up mail, counted by the flow that counts live mail, and written as the journal does. Of the
 * benchmarks of statistics.
 */

import { openStatistics, type Statistics } from '../src/flow/stats/statistics.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import type { Change } from '../src/ports/ledger.ts';
import { quietWorld } from '../test/doubles/world.ts';

export type CountedMail = {
  readonly statistics: Pick<Statistics, 'seen' | 'write'>;
  /** Writes what statistics have handed over. False: that was nothing. */
  flush(): boolean;
  close(): void;
};

const rowsAtOnce = 1_000;

/** Into the ledger at `path`. */
export function countMail(path: string): CountedMail {
  const ledger = openLedger(path);
  const batch: Change[] = [];
  const statistics = openStatistics({
    journal: { add: (change) => void batch.push(change), state: () => ({ state: 'ok', why: '' }) },
    world: quietWorld(),
  });
  const flush = (): boolean => {
    const rows = batch.splice(0);
    for (let at = 0; at < rows.length; at += rowsAtOnce) {
      ledger.write(rows.slice(at, at + rowsAtOnce), { durable: false });
    }
    return rows.length > 0;
  };
  return {
    statistics,
    flush,
    close() {
      statistics.close();
      flush();
      ledger.close();
    },
  };
}
