/**
 * Receiving servers of several providers, each at an address of its own behind a test DNS, with
 * replies in their real words. Only for a test file that runs on a machine of its own
 * (own-machine.ts): it takes port 53 and port 25, adds addresses to loopback and writes
 * /etc/resolv.conf.
 *
 *     await using world = await startReceivingServers();
 *     await using server = await startGuardedServer({
 *       people, settings: (sink) => throughDns(sink), … });
 *     world.google.says = (about) => about.stage === 'mail' ? words.google.slowed : undefined;
 *     world.google.taken;    // recipients of messages that it took
 *     world.google.says = undefined;
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';

/** Where a conversation stands when a reply is due. `end`: the whole message is there. */
export type ReceivedStage = 'greeting' | 'mail' | 'rcpt' | 'data' | 'end';
export type Received = {
  readonly stage: ReceivedStage;
  readonly sender: string;
  readonly recipient: string;
};

export type ReceivingServer = {
  /** The name of its MX. */
  readonly host: string;
  readonly address: string;
  /** Domains whose mail it takes. */
  readonly domains: readonly string[];
  /** Answers with the reply, its lines apart by LF; undefined: it takes what it is given. */
  says: ((about: Received) => string | undefined) | undefined;
  /** Recipients of messages that it took, with repetitions. */
  readonly taken: readonly string[];
  /** How many replies `says` gave. */
  refused: number;
};

export type ReceiverName = 'google' | 'yahoo' | 'microsoft' | 'gmx' | 'apple' | 'small';
const google = 'gmail-smtp-in.l.google.com';
const places: Readonly<Record<ReceiverName, Pick<ReceivingServer, 'host' | 'domains'>>> = {
  google: { host: google, domains: ['gmail.com', 'googlemail.com'] },
  yahoo: { host: 'mta5.am0.yahoodns.net', domains: ['yahoo.com', 'aol.com'] },
  microsoft: { host: 'hotmail-com.olc.protection.outlook.com', domains: ['hotmail.com'] },
  gmx: { host: 'mx00.emig.gmx.net', domains: ['gmx.de', 'web.de'] },
  apple: { host: 'mx01.mail.icloud.com', domains: ['icloud.com'] },
  small: { host: 'mx.small.example', domains: ['small.example'] },
};
export type ReceivingServers = AsyncDisposable & Readonly<Record<ReceiverName, ReceivingServer>>;

/** As these providers say it. The lines of a reply are apart by LF. */
export const words: {
  readonly google: Readonly<Record<'slowed' | 'blocked' | 'unknownUser', string>>;
  readonly yahoo: Readonly<Record<'slowed', string>>;
  readonly microsoft: Readonly<Record<'blocked', string>>;
  readonly gmx: Readonly<Record<'blocked', string>>;
} = {
  google: {
    slowed: lines('421', '4.7.28', [
      'Gmail has detected an unusual rate of mail originating from your IP address. To protect',
      'our users from spam, mail sent from your IP address has been temporarily rate limited.',
      'For more information, go to',
      ' https://support.google.com/mail/?p=UnsolicitedRateLimitError',
      'd2e1a72fcca58-77e8b1c2a4bsi11935022b3a.312 - gsmtp',
    ]),
    blocked: lines('550', '5.7.1', [
      '[198.51.100.100      19] Gmail has detected that this message is likely',
      'suspicious due to the very low reputation of the sending IP address.',
      'To best protect our users from spam, the message has been blocked. For more',
      'information, go to https://support.google.com/mail/answer/188131',
      'd2e1a72fcca58-77e8b1c2a4bsi11935022b3a.312 - gsmtp',
    ]),
    unknownUser: lines('550', '5.1.1', [
      'The email account that you tried to reach does not exist. Please try',
      "double-checking the recipient's email address for typos or",
      'unnecessary spaces. For more information, go to',
      ' https://support.google.com/mail/?p=NoSuchUser',
      'd2e1a72fcca58-77e8b1c2a4bsi11935022b3a.312 - gsmtp',
    ]),
  },
  yahoo: {
    slowed:
      '421 4.7.0 [TSS04] Messages from 198.51.100.100 temporarily deferred due to unexpected ' +
      'volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes',
  },
  microsoft: {
    blocked:
      "550 5.7.1 Unfortunately, messages from [198.51.100.100] weren't sent. Please contact your " +
      'Internet service provider since part of their network is on our block list (S3150). You ' +
      'can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. ' +
      '[DB1PEPF000509E5.eurprd03.prod.outlook.com 2026-11-29T05:12:44.310Z 08DE2C1B7F4B2A11]',
  },
  gmx: {
    blocked:
      '554-gmx.net (mxgmx016) Nemesis ESMTP Service not available\n' +
      '554-No SMTP service\n554-IP address is block listed.\n' +
      '554 For explanation visit https://postmaster.gmx.net/en/case' +
      '?c=r0303&i=ip&v=198.51.100.100&r=1N7QkP-1u0hdF1Kcn-00yTzB',
  },
};

/** Makes Postfix ask the test DNS for all but the domains of the notices and of `slow.test`. */
export function throughDns(sink: number): Readonly<Record<string, string>> {
  const through = `smtp:[127.0.0.1]:${sink}`;
  return {
    default_transport: 'smtp',
    relay_transport: 'smtp',
    smtp_dns_support_level: 'enabled',
    transport_maps: `inline:{ { world.test = ${through} }, { slow.test = ${through} } }`,
  };
}

export async function startReceivingServers(): Promise<ReceivingServers> {
  await using scope = new AsyncDisposableStack();
  const records: DnsRecord[] = [];
  const opened: Partial<Record<ReceiverName, ReceivingServer>> = {};
  for (const [nth, [name, { host, domains }]] of Object.entries(places).entries()) {
    const address = `198.51.100.${nth + 1}`;
    execFileSync('/bin/sh', ['-c', `ip address add ${address}/32 dev lo`]);
    opened[name as ReceiverName] = scope.use(await startReceiver({ host, address, domains }));
    records.push(record({ name: host, type: 'A', address }));
    for (const domain of domains) {
      records.push(record({ name: domain, type: 'MX', preference: 5, exchange: host }));
    }
  }
  scope.use(await openScriptedDns(records, { address: '127.0.0.1', port: 53 }));
  writeFileSync('/etc/resolv.conf', 'nameserver 127.0.0.1\n');
  const all = scope.move();
  return Object.assign(opened as Record<ReceiverName, ReceivingServer>, {
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  });
}

function record(data: DnsData & { readonly name: string }): DnsRecord {
  return { ...data, ttlSeconds: 60 };
}

async function startReceiver(
  at: Pick<ReceivingServer, 'host' | 'address' | 'domains'>,
): Promise<ReceivingServer & AsyncDisposable> {
  const taken: string[] = [];
  const sockets = new Set<Socket>();
  const receiver = { ...at, says: undefined, taken, refused: 0 } as ReceivingServer;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    receive(socket, receiver, taken);
  });
  server.listen(25, at.address);
  await once(server, 'listening');
  return Object.assign(receiver, {
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  });
}

/** One SMTP conversation. Commands may come glued together (PIPELINING). */
function receive(socket: Socket, server: ReceivingServer, taken: string[]): void {
  let pending = '';
  let isData = false;
  let sender = '';
  let recipients: string[] = [];
  const reply = (stage: ReceivedStage, recipient: string, good: string): boolean => {
    const bad = server.says?.({ stage, sender, recipient });
    if (bad !== undefined) server.refused++;
    const text = bad ?? good;
    socket.write(`${text.replaceAll('\n', '\r\n')}\r\n`);
    if (text.startsWith('421')) socket.end();
    return bad === undefined;
  };
  const command = (line: string): void => {
    const path = /<(.*?)>/.exec(line)?.[1] ?? '';
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        socket.write(`250-${server.host}\r\n250-PIPELINING\r\n250 8BITMIME\r\n`);
        break;
      case 'MAIL':
        sender = path;
        recipients = [];
        reply('mail', '', '250 2.1.0 OK');
        break;
      case 'RCPT':
        if (reply('rcpt', path, '250 2.1.5 OK')) recipients.push(path);
        break;
      case 'DATA':
        if (recipients.length === 0) socket.write('554 5.5.1 no valid recipients\r\n');
        else isData = reply('data', '', '354 go ahead');
        break;
      case 'QUIT':
        socket.end('221 2.0.0 closing connection\r\n');
        break;
      default:
        socket.write('250 2.0.0 OK\r\n');
    }
  };
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    const lines = pending.split('\r\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (!isData) command(line);
      else if (line === '.') {
        isData = false;
        if (reply('end', recipients[0] ?? '', '250 2.0.0 OK')) taken.push(...recipients);
      }
    }
  });
  if (!reply('greeting', '', `220 ${server.host} ESMTP`)) socket.end();
}

function lines(code: string, enhanced: string, text: readonly string[]): string {
  const last = text.length - 1;
  return text.map((line, nth) => `${code}${nth < last ? '-' : ' '}${enhanced} ${line}`).join('\n');
}
