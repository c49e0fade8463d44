/** What the ledger's threads share: where their file is, and how they begin. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';

/** The ending of this file's name: .ts in the source tree, .js if it was compiled. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/**
 * Whether the checkpoint thread has the file open. Both threads change it in one step, so that it
 * opens nothing once the ledger is closed.
 */
export const connection = { none: 0, open: 1, over: 2 } as const;

/** The file that a thread runs; `workerData` must have the ledger's `path`. */
export function threadFile(thread: 'checkpoint-thread' | 'statistics-thread'): URL {
  return new URL(`${thread}.${ending}`, import.meta.url);
}

/** Within a thread: the ledger's path, and the way to whoever started it. */
export function threadBegins(): { readonly path: string; readonly port: MessagePort } {
  const path: unknown = workerData.path;
  assert(typeof path === 'string', 'the thread is given a path');
  assert(parentPort !== null, 'this file runs as a thread');
  return { path, port: parentPort };
}
