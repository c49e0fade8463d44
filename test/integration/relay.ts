/**
 * Makes a name server answer at another address too, by UDP: named listens only where an interface
 * is.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { DnsServer } from '../../src/formats/dns/server-address.ts';

export async function openRelay(at: DnsServer, to: DnsServer): Promise<AsyncDisposable> {
  const front = createSocket('udp4').bind(at.port, at.address);
  await once(front, 'listening');
  const behind = new Set<Socket>();
  front.on('message', (query, from) => {
    const back = createSocket('udp4');
    behind.add(back);
    back.on('message', (reply) => front.send(reply, from.port, from.address));
    back.send(query, to.port, to.address);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of [front, ...behind]) socket.close();
    },
  };
}
