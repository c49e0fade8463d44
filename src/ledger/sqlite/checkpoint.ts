/**
 * Folds the write-ahead log into the ledger's file, in a thread of its own: a checkpoint of
 * scattered pages takes tens of milliseconds and waits for the disk, too long for the event loop
 * that answers mail. The thread starts with the first checkpoint that is due, so that short-lived
 * commands never pay for it.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../ports/world.ts';
import { threadFile } from './threads.ts';

/** Changes between checkpoints: some 1,000 pages when they are scattered. */
const changesBetween = 300;
/** What SQLite does by itself, in pages: only where the thread cannot keep up (32 MB), or died. */
export const walPagesMax = 8_000;
export const walPagesWithoutThread = 1_000;
const threadMemoryMb = 16;

export type Checkpoints = {
  /** So many changes have been written. */
  wrote(changes: number): void;
  stop(): void;
};

export type CheckpointOptions = {
  readonly log: Log;
  /** The thread died; SQLite has to do it within writes again. */
  readonly onDead: () => void;
};

export function checkpoints(path: string, { log, onDead }: CheckpointOptions): Checkpoints {
  let thread: Worker | undefined;
  let running = false;
  let dead = false;
  let since = 0;

  function die(error: unknown): void {
    if (dead) return;
    dead = true;
    log('warn', 'ledger.checkpoint-thread-died', { path, error: String(error) });
    onDead();
  }

  function start(): Worker {
    const started = new Worker(threadFile('checkpoint-thread'), {
      workerData: { path },
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
      dead = true;
      thread?.postMessage('stop');
    },
  };
}
