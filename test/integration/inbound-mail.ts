/** What tests of incoming mail share: a friend and a stranger, settings, sending as one of them. */
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import type { ScriptedDns } from '../doubles/dns-server.ts';
import type { PostfixInstance } from './postfix-instance.ts';
import { connectSmtp, type Sent, type TestMessage } from './smtp-client.ts';

/** Its name, address and SPF agree. */
export const friend = '127.0.0.5';
/** Nothing in the DNS speaks for it. */
export const stranger = '127.0.0.6';

export const friendZone: readonly DnsRecord[] = [
  {
    name: 'friend.example',
    ttlSeconds: 0,
    type: 'TXT',
    strings: txtStrings(`v=spf1 ip4:${friend} -all`),
  },
  { name: '5.0.0.127.in-addr.arpa', ttlSeconds: 0, type: 'PTR', target: 'out.friend.example' },
  { name: 'out.friend.example', ttlSeconds: 0, type: 'A', address: friend },
];

/** Settings that judge mail from addresses of this machine too: only 127.0.0.9 is trusted. */
export function inboundSettings(
  dns: ScriptedDns,
  more: { readonly scan: string; readonly inbound: string },
): string {
  return `
mode = "guard"
host = "mail.test"
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
deadline = "10s"
trusted_networks = ["127.0.0.9"]
[scan]
${more.scan}
[inbound]
${more.inbound}
`;
}

export type InboundMessage = Partial<TestMessage> & { readonly id: string };

/** Sends a message to ann, from a client with this address. */
export async function sendAs(
  client: string,
  postfix: PostfixInstance,
  message: InboundMessage,
): Promise<Sent> {
  await using smtp = await connectSmtp(postfix.ports.smtp, { localAddress: client });
  const from = client === friend ? 'joe@friend.example' : 'win@shop.example';
  return await smtp.send({ from, to: ['ann@mail.test'], body: 'Hello.\r\n', ...message });
}
