/**
 * Recorded events in batches. From some size on a thread reads the lines while this one judges what
 * was in the lines before; the order and the faults are the same.
 */
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { EventBatch } from '../../flow/replay/batches/layout.ts';
import { EventReader } from '../../flow/replay/batches/read-events.ts';
import { type LinesRead, readLines, type TakeEvent } from './event-lines.ts';
import { type LinePiece, linePieces, tooLongText } from './input.ts';

export type ReaderTold = 'ready' | ThreadRead;
type ThreadRead = LinesRead & { readonly batch: EventBatch };

export type Events = {
  /** Of the input. */
  readonly bytes: number;
  /** Calls `take` for each event. Batches are read whole and in order. */
  read(take: TakeEvent): LinesRead;
};

/** The ending of this file's name: .ts in the source tree, .js if it was compiled. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
/** From this much input on a thread is worth its start. */
const threadFrom = 1024 * 1024;
/** Pieces of the input that the thread has, and this one has not got back. */
const aheadMax = 4;
/** A thread needs the texts of its batches, and the longest line. */
const threadLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 48 };

export async function* eventBatches(source: Readable): AsyncGenerator<Events> {
  let thread: ReadingThread | undefined;
  const asked: Promise<Events>[] = [];
  let seen = 0;
  try {
    for await (const piece of linePieces(source)) {
      seen += piece.bytes.length;
      if (seen >= threadFrom && availableParallelism() > 1) thread ??= new ReadingThread();
      // Until it has begun, and behind the end of what can be read, this thread reads.
      if (piece.isTooLong || thread?.isReady !== true) {
        yield* inOrder(asked, 0);
        yield readHere(piece);
      } else {
        asked.push(thread.read(piece.bytes));
        yield* inOrder(asked, aheadMax);
      }
    }
    yield* inOrder(asked, 0);
  } catch (fault) {
    // What stood before the fault comes first.
    yield* inOrder(asked, 0);
    throw fault;
  } finally {
    await thread?.end();
  }
}

/** Those that were asked for first, until so many are left. */
async function* inOrder(asked: Promise<Events>[], left: number): AsyncGenerator<Events> {
  while (asked.length > left) {
    const first = asked.shift();
    if (first !== undefined) yield await first;
  }
}

function readHere({ bytes, isTooLong }: LinePiece): Events {
  const fault = { line: 0, text: tooLongText };
  return {
    bytes: bytes.length,
    read: (take) => (isTooLong ? { lines: 0, fault } : readLines(bytes, take)),
  };
}

type Waiting = {
  readonly read: (told: ThreadRead) => void;
  readonly failed: (why: unknown) => void;
};

class ReadingThread {
  isReady = false;
  readonly #thread: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #reader = new EventReader();

  constructor() {
    this.#thread = new Worker(new URL(`event-thread.${ending}`, import.meta.url), {
      resourceLimits: threadLimits,
      name: 'events',
    });
    this.#thread.on('message', (told: ReaderTold) => {
      if (told === 'ready') this.isReady = true;
      else this.#waiting.shift()?.read(told);
    });
    this.#thread.on('error', (why) => {
      for (const { failed } of this.#waiting.splice(0)) failed(why);
    });
  }

  read(bytes: Buffer): Promise<Events> {
    // Shared: V8 does without checks as long as no buffer of this thread has changed hands.
    const own = new Uint8Array(new SharedArrayBuffer(bytes.length));
    own.set(bytes);
    const told = new Promise<ThreadRead>((read, failed) => this.#waiting.push({ read, failed }));
    this.#thread.postMessage(own);
    const events = told.then(({ batch, ...read }) => ({
      bytes: own.length,
      read: (take: TakeEvent): LinesRead => {
        this.#reader.read(batch, take);
        return read;
      },
    }));
    // Whoever takes the batches in order is told.
    events.catch(() => {});
    return events;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
