/** The running guard: opens its parts in order, and closes them in reverse. */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import { metrics } from '../core/metrics/metrics.ts';
import { usualCommand } from '../core/own-command.ts';
import { openCounters } from '../lib/counters.ts';
import { openSocketOwners } from '../partners/kernel/socket-owner.ts';
import type { DaemonOptions, DoorAddresses } from './base/options.ts';
import { openWorld } from './base/timers.ts';
import { startChecklistRuns } from './checklist/runs.ts';
import { openDoors } from './doors.ts';
import { openFlows } from './flows.ts';
import { openDaemonLedger } from './ledger.ts';

export type Daemon = {
  /** Where the doors are now. */
  readonly doors: DoorAddresses;
  readonly host: string;
  /** Postern can move mail in the queue of the mail server. */
  readonly queue: boolean;
  /** Takes over a changed configuration. Answers with the settings that need a restart. */
  reload(config: Config): readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts the guard. Throws OperatorError if a door or the ledger cannot be opened. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  await using scope = new AsyncDisposableStack();
  const { config, log, own = usualCommand, state } = options;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const counters = openCounters(metrics);
  const world = openWorld({ log, count: counters.count });
  const host = config.host === '' ? hostname() : config.host;
  const { ledger, watch } = openDaemonLedger({ state, log });
  scope.defer(() => ledger.close());
  const owners = openSocketOwners();
  const parts = { state, config, host, own, world, counters, owners, scope };
  const flows = openFlows(parts, ledger);
  watch(flows.troubles.set);
  const doors = await openDoors(parts, options, flows);
  if (options.checklist !== undefined) {
    const { setRunning } = flows.checklist;
    scope.defer(startChecklistRuns(options.checklist, { log, setRunning }));
  }
  const running = scope.move();
  return {
    get doors() {
      return doors.addresses();
    },
    host,
    queue: flows.queue,
    reload(changed) {
      doors.sendmail.configure(changed);
      return flows.reload(changed);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
