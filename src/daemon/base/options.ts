/** What the daemon is started with, and what each of its parts is opened with. Types only. */
import type { Config } from '../../config/schema.ts';
import type { DoorPlaces } from '../../core/checklist/doors.ts';
import type { OwnCommand } from '../../core/own-command.ts';
import type { Counters } from '../../lib/counters.ts';
import type { SocketOwners } from '../../ports/scripts.ts';
import type { Log, World } from '../../ports/world.ts';
import type { ChecklistProgram } from '../checklist/runs.ts';

export type DaemonOptions = {
  /** The folder of the ledger and the keys. */
  readonly state: string;
  readonly config: Config;
  /** A door whose port is taken may open on a free port: the operator did not choose the port. */
  readonly movable: boolean;
  /** Without it, as for a guard that is not installed. */
  readonly doors?: DoorOptions;
  readonly token: string;
  /** How commands are written in notices. Without it, as for an installed guard. */
  readonly own?: OwnCommand;
  readonly log: Log;
  /** How the guard runs the checklist; without it, it does not. */
  readonly checklist?: ChecklistProgram;
};

/** How the doors for Postfix open. */
export type DoorOptions = {
  /** `auto` means Unix sockets for each connected Postfix; else ports of 127.0.0.1. */
  readonly installed: boolean;
  /** Programs of the guard's own user may connect to the doors for Postfix. */
  readonly ownUser: boolean;
  /** Sockets that systemd opened. */
  readonly activated: readonly ActivatedSocket[];
  /** Called when a door has opened or closed while the guard runs. */
  readonly changed: (doors: DoorAddresses) => void;
};

/** A socket that systemd opened. */
export type ActivatedSocket = {
  readonly fd: number;
  /** `unix:/PATH` or `inet:HOST:PORT`. */
  readonly address: string;
};

/** Where the doors are: the first address of each, and all of them. */
export type DoorAddresses = {
  readonly milter: string;
  readonly inbound: string;
  readonly policy: string;
  readonly http: string;
  /** The socket of the commands. */
  readonly command?: string;
  readonly all: DoorPlaces;
  /** The doors that follow Postfix into its queue directory. */
  readonly auto: readonly ('milter' | 'policy')[];
};

export type DaemonParts = {
  readonly state: string;
  readonly config: Config;
  /** The name of this server. */
  readonly host: string;
  readonly own: OwnCommand;
  readonly world: World;
  readonly counters: Counters;
  /** Finds the users behind connections from this machine. */
  readonly owners: SocketOwners;
  /** Closes what was opened, in reverse order. */
  readonly scope: AsyncDisposableStack;
};
