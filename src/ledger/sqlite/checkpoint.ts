/**
 * Folds the write-ahead log into the ledger's file, in a thread of its own. A checkpoint of
 * scattered pages takes tens of milliseconds and waits for the disk: too long for the event loop
 * that answers mail. The thread starts when the first checkpoint is due, so that short commands
 * never pay for it.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../ports/world.ts';
import { connection, threadFile } from './threads.ts';

/** Changes between checkpoints: some 1,000 pages if they are scattered. */
const changesBetween = 300;
/** Pages after which SQLite makes a checkpoint itself (32 MB): if the thread is slow or died. */
export const walPagesMax = 8_000;
export const walPagesWithoutThread = 1_000;
const threadMemoryMb = 16;
/** The thread ends a checkpoint and its connection within this time, or is not waited for. */
const stopMs = 2_000;

export type Checkpoints = {
  /** Adds to the number of changes that were written. */
  wrote(changes: number): void;
  /** The thread leaves the file alone from here on; waits until its connection is closed. */
  stop(): void;
};

export type CheckpointOptions = {
  readonly log: Log;
  /** Called if the thread died: SQLite must then make checkpoints within writes again. */
  readonly onDead: () => void;
};

export function checkpoints(path: string, { log, onDead }: CheckpointOptions): Checkpoints {
  let thread: Worker | undefined;
  let running = false;
  let dead = false;
  let since = 0;
  const state = new Int32Array(new SharedArrayBuffer(4));

  function die(error: unknown): void {
    if (dead) return;
    dead = true;
    log('warn', 'ledger.checkpoint-thread-died', { path, error: String(error) });
    onDead();
  }

  function start(): Worker {
    const started = new Worker(threadFile('checkpoint-thread'), {
      workerData: { path, state },
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb, maxYoungGenerationSizeMb: 2 },
      name: 'ledger-checkpoint',
    });
    started.on('message', () => {
      running = false;
    });
    started.on('error', die);
    started.unref();
    return started;
  }

  return {
    wrote(changes) {
      since += changes;
      if (dead || running || since < changesBetween) return;
      since = 0;
      running = true;
      thread ??= start();
      thread.postMessage('checkpoint');
    },
    stop() {
      const before = Atomics.compareExchange(state, 0, connection.none, connection.over);
      thread?.postMessage('stop');
      // A thread that died closes nothing.
      if (!dead && before === connection.open) Atomics.wait(state, 0, connection.open, stopMs);
      dead = true;
    },
  };
}
