/**
 * The same milter door with a gate that accepts everything: what is measured is the door alone.
 * Prints its address.
 */

import { acceptAll } from '../src/doors/milter/accept-all.ts';
import { openMilter } from '../src/doors/milter/server.ts';
import type { Millis } from '../src/lib/time.ts';

const door = await openMilter(
  { host: '127.0.0.1', port: 0 },
  {
    gate: acceptAll,
    clock: { now: () => Date.now() as Millis },
    log: () => {},
    count: () => {},
  },
);
process.stdout.write(`${JSON.stringify({ ready: true, address: door.address })}\n`);
