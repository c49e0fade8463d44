/**
 * The thread of checkpoint.ts: on request it folds the log into the file, over a connection of its
 * own that never blocks the writer.
 */
import { DatabaseSync } from 'node:sqlite';
import { threadBegins } from './threads.ts';

const { path, port } = threadBegins();
const database = new DatabaseSync(path, { timeout: 0 });
database.exec('PRAGMA cache_size = -256');

port.on('message', (order: unknown) => {
  if (order === 'stop') {
    database.close();
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
