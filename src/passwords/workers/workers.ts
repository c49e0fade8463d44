/**
 * Our own workers: processes at low priority with limited memory, each of which does one job at a
 * time.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type Sandbox, spawnSandboxed } from '../sandbox/sandbox.ts';
import type { WorkerDone, WorkerJob } from './hash-worker.ts';

export type Workers = Disposable & {
  /**
   * Runs all jobs, one on each worker at a time. Each job is made just before it runs, and left out
   * if it is undefined. False if the signal came before all were done.
   */
  run(
    jobs: readonly (() => WorkerJob | undefined)[],
    done: (done: WorkerDone) => void,
    signal: AbortSignal,
  ): Promise<boolean>;
};

/** Memory limit of V8. Argon2 needs memory beside it, for one hash at a time. */
const heapMegabytesMax = 128;

export function openWorkers(sandbox: Sandbox, count: number): Workers {
  const idle: ChildProcess[] = [];
  const gone = new Map<ChildProcess, Promise<undefined>>();
  const all = new Set<ChildProcess>();
  const start = (): ChildProcess => {
    const file = join(import.meta.dirname, 'hash-worker.ts');
    const quiet = [
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${heapMegabytesMax}`,
    ];
    const child = spawnSandboxed([...sandbox.worker, process.execPath, ...quiet, file], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    all.add(child);
    child.once('exit', () => all.delete(child));
    gone.set(
      child,
      once(child, 'exit').then(() => undefined),
    );
    return child;
  };
  const one = async (job: WorkerJob, signal: AbortSignal): Promise<WorkerDone | undefined> => {
    if (signal.aborted) return undefined;
    const child = idle.pop() ?? start();
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    try {
      child.send(job);
      const answer = new Promise<WorkerDone>((resolve) => child.once('message', resolve));
      const done = await Promise.race([answer, gone.get(child)]);
      if (done === undefined && !signal.aborted) throw died();
      if (done !== undefined) idle.push(child);
      return done;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
  return {
    async run(jobs, done, signal) {
      let next = 0;
      let whole = true;
      const lane = async (): Promise<void> => {
        for (let make = jobs[next++]; make !== undefined; make = jobs[next++]) {
          const job = make();
          if (job === undefined) continue;
          const answer = await one(job, signal);
          if (answer === undefined) whole = false;
          else done(answer);
        }
      };
      await Promise.all(Array.from({ length: Math.min(count, jobs.length) }, lane));
      return whole;
    },
    [Symbol.dispose]() {
      for (const child of all) child.kill('SIGKILL');
    },
  };
}

function died(): OperatorError {
  return new OperatorError('worker-died', 'a process that tries passwords ended unexpectedly', {
    hint: 'perhaps memory ran out (see the kernel log); run fewer processes: --cpus 1',
    exit: sysexits.osErr,
  });
}
