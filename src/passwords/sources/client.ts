/**
 * A database or directory is asked by its own client program, as a file says that Dovecot asks it.
 * What it is asked comes from a file of the private folder, and its answer goes into one: never
 * through a pipe of Node's, and never by a command line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { openDeadline } from '../../lib/deadline.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';

/** What does not answer must not hold up the audit for ever; a million rows take a minute. */
const queryMs = 10 * 60_000;

/** `key = value` a line, keys in small letters. Throws OperatorError `source-unread`. */
export function readSettings(path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  // A backslash at the end goes on with the next line.
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

export function unfit(path: string, why: string): OperatorError {
  return new OperatorError('source-unfit', `${path}: ${why}`, {
    hint: 'docs/passwords.md shows a file with which a database or directory is read',
    exit: sysexits.config,
  });
}

export type Client = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** `signal`: the audit is to end. */
export type AskHow = {
  readonly folder: PrivateFolder;
  readonly domain?: string;
  readonly signal: AbortSignal;
};

/**
 * Throws OperatorError `source-unread` where it fails; `path`: the file of the operator that says
 * how it is asked.
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
    hint: 'try the same with the client program by hand',
    exit: sysexits.unavailable,
  });
}

export function needed(path: string, programs: readonly string[]): string {
  const found = programs.find((program) => existsSync(program));
  if (found !== undefined) return found;
  throw new OperatorError('source-unfit', `${path} needs ${programs[0]}, which is not there`, {
    hint: 'apt-get install postgresql-client, mariadb-client, or ldap-utils',
    exit: sysexits.unavailable,
  });
}
