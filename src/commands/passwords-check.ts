/** `postern passwords check`: is the password on standard input good enough? For pam_exec, Dovecot, web panels. */
import { once } from 'node:events';
import { readSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { whereOf } from '../config/values.ts';
import { verdictText } from '../core/passwords/verdict.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { openCheck } from '../passwords/check.ts';
import { openCheckDoor } from '../passwords/check-door.ts';
import { forbidCoreFiles } from '../passwords/seclusion.ts';
import { jsonLine } from './help.ts';
import { print, warn } from './program.ts';
import { usualConfig } from './usual-config.ts';

export type CheckCommandOptions = {
  readonly config?: string;
  readonly account?: string;
  readonly listen?: string;
  readonly json?: true;
};

const passwordBytesMax = 1_024;
const socketMode = 0o660;
const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/;

export async function checkCommand(options: CheckCommandOptions, command: Command): Promise<void> {
  forbidCoreFiles();
  const { passwords } = loadConfig(options.config ?? usualConfig()).config;
  const check = openCheck({
    lists: [...passwords.leaked_lists, ...(passwords.top_list === '' ? [] : [passwords.top_list])],
    ...{ rangeFiles: passwords.range_files, rangeService: passwords.range_service },
    scoreMin: passwords.minimum_score,
    trouble: (fault) => warn(command, `postern: ${fault.message}\n`),
  });
  if (options.listen !== undefined) {
    await serve(options.listen, check, command);
    return;
  }
  // pam_exec says whose it is in its environment.
  const account = options.account ?? process.env['PAM_USER'] ?? '';
  const verdict = await check(readPassword(), account);
  print(command, options.json === true ? jsonLine(verdict) : `${verdictText(verdict)}\n`);
  if (!verdict.ok) process.exitCode = 1;
}

/** The first line; pam_exec ends it with a zero byte. */
function readPassword(): Buffer {
  const buffer = Buffer.alloc(passwordBytesMax);
  let length = 0;
  while (length < buffer.length) {
    const got = readSync(0, buffer, length, buffer.length - length, null);
    if (got === 0) break;
    length += got;
    if (buffer.subarray(0, length).includes(10)) break;
  }
  const ends = [10, 0, 13].map((byte) => buffer.subarray(0, length).indexOf(byte));
  const end = Math.min(length, ...ends.filter((at) => at >= 0));
  return buffer.subarray(0, end);
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
      `--listen on ${where.host}: passwords would cross the network`,
      {
        hint: 'inet:127.0.0.1:PORT or unix:/PATH, and an SSH tunnel from elsewhere',
        exit: sysexits.usage,
      },
    );
  }
  const door = await openCheckDoor(where, check);
  print(command, `passwords are checked on ${door.address}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await door.close();
}
