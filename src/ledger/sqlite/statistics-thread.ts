/** The thread of statistics-reader.ts: answers one question after another from the ledger. */
import type { StatsQuery } from '../../ports/stats.ts';
import { openLedger } from './open.ts';
import { threadBegins } from './threads.ts';

const { path, port } = threadBegins();
const ledger = openLedger(path, { readOnly: true });

// A fault ends the thread: whoever asked is told, and the next question starts a new one.
port.on('message', (query: StatsQuery) => port.postMessage(ledger.stats(query)));
