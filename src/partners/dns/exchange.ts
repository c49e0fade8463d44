/**
 * Asks one server one question, by UDP, and by TCP if the answer is too long (RFC 7766). An answer
 * counts only if it comes from the server that was asked and repeats the id and the question.
 * Everything else is ignored.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { DnsFailure, DnsQuestion } from '../../formats/dns/question.ts';
import { type DnsServer, serverText } from '../../formats/dns/server-address.ts';
import { type DnsReply, messageBytes, questionBytes, rcodes, readReply } from './message.ts';

export type ExchangeOptions = {
  readonly recursion: boolean;
  /** The time limit for everything: UDP, TCP, and another try without EDNS. */
  readonly deadline: AbortSignal;
};

/** A readable reply with NOERROR or NXDOMAIN. */
export type Reply = DnsReply & { readonly sections: NonNullable<DnsReply['sections']> };
export type ExchangeOutcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | {
      readonly kind: 'failure';
      readonly reason: DnsFailure;
      readonly text: string;
      /** The answer was cut short by UDP, and did not come by TCP. */
      readonly isTooLong?: boolean;
    };

/**
 * After this many false answers, somebody is probably guessing the id. TCP is then used, where
 * guessing does not work.
 */
const strangersMax = 32;
/** The length prefix of two octets and the longest message that it allows. */
const tcpOctetsMax = 65_537;

/** Asks one question. Never rejects. */
export async function exchange(
  server: DnsServer,
  question: DnsQuestion,
  options: ExchangeOptions,
): Promise<ExchangeOutcome> {
  try {
    return await exchanged(server, question, options);
  } catch (cause) {
    // There are no more sockets, or this machine has no protocol for the address.
    return unreachable(server, cause instanceof Error ? cause : new Error(String(cause)));
  }
}

async function exchanged(
  server: DnsServer,
  question: DnsQuestion,
  options: ExchangeOptions,
): Promise<ExchangeOutcome> {
  const first = await once(server, question, { ...options, edns: true });
  const dislikesEdns =
    first.kind === 'reply' &&
    (first.reply.rcode === rcodes.formErr || first.reply.rcode === rcodes.notImp);
  const last = dislikesEdns ? await once(server, question, { ...options, edns: false }) : first;
  if (last.kind === 'failure') return last;
  const { rcode, sections } = last.reply;
  const who = serverText(server);
  if (rcode === rcodes.refused) return failed('refused', `${who} refuses to answer`);
  if (rcode !== rcodes.noError && rcode !== rcodes.nxDomain) {
    return failed('servfail', `${who} answers ${rcodeText(rcode)}`);
  }
  if (sections === undefined) return failed('malformed', `${who} sent an unreadable answer`);
  return { kind: 'reply', reply: { ...last.reply, sections } };
}

function rcodeText(rcode: number): string {
  if (rcode === rcodes.servFail) return 'SERVFAIL';
  if (rcode === rcodes.formErr) return 'FORMERR';
  return rcode === rcodes.notImp ? 'NOTIMP' : `with code ${rcode}`;
}

function failed(reason: DnsFailure, text: string): ExchangeOutcome & { readonly kind: 'failure' } {
  return { kind: 'failure', reason, text };
}

type OneOutcome =
  | (ExchangeOutcome & { readonly kind: 'failure' })
  | { kind: 'reply'; reply: DnsReply };
type OneTry = ExchangeOptions & { readonly edns: boolean };

async function once(server: DnsServer, question: DnsQuestion, way: OneTry): Promise<OneOutcome> {
  const asked = questionBytes(question);
  const byUdp = await udp(server, asked, way);
  if (byUdp.kind === 'failure' || !byUdp.reply.truncated) return byUdp;
  const byTcp = await tcp(server, asked, way);
  if (byTcp.kind === 'failure' && byUdp !== goOnByTcp) {
    const text = `the answer is too long for UDP, and by TCP ${byTcp.text}`;
    return { ...byTcp, isTooLong: true, text };
  }
  return byTcp.kind === 'reply' && byTcp.reply.truncated
    ? failed('malformed', `${serverText(server)} sent a truncated answer by TCP`)
    : byTcp;
}

/** Treated like a truncated answer, so the exchange continues by TCP. */
const goOnByTcp: OneOutcome = {
  kind: 'reply',
  reply: { rcode: 0, truncated: true, authoritative: false, validated: false, sections: undefined },
};

/**
 * Calls `start` with a function that settles the promise once. The deadline settles it too. The
 * function that `start` returns always runs at the end.
 */
function settled(
  server: DnsServer,
  deadline: AbortSignal,
  start: (settle: (told: OneOutcome) => void) => () => void,
): Promise<OneOutcome> {
  const { promise, resolve } = Promise.withResolvers<OneOutcome>();
  const late = (): void =>
    resolve(failed('timeout', `${serverText(server)} does not answer in time`));
  if (deadline.aborted) late();
  else deadline.addEventListener('abort', late, { once: true });
  const end = deadline.aborted ? () => undefined : start(resolve);
  return promise.finally(() => {
    deadline.removeEventListener('abort', late);
    end();
  });
}

function udp(server: DnsServer, question: Buffer, way: OneTry): Promise<OneOutcome> {
  return settled(server, way.deadline, (settle) => {
    // Each question gets its own port, which the kernel chooses at random. The socket is connected,
    // so the kernel drops packets from other addresses and reports when nobody listens.
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    const id = randomInt(0x1_0000);
    let strangers = 0;
    const fail = (cause: Error): void => settle(unreachable(server, cause));
    socket.on('error', fail);
    socket.on('message', (bytes: Buffer) => {
      const reply = readReply(bytes, question, id);
      if (reply !== undefined) settle({ kind: 'reply', reply });
      else if (++strangers >= strangersMax) settle(goOnByTcp);
    });
    socket.on('connect', () =>
      socket.send(messageBytes(question, { ...way, id }), (cause) => cause && fail(cause)),
    );
    attempt(() => socket.connect(server.port, server.address), fail);
    return () => closeUdp(socket);
  });
}

function closeUdp(socket: UdpSocket): void {
  attempt(
    () => socket.close(),
    () => undefined, // it was not open yet, or is closed already
  );
}

function attempt(act: () => void, failed: (cause: Error) => void): void {
  try {
    act();
  } catch (cause) {
    failed(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function tcp(server: DnsServer, question: Buffer, way: OneTry): Promise<OneOutcome> {
  return settled(server, way.deadline, (settle) => {
    const id = randomInt(0x1_0000);
    const message = messageBytes(question, { ...way, id });
    const socket = connect({ host: server.address, port: server.port });
    const bad = (what: string): void =>
      settle(failed('malformed', `${serverText(server)} ${what} by TCP`));
    let [chunks, octets, wanted]: [Buffer[], number, number] = [[], 0, 2];
    socket.on('error', (cause) => settle(unreachable(server, cause)));
    socket.on('close', () => bad('closed the connection in the middle of an answer'));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      octets += chunk.length;
      if (octets < wanted) return;
      const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      chunks = [all];
      wanted = Math.min(2 + all.readUInt16BE(0), tcpOctetsMax);
      if (octets < wanted) return;
      const reply = readReply(all.subarray(2, wanted), question, id);
      if (reply === undefined) bad('answered another question');
      else settle({ kind: 'reply', reply });
    });
    socket.write(
      Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]),
    );
    return () => socket.destroy();
  });
}

function unreachable(server: DnsServer, cause: Error): ReturnType<typeof failed> {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return failed('unreachable', `${serverText(server)} cannot be reached (${code})`);
}
