/**
 * `postern passwords check`: says whether a new password is good enough. For pam_exec, Dovecot and
 * web panels.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { whereOf } from '../../config/values.ts';
import { verdictText } from '../../core/passwords/verdict.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openCheck } from '../../passwords/check/check.ts';
import { openCheckDoor } from '../../passwords/check/check-door.ts';
import { forbidCoreFiles } from '../../passwords/sandbox/sandbox.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { plain } from '../terminal/format.ts';
import { jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';

export type CheckCommandOptions = {
  readonly config?: string;
  readonly account?: string;
  readonly listen?: string;
  readonly checkpassword?: true;
  readonly json?: true;
};

const passwordBytesMax = 1_024;
const socketMode = 0o660;
const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/;

/** `reply`: with --checkpassword, the program that accepts the login for Dovecot, and arguments. */
export async function checkCommand(
  reply: readonly string[],
  options: CheckCommandOptions,
  command: Command,
): Promise<void> {
  forbidCoreFiles();
  const { passwords } = loadConfig(options.config ?? usualConfig()).config;
  const check = openCheck({
    lists: [...passwords.leaked_lists, ...(passwords.top_list === '' ? [] : [passwords.top_list])],
    rangeFiles: passwords.range_files,
    rangeService: passwords.range_service,
    scoreMin: passwords.minimum_score,
    fault: (fault) => warn(command, `postern: ${fault.message}\n`),
  });
  if (options.listen !== undefined) {
    await serve(options.listen, check, command);
    return;
  }
  if (options.checkpassword === true) {
    process.exitCode = await checkpassword(reply, check, command);
    return;
  }
  // pam_exec names the account in the environment.
  const account = options.account ?? process.env['PAM_USER'] ?? '';
  const password = readPassword();
  if (password.length === 0 && process.env['PAM_TYPE'] === 'password') throw nothingCame();
  const verdict = await check(password, account);
  print(command, options.json === true ? jsonLine(verdict) : `${verdictText(verdict)}\n`);
  if (!verdict.ok) process.exitCode = 1;
}

/** Linux-PAM up to 1.5 gives passwords only to `auth`, and says so only in the system's log. */
function nothingCame(): OperatorError {
  return new OperatorError('pam-exec', 'pam_exec did not pass on the new password', {
    hint: 'expose_authtok in a password stack needs Linux-PAM of Debian 13 or later',
    exit: sysexits.unavailable,
  });
}

/** The first line of standard input; pam_exec ends it with a zero byte. */
function readPassword(): Buffer {
  const { buffer, length } = readAll(0, (bytes) => bytes.includes(10));
  const ends = [10, 0, 13].map((byte) => buffer.subarray(0, length).indexOf(byte));
  const end = Math.min(length, ...ends.filter((at) => at >= 0));
  return buffer.subarray(0, end);
}

/** Reads until the end, or until `done` says that it is enough. */
function readAll(
  fd: number,
  done: (bytes: Buffer) => boolean,
): { readonly buffer: Buffer; readonly length: number } {
  const buffer = Buffer.alloc(passwordBytesMax);
  let length = 0;
  while (length < buffer.length) {
    const got = readSync(fd, buffer, length, buffer.length - length, null);
    length += got;
    if (got === 0 || done(buffer.subarray(0, length))) break;
  }
  return { buffer, length };
}

/** Exit codes of checkpassword: refused, called wrongly, temporary failure. */
const [refused, misused, later] = [1, 2, 111];

/**
 * Serves Dovecot's passdb `checkpassword`. Login and password come on descriptor 3, each with a
 * zero byte behind. If the password is good, the program in our arguments tells Dovecot on
 * descriptor 4.
 */
async function checkpassword(
  [program, ...args]: readonly string[],
  check: ReturnType<typeof openCheck>,
  command: Command,
): Promise<number> {
  const { buffer, length } = readAll(3, () => false);
  const [first, second] = [buffer.indexOf(0), buffer.indexOf(0, buffer.indexOf(0) + 1)];
  if (program === undefined || first < 0 || second < 0 || second >= length) {
    buffer.fill(0);
    return misused;
  }
  const account = buffer.toString('utf8', 0, first);
  const verdict = await check(buffer.subarray(first + 1, second), account);
  buffer.fill(0);
  if (!verdict.ok) {
    warn(command, `postern: ${plain(account)}: ${verdictText(verdict)}\n`);
    return refused;
  }
  const stdio = ['inherit' as const, 'inherit' as const, 'inherit' as const, 'ignore' as const, 4];
  const child = spawn(program, args, { stdio, env: { ...process.env, USER: account } });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? later;
}

async function serve(
  address: string,
  check: ReturnType<typeof openCheck>,
  command: Command,
): Promise<void> {
  const where = whereOf(address, socketMode);
  if (where === undefined) {
    throw new OperatorError('usage', '--listen must be inet:HOST:PORT or unix:/PATH', {
      exit: sysexits.usage,
    });
  }
  if (!('path' in where) && !loopback.test(where.host)) {
    throw new OperatorError(
      'usage',
      `--listen on ${where.host} would send passwords over the network unencrypted`,
      {
        hint: 'use inet:127.0.0.1:PORT or unix:/PATH, and an SSH tunnel from other hosts',
        exit: sysexits.usage,
      },
    );
  }
  // Root makes no socket in a folder of another user, who could put a link there.
  if ('path' in where) becomeOwnerOf(dirname(where.path));
  const door = await openCheckDoor(where, check);
  print(command, `passwords are checked on ${door.address}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await door.close();
}
