/**
 * Where the running daemon says how it is reached: `<state>/run.json`, written by the daemon,
 * readable by it and root. Commands that talk to it read the addresses and the token from there.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export type RunFile = {
  readonly pid: number;
  /**
   * milter and policy as Postfix writes them, `inet:127.0.0.1:9900`; http a URL; each may be `off`.
   */
  readonly doors: { readonly milter: string; readonly policy: string; readonly http: string };
  readonly token: string;
};

/** Strict, since root puts these into main.cf. */
const doorAddress: z.ZodType<string> = z
  .string()
  .regex(
    /^(?:off|inet:(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}|unix:\/[A-Za-z0-9._/-]{1,100})$/,
  );
const runFile: z.ZodType<RunFile> = z.object({
  pid: z.number().int().positive(),
  doors: z.object({
    milter: doorAddress,
    policy: doorAddress,
    http: z.string().regex(/^(?:off|http:\/\/[^\s]{1,260})$/),
  }),
  token: z.string().min(1).max(512),
});

/** Where an installed Postern keeps its things. */
export const installedState = '/var/lib/postern';
/** The folder that this program runs from. */
export const home: string = resolve(import.meta.dirname, '../../..');
/** Where `postern install` puts the program. */
export const installedHome = '/usr/local/lib/postern';

/** Was it thrown because no guard runs, or none that this user may ask? */
export function isNotRunning(error: unknown): error is OperatorError {
  return error instanceof OperatorError && error.code === 'not-running';
}

/**
 * The state folder that a command means when none is named: an installed program's is the service's
 * own; a checkout prefers its own guard, where one has run, to the installed one.
 */
export function stateDirectory(named: string | undefined): string {
  if (named !== undefined) return named;
  const own = join(home, '.state');
  if (home === installedHome) return installedState;
  return existsSync(join(own, 'run.json')) || !existsSync(installedState) ? own : installedState;
}

/** Throws OperatorError `state` where it cannot be made. */
export function makeState(state: string): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError('state', `cannot use ${state}`, { cause, exit: sysexits.cantCreate });
  }
}

/** Throws OperatorError where no daemon runs (`isNotRunning`), saying how to start one. */
export async function readRunFile(state: string): Promise<RunFile> {
  const path = join(state, 'run.json');
  const hint = 'start it with `postern up`, or name its folder with --state DIR';
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EACCES' ? 'may not be read by you' : 'is not there';
    throw new OperatorError('not-running', `no Postern runs here: ${path} ${why}`, {
      cause,
      hint:
        cause.code === 'EACCES' ? 'run this as root, or as the user that Postern runs as' : hint,
      exit: sysexits.unavailable,
    });
  });
  const parsed = runFile.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new OperatorError('run-file', `${path} is not what a Postern writes`, {
      cause: parsed.error,
      hint,
      exit: sysexits.unavailable,
    });
  }
  if (!alive(parsed.data.pid)) {
    throw new OperatorError('not-running', `Postern is not running (${path} is a leftover)`, {
      hint,
      exit: sysexits.unavailable,
    });
  }
  return parsed.data;
}

/**
 * A door that a command cannot do without. Throws OperatorError `door-off` where the guard was
 * started without it.
 */
export function neededDoor(run: RunFile, name: keyof RunFile['doors']): string {
  const address = run.doors[name];
  if (address !== 'off') return address;
  throw new OperatorError('door-off', `the guard runs, but its ${name} door is off`, {
    hint: `set doors.${name} in postern.toml (or --${name} of \`postern up\`) and restart it`,
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
