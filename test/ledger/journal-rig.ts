/**
 * A journal over a real ledger in memory, with time in the test's hand and a disk that can be made
 * to fail.
 */

import { type Journal, type JournalState, openJournal } from '../../src/flow/journal/journal.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import type { Change, Ledger } from '../../src/ports/ledger.ts';
import type { Timers } from '../../src/ports/world.ts';
import { quietWorld } from '../doubles/world.ts';

export type Write = { readonly kinds: readonly Change['kind'][]; readonly durable: boolean };

export type Rig = {
  readonly journal: Journal;
  readonly ledger: Ledger;
  /** Transactions that were committed, in order. */
  readonly writes: Write[];
  readonly states: JournalState[];
  readonly logged: string[];
  dropped(): number;
  /** From now on every write fails, or works. */
  breakDisk(broken: boolean): void;
  /** One turn of the event loop. */
  turn(): void;
  turnsUntilQuiet(): number;
  /** All timers of this interval fire. */
  pass(ms: 250 | 1_000): void;
};

export function journalRig(
  onState: (journal: Journal, state: JournalState) => void = () => {},
): Rig {
  const timers = new Set<{ readonly ms: number; readonly tick: () => void }>();
  const writes: Write[] = [];
  const states: JournalState[] = [];
  const logged: string[] = [];
  let queue: (() => void)[] = [];
  let broken = false;
  let dropped = 0;
  const memory = openLedger(inMemory);
  const ledger: Ledger = {
    ...memory,
    write(changes, how) {
      if (broken) throw new OperatorError('ledger-write', 'the disk is full');
      memory.write(changes, how);
      writes.push({ kinds: changes.map(({ kind }) => kind), durable: how.durable });
    },
  };
  const manual: Timers = {
    every(ms, tick) {
      const timer = { ms, tick };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    soon: (run) => void queue.push(run),
  };
  const journal: Journal = openJournal({
    ledger,
    world: quietWorld({
      timers: manual,
      log: (_level, event) => void logged.push(event),
      count: (name, by = 1) => {
        if (name === 'postern_ledger_dropped_total') dropped += by;
      },
    }),
    onState: (state) => {
      states.push(state);
      onState(journal, state);
    },
  });
  const turn = (): void => {
    const now = queue;
    queue = [];
    for (const run of now) run();
  };
  return {
    journal,
    ledger,
    writes,
    states,
    logged,
    dropped: () => dropped,
    breakDisk: (value) => {
      broken = value;
    },
    turn,
    turnsUntilQuiet() {
      let turns = 0;
      for (; queue.length > 0; turns += 1) turn();
      return turns;
    },
    pass(ms) {
      for (const timer of [...timers]) if (timer.ms === ms && timers.has(timer)) timer.tick();
    },
  };
}
