/** The thread of statistics-reader.ts: a ledger opened for reading alone; a question comes in, its answer goes out. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import type { StatsQuery } from '../../ports-stats.ts';
import { openLedger } from './open.ts';

const path: unknown = workerData.path;
assert(typeof path === 'string', 'the thread is given a path');
assert(parentPort !== null, 'this file runs as a thread');
const port = parentPort;
const ledger = openLedger(path, { readOnly: true });

// What goes wrong ends the thread: whoever asked is told so, and the next question has a new one.
port.on('message', (query: StatsQuery) => port.postMessage(ledger.stats(query)));
