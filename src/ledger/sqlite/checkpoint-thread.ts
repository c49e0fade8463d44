/**
 * The thread of checkpoint.ts: on request it folds the log into the file, over a connection of its
 * own that never blocks the writer.
 */
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import { connection, threadBegins } from './threads.ts';

const { path, port } = threadBegins();
const state: unknown = workerData.state;
assert(state instanceof Int32Array, 'the thread is told whether the ledger is open');
const before = Atomics.compareExchange(state, 0, connection.none, connection.open);
if (before === connection.none) fold(path, port, state);

function fold(path: string, port: MessagePort, state: Int32Array): void {
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec('PRAGMA cache_size = -256');
  port.on('message', (order: unknown) => {
    if (order === 'stop') {
      database.close();
      Atomics.store(state, 0, connection.over);
      Atomics.notify(state, 0);
      port.close();
      return;
    }
    try {
      // PASSIVE never waits for a reader or the writer and makes none wait.
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // A full disk, or a lock: the log stays as it is, nothing is lost, and the next request tries
      // again.
    }
    port.postMessage('done');
  });
}
