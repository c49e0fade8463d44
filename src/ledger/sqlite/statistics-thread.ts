/**
 * The thread of statistics-reader.ts: a ledger opened for reading alone; a question comes in, its
 * answer goes out.
 */
import type { StatsQuery } from '../../ports/stats.ts';
import { openLedger } from './open.ts';
import { threadBegins } from './threads.ts';

const { path, port } = threadBegins();
const ledger = openLedger(path, { readOnly: true });

// What goes wrong ends the thread: whoever asked is told so, and the next question has a new one.
port.on('message', (query: StatsQuery) => port.postMessage(ledger.stats(query)));
