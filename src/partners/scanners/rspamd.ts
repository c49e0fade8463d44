/**
 * Asks rspamd over HTTP on connections that are reused: its normal worker (port 11333) or its
 * proxy.
 */
import { Agent, request } from 'node:http';
import type { ScanReport } from '../../core/scan/report.ts';
import { TooLargeError } from '../../core/scan/too-large.ts';
import { parseRspamdReply } from '../../formats/scan/rspamd.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import type { Scanner } from '../../ports/scan.ts';
import { addressText, overdue } from './scan-socket.ts';

const replyOctetsMax = 1024 * 1024;
/** Less than rspamd waits for the next request on a connection (30 s). */
const idleMs = 10_000;

export function openRspamd(options: {
  readonly where: SocketAddress;
  readonly octetsMax: number;
  readonly connections: number;
}): Scanner {
  const { where } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections, timeout: idleMs });
  const to = 'path' in where ? { socketPath: where.path } : { host: where.host, port: where.port };
  const post = (octets: Buffer, deadlineMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          ...to,
          agent,
          method: 'POST',
          path: '/checkv2',
          headers: { 'Content-Length': octets.length, 'Content-Type': 'application/octet-stream' },
        },
        (answer) => {
          // rspamd's max_message is below what it was sent.
          if (answer.statusCode === 413) {
            asked.destroy(new TooLargeError(`rspamd at ${addressText(where)} does not take it`));
            return;
          }
          const chunks: Buffer[] = [];
          let length = 0;
          answer.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > replyOctetsMax) asked.destroy(new Error('its answer is too long'));
            else chunks.push(chunk);
          });
          answer.on('error', reject);
          answer.on('end', () => resolve(Buffer.concat(chunks).toString()));
        },
      );
      const timer = setTimeout(() => asked.destroy(overdue(where, deadlineMs)), deadlineMs);
      asked.on('close', () => clearTimeout(timer));
      asked.on('error', reject);
      asked.end(octets);
    });
  return {
    name: 'rspamd',
    octetsMax: options.octetsMax,
    async scan(octets, deadlineMs): Promise<ScanReport> {
      const reply = parseRspamdReply(await post(octets, deadlineMs));
      if (!reply.ok) throw new Error(`rspamd at ${addressText(where)}: ${reply.error}`);
      const { score, rules, mark, action: name, isSpam, highest } = reply.value;
      const action = { name, isSpam, highest };
      return { scanner: 'rspamd', score, required: mark, action, rules, virus: '' };
    },
    close: () => agent.destroy(),
  };
}
