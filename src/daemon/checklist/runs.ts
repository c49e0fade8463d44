/**
 * Runs the checklist for the guard: soon after the start and then once a day, as a child process at
 * low priority. The child reports as any other run does. What only root can read is unknown to it.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { dayMs, minuteMs, secondMs } from '../../lib/time.ts';
import type { Log } from '../../ports/world.ts';

export type ChecklistProgram = {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** How long after the start of the guard; by default a minute. */
  readonly afterMs?: number;
  /** How long a run may take; by default two minutes. */
  readonly limitMs?: number;
};

const usuallyAfterMs = 60 * secondMs;
const usualLimitMs = 2 * minuteMs;
/** What the child said last, for the log. */
const saidMax = 1_000;

/** Answers with what ends the runs. A run that is on ends, too. */
export function startChecklistRuns(
  {
    words: [program = '', ...args],
    afterMs = usuallyAfterMs,
    limitMs = usualLimitMs,
  }: ChecklistProgram,
  { log, setRunning }: { readonly log: Log; readonly setRunning: (isRunning: boolean) => void },
): () => void {
  let stop: (() => void) | undefined;
  let isEnded = false;
  const run = (): void => {
    if (stop !== undefined) return; // one at a time
    const child = spawn(program, args, {
      cwd: '/',
      // Its processes end together.
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...ownPlace() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    lowPriority(child.pid);
    setRunning(true);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-saidMax);
    });
    const kill = (): void => killGroup(child.pid);
    stop = kill;
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      kill();
    }, limitMs);
    const over = (why: string): void => {
      if (stop !== kill) return;
      stop = undefined;
      clearTimeout(late);
      setRunning(false);
      // The guard ends a run when it ends itself: that is no fault.
      if (why !== '' && !isEnded) log('warn', 'checklist.not-run', { why });
    };
    child.on('error', (error) => over(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) over('');
      else if (isLate) over(`it took longer than ${limitMs / secondMs} s`);
      else over(signal === null ? said.trim() || `it ended with ${code}` : `ended by ${signal}`);
    });
    child.unref();
  };
  const first = setTimeout(run, afterMs);
  const daily = setInterval(run, dayMs);
  first.unref();
  daily.unref();
  return () => {
    isEnded = true;
    clearTimeout(first);
    clearInterval(daily);
    stop?.();
  };
}

/** How this program was called, for texts of commands, and where its compiled code is kept. */
function ownPlace(): Readonly<Record<string, string>> {
  const names = ['POSTERN_LAUNCHER', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function lowPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It may have ended already.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes have ended already.
  }
}
