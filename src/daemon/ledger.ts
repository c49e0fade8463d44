/** Opens the ledger for the running guard, which goes on with a damaged one and says so. */
import { join } from 'node:path';
import { type LedgerTrouble, openLedger } from '../ledger/sqlite/open.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Log } from '../ports/world.ts';

export type DaemonLedger = {
  readonly ledger: Ledger;
  /** Takes who is told of trouble, and tells what the start has found until then. */
  watch(trouble: LedgerTrouble): void;
};

export function openDaemonLedger(of: { readonly state: string; readonly log: Log }): DaemonLedger {
  /** What the start finds: a few sentences. */
  const early = new Map<Parameters<LedgerTrouble>[0], string | undefined>();
  let tell: LedgerTrouble = (part, why) => void early.set(part, why);
  const ledger = openLedger(join(of.state, 'ledger.db'), {
    log: of.log,
    trouble: (part, why) => tell(part, why),
  });
  return {
    ledger,
    watch(trouble) {
      tell = trouble;
      for (const [part, why] of early) trouble(part, why);
      early.clear();
    },
  };
}
