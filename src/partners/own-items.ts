/**
 * Runs the programs of the operator's own items: without a shell, never as root, with a small
 * environment, and with limits on time and output. Its whole process group ends with it.
 */
import { spawn } from 'node:child_process';
import type { OwnEnd } from '../core/checklist/items/own.ts';
import { secondMs } from '../lib/time.ts';

/** Undefined: this process is that user already. */
export type OwnUser = { readonly uid: number; readonly gid: number };

const limitMs = 10 * secondMs;
const outputBytesMax = 4_096;
/** To read the rest of the output. */
const restMs = 500;
/** Programs at once. */
const atOnceMax = 10;

/** The ends, in the order of the commands. `user`: who the programs run as, if this is root. */
export async function runOwnItems(
  commands: readonly (readonly string[])[],
  user: OwnUser | undefined,
  limit: number = limitMs,
): Promise<readonly OwnEnd[]> {
  const ends: OwnEnd[] = [];
  const waiting = [...commands.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, command] = next;
      ends[at] = await runOwnItem(command, user, limit);
    }
  };
  await Promise.all(Array.from({ length: atOnceMax }, worker));
  return ends;
}

function runOwnItem(
  [program = '', ...args]: readonly string[],
  user: OwnUser | undefined,
  limit: number,
): Promise<OwnEnd> {
  const uid = user?.uid ?? process.geteuid?.() ?? 0;
  if (uid === 0) {
    const why = 'not run: root owns the state folder, and such programs never run as root';
    return Promise.resolve({ kind: 'not run', why });
  }
  const { promise, resolve } = Promise.withResolvers<OwnEnd>();
  const child = spawn(program, args, {
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }), // and no other groups
    cwd: '/',
    // A process group of its own, so that all its processes can be ended.
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = Buffer.alloc(0);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      const room = outputBytesMax - output.length;
      if (room > 0) output = Buffer.concat([output, chunk.subarray(0, room)]);
    });
  }
  const done = (end: OwnEnd): void => {
    clearTimeout(timer);
    killGroup(child.pid);
    // A process that left the group may hold the other ends.
    child.stdout.destroy();
    child.stderr.destroy();
    resolve(end);
  };
  const said = (): string => output.toString('utf8');
  const timer = setTimeout(() => {
    const why = `its program did not end within ${limit / secondMs} s`;
    done({ kind: 'failed', why, output: said() });
  }, limit);
  child.on('error', (error) => {
    done({ kind: 'failed', why: `its program did not start: ${startFault(error)}`, output: '' });
  });
  const ended = (exit: number | null, signal: string | null): void => {
    if (exit !== null) done({ kind: 'ended', exit, output: said() });
    else done({ kind: 'failed', why: `its program was ended by ${signal}`, output: said() });
  };
  child.on('exit', (exit, signal) => {
    clearTimeout(timer);
    killGroup(child.pid);
    // What it wrote last is still in the pipe; a process that left the group may hold it open.
    setTimeout(() => ended(exit, signal), restMs).unref();
  });
  child.on('close', ended);
  return promise;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes have ended already.
  }
}

function startFault(error: NodeJS.ErrnoException): string {
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'its user may not run it',
  };
  return words[error.code ?? ''] ?? error.message;
}
