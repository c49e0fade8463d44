/**
 * The same milter door with a gate that accepts everything: what is measured is the door alone.
 * Prints its address.
 */

import { openMilter } from '../src/doors/milter/server.ts';
import type { Millis } from '../src/lib/time.ts';
import { acceptAll, plainPath } from '../test/doubles/path.ts';

const door = await openMilter(
  { host: '127.0.0.1', port: 0 },
  {
    path: plainPath(acceptAll),
    clock: { now: () => Date.now() as Millis },
    log: () => {},
    count: () => {},
  },
);
process.stdout.write(`${JSON.stringify({ ready: true, address: door.address })}\n`);
