/**
 * Reads `run.json` in the state folder: the addresses and the token of the running guard. The guard
 * writes it; only the guard's user and root can read it.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { DoorPlaces } from '../../core/checklist/doors.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { readOwnedFile } from './owned-file.ts';

export type RunDoors = {
  /** milter and policy as Postfix writes them (`inet:127.0.0.1:9900`), http as a URL; or `off`. */
  readonly milter: string;
  readonly policy: string;
  readonly http: string;
  /** The milter door of port 25; the same as `milter` where there is one milter door only. */
  readonly inbound?: string | undefined;
  /** The socket of the commands. */
  readonly command?: string | undefined;
  /** Every address of each door. */
  readonly all?: DoorPlaces | undefined;
  /** The doors that follow Postfix: the operator set no address for them. */
  readonly auto?: readonly ('milter' | 'policy')[] | undefined;
};

export type RunFile = {
  readonly pid: number;
  readonly doors: RunDoors;
  readonly token: string;
  /** The owner of the state folder: the guard's user. Not in the file, which that user writes. */
  readonly owner: number;
};

const inet = 'inet:(?:[A-Za-z0-9.-]{1,255}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}';
/** Strict, because root writes these addresses into main.cf. */
const doorAddress: z.ZodType<string> = z
  .string()
  .regex(new RegExp(`^(?:off|${inet}|unix:/[A-Za-z0-9._/-]{1,100})$`));
/** Three sockets of each instance of Postfix, and old addresses. */
const addresses = z.array(doorAddress).max(100);
const runFile: z.ZodType<Omit<RunFile, 'owner'>> = z.object({
  pid: z.number().int().positive(),
  doors: z.object({
    milter: doorAddress,
    policy: doorAddress,
    http: z.string().regex(/^(?:off|http:\/\/[^\s]{1,260})$/),
    inbound: doorAddress.optional(),
    command: z
      .string()
      .regex(/^unix:\/[^\0]{1,106}$/)
      .optional(),
    all: z.object({ milter: addresses, inbound: addresses, policy: addresses }).optional(),
    auto: z
      .array(z.enum(['milter', 'policy']))
      .max(2)
      .optional(),
  }),
  token: z.string().min(1).max(512),
});

/** The state folder of an installed Postern. */
export const installedState = '/var/lib/postern';
/** The folder from which this program runs. */
export const home: string = resolve(import.meta.dirname, '../../..');
/** The folder into which `postern install` copies the program. */
export const installedHome = '/usr/local/lib/postern';

/** True for the error that no guard runs, or none that this user may ask. */
export function isNotRunning(error: unknown): error is OperatorError {
  return error instanceof OperatorError && error.code === 'not-running';
}

/**
 * The state folder of a command: the named one, else the default. An installed program uses the
 * service's folder. A checkout uses its own, if a guard has run there, before the service's.
 */
export function stateDirectory(named: string | undefined): string {
  if (named !== undefined) return named;
  const own = join(home, '.state');
  if (home === installedHome) return installedState;
  return existsSync(join(own, 'run.json')) || !existsSync(installedState) ? own : installedState;
}

/** Throws what the system says if this user may not look into the folder; it may be missing. */
export function mayLookInto(state: string): void {
  try {
    accessSync(state, constants.X_OK);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
}

/** Throws OperatorError `state` if the folder cannot be made. */
export function makeState(state: string): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError('state', `cannot make the state folder ${state}`, {
      cause,
      hint: 'name another folder with --state DIR',
      exit: sysexits.cantCreate,
    });
  }
}

/** The command that starts the guard of this folder: of the service, or of a checkout. */
function startWith(state: string): string {
  if (resolve(state) !== installedState) return 'postern up';
  return `${process.geteuid?.() === 0 ? '' : 'sudo '}systemctl start postern`;
}

/** Throws OperatorError if no guard runs (`isNotRunning`); its hint says how to start one. */
export async function readRunFile(state: string): Promise<RunFile> {
  const path = join(state, 'run.json');
  const hint = `start it: ${startWith(state)}, or name its folder with --state DIR`;
  let text: string;
  try {
    text = readOwnedFile(path);
  } catch (cause) {
    const denied = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
    const what = denied ? `cannot ask the guard: ${path}` : `no Postern runs here: ${path}`;
    throw new OperatorError('not-running', what, {
      cause,
      hint: denied ? 'run this as root, or as the user that Postern runs as' : hint,
      exit: sysexits.unavailable,
    });
  }
  const parsed = runFile.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new OperatorError('run-file', `${path} was not written by this version of Postern`, {
      cause: parsed.error,
      hint,
      exit: sysexits.unavailable,
    });
  }
  if (!alive(parsed.data.pid)) {
    throw new OperatorError(
      'not-running',
      `Postern is not running (${path} is left over from an earlier run)`,
      {
        hint,
        exit: sysexits.unavailable,
      },
    );
  }
  return { ...parsed.data, owner: statSync(state).uid };
}

/** Throws OperatorError `door-off` if the guard has neither a command socket nor an http door. */
export function neededApi(run: RunFile): void {
  if (run.doors.command === undefined) neededDoor(run, 'http');
}

/** The address of a door that a command needs. Throws OperatorError `door-off` if it is off. */
export function neededDoor(run: RunFile, name: 'milter' | 'policy' | 'http'): string {
  const address = run.doors[name];
  if (address !== 'off') return address;
  throw new OperatorError('door-off', `the guard is running, but its ${name} door is off`, {
    hint: `set doors.${name} in postern.toml (or give \`postern up\` --${name}) and restart it`,
    exit: sysexits.unavailable,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
