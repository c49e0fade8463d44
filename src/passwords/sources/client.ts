/**
 * Asks a database or directory by its own client program, as Dovecot's configuration file says. The
 * question is read from a file of the private folder, and the answer is written into another.
 * Nothing goes through a pipe of Node or over a command line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { openDeadline } from '../../lib/deadline.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';

/** Time for an answer: 10 minutes. A million rows take one minute. */
const queryMs = 10 * 60_000;

/** Reads lines `key = value`; keys become lower case. Throws OperatorError `source-unread`. */
export function readSettings(path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  // A line with a backslash at its end continues on the next line.
  const lines = read(path).replace(/\s*\\\r?\n\s*/g, ' ');
  for (const line of lines.split('\n')) {
    const [, key, value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) values.set(key.toLowerCase(), value);
  }
  return values;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperatorError('source-unread', `cannot read ${path}`, {
      cause,
      exit: sysexits.noInput,
    });
  }
}

/** The error for a configuration file that the audit cannot use. */
export function unfit(path: string, why: string): OperatorError {
  return new OperatorError('source-unfit', `${path}: ${why}`, {
    hint: 'docs/passwords.md shows how to write a file for a database or directory',
    exit: sysexits.config,
  });
}

export type Client = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** `signal`: aborted when the audit must end. */
export type QueryOptions = {
  readonly folder: PrivateFolder;
  readonly domain?: string;
  readonly signal: AbortSignal;
};

/**
 * Runs the client. `path`: the operator's file that says how to ask. Throws OperatorError
 * `source-unread` if the client fails.
 */
export async function askClient(
  { program, args, env }: Client,
  about: {
    readonly path: string;
    readonly folder: PrivateFolder;
    readonly script: string;
    readonly answer: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { path, folder, script, answer } = about;
  const complaint = folder.file('complaint');
  const fds = [
    openSync(script, 'r'),
    openSync(answer, 'w', 0o600),
    openSync(complaint, 'w', 0o600),
  ];
  const base = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: folder.path };
  try {
    using deadline = openDeadline(queryMs, about.signal);
    const { signal } = deadline;
    const stdio = fds as [number, number, number];
    const child = spawn(program, args, { stdio, env: { ...base, ...env }, signal });
    const [code] = (await once(child, 'exit')) as [number | null];
    const said = readFileSync(complaint, 'utf8').trim().split('\n')[0] ?? '';
    if (code !== 0) throw unanswered(path, `${program} ended with ${code}: ${said}`, undefined);
  } catch (cause) {
    throw cause instanceof OperatorError ? cause : unanswered(path, `${program} failed`, cause);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function unanswered(path: string, why: string, cause: unknown): OperatorError {
  return new OperatorError('source-unread', `the database of ${path} cannot be read: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'run the client program by hand with the same settings',
    exit: sysexits.unavailable,
  });
}

/** The first of these programs that is installed. */
export function needed(path: string, programs: readonly string[]): string {
  const found = programs.find((program) => existsSync(program));
  if (found !== undefined) return found;
  throw new OperatorError('source-unfit', `${path} needs ${programs[0]}, which is not installed`, {
    hint: 'apt-get install postgresql-client, mariadb-client, or ldap-utils',
    exit: sysexits.unavailable,
  });
}
