/**
 * A name server for tests: answers from records by UDP and TCP, and has every fault that a name
 * server can have.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, decode, encode } from 'dns-packet';
import type { DnsQuestion } from '../../src/formats/dns/question.ts';
import { type DnsRecord, type DnsType, dnsTypes } from '../../src/formats/dns/record.ts';
import type { DnsServer } from '../../src/formats/dns/server-address.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';

export const dnsFaults = [
  'silent',
  'slow', // answers after 300 ms
  'servfail',
  'refused',
  'notimp',
  'nxdomain', // whatever is asked
  'referral',
  'truncated', // by UDP; whole by TCP
  'truncated-always',
  'tcp-ends', // truncated by UDP, and by TCP half an answer
  'tcp-silent',
  'wrong-id',
  'wrong-question',
  'wrong-type',
  'wrong-source', // from another port
  'wrong-then-right',
  'flood', // a hundred answers with wrong ids, then the right one
  'garbage',
  'empty',
  'compression-loop',
  'cut-short', // data that ends behind the message
  'many-records', // says that it holds 65,535
  'no-edns', // FORMERR where EDNS is
  'one-alias', // one alias an answer
] as const;
export type DnsFault = (typeof dnsFaults)[number];

export type Asked = DnsQuestion & {
  readonly by: 'udp' | 'tcp';
  readonly recursion: boolean;
  readonly edns: boolean;
};

export type ScriptedDns = AsyncDisposable & {
  readonly server: DnsServer;
  /** In order. */
  readonly asked: Asked[];
  records: readonly DnsRecord[];
  fault: DnsFault | ((question: DnsQuestion) => DnsFault | undefined) | undefined;
  /** AD. */
  secure: boolean;
};

const slowMs = 300;

export async function openScriptedDns(
  records: readonly DnsRecord[],
  { address = '127.0.0.1', port = 0 }: { address?: string; port?: number } = {},
): Promise<ScriptedDns> {
  const { udp, tcp } = await bound(address, port);
  const other = createSocket('udp4').bind(0, address);
  await once(other, 'listening');
  const state: ScriptedDns = {
    server: { address, port: udp.address().port },
    asked: [],
    records,
    fault: undefined,
    secure: false,
    [Symbol.asyncDispose]: async () => {
      udp.close();
      other.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
      await once(tcp, 'close');
    },
  };
  const sockets = new Set<Socket>();
  udp.on('message', (bytes, from) => {
    void replies(state, bytes, 'udp').then((list) => {
      for (const { reply, elsewhere } of list) {
        (elsewhere ? other : udp).send(reply, from.port, from.address, () => undefined);
      }
    });
  });
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      void replies(state, chunk.subarray(2), 'tcp').then((list) => {
        for (const { reply, half } of list) {
          const length = Buffer.from([reply.length >> 8, reply.length & 255]);
          const bytes = Buffer.concat([length, reply]);
          if (half) socket.end(bytes.subarray(0, bytes.length >> 1));
          else
            for (let at = 0; at < bytes.length; at += 1_000)
              socket.write(bytes.subarray(at, at + 1_000));
        }
      });
    });
  });
  return state;
}

/** Both kinds of socket on one port. */
async function bound(address: string, port: number): Promise<{ udp: UdpSocket; tcp: Server }> {
  for (let tries = 0; ; tries++) {
    const udp = createSocket('udp4');
    udp.bind(port, address);
    await once(udp, 'listening');
    const tcp = createServer();
    try {
      tcp.listen(udp.address().port, address);
      await once(tcp, 'listening');
      return { udp, tcp };
    } catch (cause) {
      udp.close();
      if (tries > 20) throw cause;
    }
  }
}

type Sent = { readonly reply: Buffer; readonly elsewhere?: boolean; readonly half?: boolean };

async function replies(
  state: ScriptedDns,
  bytes: Buffer,
  by: 'udp' | 'tcp',
): Promise<readonly Sent[]> {
  const query = decode(bytes);
  const [first] = query.questions ?? [];
  const type = dnsTypes.find((one) => one === first?.type);
  if (first === undefined || type === undefined) return [];
  const question = { name: first.name === '.' ? '' : first.name, type };
  const edns = (query.additionals ?? []).some((one) => one.type === 'OPT');
  state.asked.push({ ...question, by, recursion: query.flag_rd, edns });
  const { fault } = state;
  const which = typeof fault === 'function' ? fault(question) : fault;
  const raw = bytes.subarray(12, endOfName(bytes) + 4);
  const reply = rightReply(state, { id: query.id ?? 0, question, raw });
  if (reply === undefined || (which === 'no-edns' && !edns)) return reply ? [{ reply }] : [];
  if (which === 'slow') await sleep(slowMs);
  if (by === 'tcp') return byTcp(which, reply);
  const isLong = reply.length > (edns ? 1_232 : 512);
  return which === undefined || which === 'slow' || which === 'one-alias'
    ? [{ reply: isLong ? truncated(reply) : reply }]
    : faulty(which, reply);
}

function byTcp(fault: DnsFault | undefined, reply: Buffer): readonly Sent[] {
  if (fault === 'tcp-silent') return [];
  if (fault === 'truncated-always') return [{ reply: truncated(reply) }];
  return [{ reply, half: fault === 'tcp-ends' }];
}

function faulty(fault: DnsFault, reply: Buffer): readonly Sent[] {
  switch (fault) {
    case 'servfail':
      return [{ reply: onlyHeader(reply, 2) }];
    case 'refused':
      return [{ reply: onlyHeader(reply, 5) }];
    case 'notimp':
      return [{ reply: onlyHeader(reply, 4) }];
    case 'no-edns':
      return [{ reply: onlyHeader(reply, 1) }];
    case 'nxdomain':
      return [{ reply: changed(truncated(reply), (copy) => copy.writeUInt16BE(0x8183, 2)) }];
    case 'referral':
      return [{ reply: referral(reply) }];
    case 'truncated':
    case 'truncated-always':
    case 'tcp-ends':
    case 'tcp-silent':
      return [{ reply: truncated(reply) }];
    case 'wrong-id':
      return [{ reply: wrongId(reply) }];
    case 'wrong-question':
      return [{ reply: changed(reply, (copy) => copy.writeUInt8((copy[13] ?? 0) ^ 1, 13)) }];
    case 'wrong-type':
      return [{ reply: changed(reply, (copy) => copy.writeUInt8(33, endOfName(copy) + 1)) }];
    case 'wrong-source':
      return [{ reply, elsewhere: true }];
    case 'wrong-then-right':
      return [{ reply: wrongId(reply) }, { reply, elsewhere: true }, { reply }];
    case 'flood':
      return [...Array.from({ length: 100 }, () => ({ reply: wrongId(reply) })), { reply }];
    case 'garbage':
      return [{ reply: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }];
    case 'empty':
      return [{ reply: Buffer.alloc(0) }];
    case 'compression-loop':
      return [{ reply: loop(reply) }];
    case 'cut-short':
      return [{ reply: reply.subarray(0, -1) }];
    case 'many-records':
      return [{ reply: changed(reply, (copy) => copy.writeUInt16BE(0xffff, 6)) }];
    default:
      return [];
  }
}

function changed(reply: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(reply);
  change(copy);
  return copy;
}

function wrongId(reply: Buffer): Buffer {
  return changed(reply, (copy) => copy.writeUInt16BE(copy.readUInt16BE(0) ^ 1, 0));
}

function onlyHeader(reply: Buffer, rcode: number): Buffer {
  const copy = Buffer.alloc(12);
  reply.copy(copy, 0, 0, 2);
  copy.writeUInt16BE(0x8180 | rcode, 2);
  return copy;
}

function endOfName(reply: Buffer): number {
  let at = 12;
  while ((reply[at] ?? 0) !== 0) at += (reply[at] ?? 0) + 1;
  return at + 1;
}

/** Header with TC and question alone. */
function truncated(reply: Buffer): Buffer {
  const copy = Buffer.from(reply.subarray(0, endOfName(reply) + 4));
  copy.writeUInt16BE(copy.readUInt16BE(2) | 0x0200, 2);
  copy.fill(0, 6, 12);
  return copy;
}

function referral(reply: Buffer): Buffer {
  const record = [0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12];
  const copy = Buffer.concat([truncated(reply), Buffer.from(record)]);
  copy.writeUInt16BE(0x8080, 2);
  copy.writeUInt16BE(1, 8);
  return copy;
}

/** An owner that points at itself. */
function loop(reply: Buffer): Buffer {
  const copy = Buffer.concat([truncated(reply), Buffer.alloc(12)]);
  copy.writeUInt16BE(0x8180, 2);
  copy.writeUInt16BE(1, 6);
  const owner = copy.length - 12;
  copy.writeUInt16BE(0xc000 | owner, owner);
  return copy;
}

/** What a good server says; undefined: the records say that it is silent. */
function rightReply(
  state: ScriptedDns,
  { id, question, raw }: { id: number; question: DnsQuestion; raw: Buffer },
): Buffer | undefined {
  const zone = zoneAnswers(state.records);
  const answers: DnsRecord[] = [];
  let { name } = question;
  let alias = aliasOf(zone, name, question.type);
  while (alias !== undefined && answers.length < 10) {
    answers.push(alias);
    name = alias.type === 'CNAME' ? alias.target : '';
    if (state.fault === 'one-alias') break;
    alias = aliasOf(zone, name, question.type);
  }
  const open = state.fault === 'one-alias' && answers.length > 0;
  const last = open || alias !== undefined ? undefined : zone({ name, type: question.type });
  if (last?.kind === 'failure') return undefined;
  if (last?.kind === 'records') answers.push(...last.records);
  const soa = state.records.find(
    (one) => one.type === 'SOA' && (name === one.name || name.endsWith(`.${one.name}`)),
  );
  const flags =
    0x0580 | (state.secure ? 0x20 : 0) | (last?.kind === 'none' && !last.exists ? 3 : 0);
  const reply = encode({
    type: 'response',
    id,
    flags,
    questions: [],
    answers: answers.map(encodable),
    authorities: last?.kind === 'none' && soa !== undefined ? [encodable(soa)] : [],
  });
  // The question as it came: the encoder has no dots inside labels.
  reply.writeUInt16BE(1, 4);
  return Buffer.concat([reply.subarray(0, 12), raw, reply.subarray(12)]);
}

function aliasOf(
  zone: ReturnType<typeof zoneAnswers>,
  name: string,
  type: DnsType,
): DnsRecord | undefined {
  if (type === 'CNAME') return undefined;
  const found = zone({ name, type: 'CNAME' });
  return found.kind === 'records' ? found.records[0] : undefined;
}

function encodable(record: DnsRecord): Answer {
  const base = { name: record.name || '.', ttl: record.ttlSeconds, class: 'IN' as const };
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { ...base, type: record.type, data: record.address };
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR':
      return { ...base, type: record.type, data: record.target || '.' };
    case 'MX': {
      const { preference, exchange } = record;
      return { ...base, type: 'MX', data: { preference, exchange: exchange || '.' } };
    }
    case 'TXT': {
      const data = record.strings.map((string) => Buffer.from(string, 'latin1'));
      return { ...base, type: 'TXT', data };
    }
    case 'SOA': {
      const { primary: mname, mailbox: rname, serial, refresh, retry, expire, minimum } = record;
      const data = { mname, rname, serial, refresh, retry, expire, minimum };
      return { ...base, type: 'SOA', data };
    }
    case 'TLSA': {
      const { usage, selector, matching: matchingType } = record;
      const certificate = Buffer.from(record.association, 'hex');
      return { ...base, type: 'TLSA', data: { usage, selector, matchingType, certificate } };
    }
  }
}
