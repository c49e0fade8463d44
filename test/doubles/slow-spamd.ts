/** A spamd that finds no spam, and answers only after `waitMs`, which a test may change. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type SlowSpamd = AsyncDisposable & {
  readonly address: string;
  waitMs: number;
  /** Messages answered. */
  scans: number;
};

/** With the head of the table of rules, so that nobody asks for their names. */
const table = '---- ---------------------- ----------------------------------------\n';
const head = `SPAMD/1.1 0 EX_OK\r\nContent-length: ${table.length}\r\nSpam: False ; 0.0 / 5.0`;
const answer = `${head}\r\n\r\n${table}`;

export async function startSlowSpamd(): Promise<SlowSpamd> {
  // The client ends its half when it has sent the message.
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const spamd: SlowSpamd = {
    address: `inet:127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`,
    waitMs: 0,
    scans: 0,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.on('end', async () => {
      await sleep(spamd.waitMs);
      spamd.scans++;
      socket.end(answer);
    });
  });
  return spamd;
}
