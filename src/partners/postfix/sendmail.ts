/**
 * Runs the mail server's own sendmail with a file as its standard input. It continues even if
 * Postern ends, and the message is on its disk when it exits with 0. Also wakes Postfix's
 * pickup(8), which otherwise looks once a minute.
 */
import { spawn } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { SendOutcome } from '../../ports/handover.ts';
import type { RunSendmail } from '../spool/handover-files.ts';

/** Postfix's sendmail takes milliseconds, unless the disk is slow. */
const deadlineMs = 60_000;
/** How much of an error message is kept. */
const complaintBytesMax = 1_000;

export function realSendmail(of: {
  readonly program: string;
  readonly configDirectory: string;
}): RunSendmail {
  const before = of.configDirectory === '' ? [] : ['-C', of.configDirectory];
  return (args, input) =>
    new Promise<SendOutcome>((resolve) => {
      const child = spawn(of.program, [...before, ...args], {
        argv0: 'sendmail',
        stdio: [input, 'ignore', 'pipe'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      });
      let said = '';
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, deadlineMs);
      child.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-complaintBytesMax);
      });
      child.on('error', (cause) => {
        clearTimeout(timer);
        resolve({ kind: 'refused', why: cause.message });
      });
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        const why = said.trim().split('\n').at(-1) ?? '';
        if (code === 0) resolve({ kind: 'sent' });
        else if (late || signal !== null) resolve({ kind: 'unknown', why: `ended by ${signal}` });
        else resolve({ kind: 'refused', why: why === '' ? `exit ${code}` : why });
      });
    });
}

/**
 * Tells pickup(8) to look now. Returns whether it may have received that. If it does not listen, it
 * looks when it starts.
 */
export function wakePickup(queueDirectory: string): Promise<boolean> {
  const path = join(queueDirectory, 'public', 'pickup');
  const socket = connect({ path });
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true));
    // Nobody listens; or it is a FIFO, as in an old master.cf, which says nothing about readers.
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      resolve(!(code === 'ENOENT' || (code === 'ECONNREFUSED' && isSocket(path))));
    });
    socket.on('close', () => resolve(true));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.end('W');
    socket.resume();
  });
}

/** False also where the folder cannot be looked into. */
function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}
