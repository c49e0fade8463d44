/** What the daemon is started with, and what each of its parts is opened with. Types only. */
import type { Config } from '../../config/schema.ts';
import type { Counters } from '../../lib/counters.ts';
import type { Log, World } from '../../ports/world.ts';

export type DaemonOptions = {
  /** The folder of the ledger and the keys. */
  readonly state: string;
  readonly config: Config;
  /** A door whose port is taken may open on a free port: the operator did not choose the port. */
  readonly movable: boolean;
  readonly token: string;
  readonly log: Log;
};

export type DaemonParts = {
  readonly state: string;
  readonly config: Config;
  /** The name of this server. */
  readonly host: string;
  readonly world: World;
  readonly counters: Counters;
  /** Closes what was opened, in reverse order. */
  readonly scope: AsyncDisposableStack;
};
