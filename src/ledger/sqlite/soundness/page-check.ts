/**
 * Looks through all pages of the ledger, soon after the start and once a day: damage that nobody
 * reads would otherwise be found when it is needed. SQLite does this in a child process with the
 * lowest priority, table by table, so that no read transaction lasts longer than one table. The
 * child can be killed at once; a thread could not be.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { dayMs, minuteMs, secondMs } from '../../../lib/time.ts';
import type { Log } from '../../../ports/world.ts';

const firstMs = 10 * secondMs;
/** A ledger of many gigabytes on a slow disk is looked through as far as this time allows. */
const deadlineMs = 30 * minuteMs;
/** Memory of the child's JavaScript, which only names the tables. */
const memoryMb = 32;
/** What it says about one page is a line; more is not needed. */
const answerBytesMax = 10_000;

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const program = new URL(`page-check-process.${ending}`, import.meta.url).pathname;

export type PageCheckOptions = {
  readonly log: Log;
  /** Gets what is damaged, or undefined if every page is sound. */
  readonly checked: (why: string | undefined) => void;
};

/** Starts the checks. Returns what stops them. */
export function startPageChecks(path: string, { log, checked }: PageCheckOptions): () => void {
  let child: ChildProcess | undefined;
  let stopped = false;
  const check = (): void => {
    if (child !== undefined) return;
    const running = startCheck(path, ({ answer, code }) => {
      child = undefined;
      if (stopped) return;
      if (code === 0) checked(answer === '' ? undefined : answer);
      else log('info', 'ledger.check-unfinished', { path, code });
    });
    child = running;
  };
  const first = setTimeout(check, firstMs).unref();
  const daily = setInterval(check, dayMs).unref();
  return () => {
    stopped = true;
    clearTimeout(first);
    clearInterval(daily);
    child?.kill('SIGKILL');
  };
}

/** `code`: null if the child was killed; 0 if it looked at every page. */
export function startCheck(
  path: string,
  done: (found: { readonly answer: string; readonly code: number | null }) => void,
): ChildProcess {
  const child = spawn(process.execPath, [`--max-old-space-size=${memoryMb}`, program, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.unref();
  lowestPriority(child);
  let answer = '';
  child.stdout.on('data', (chunk: Buffer) => {
    answer = (answer + chunk.toString()).slice(0, answerBytesMax);
  });
  const late = setTimeout(() => child.kill('SIGKILL'), deadlineMs).unref();
  child.on('error', () => undefined); // then it also closes
  child.on('close', (code) => {
    clearTimeout(late);
    done({ answer: answer.trim(), code });
  });
  return child;
}

function lowestPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It may have ended already.
  }
}
