/**
 * Carries out the steps of a probe: one connection at a time to one address. Everything that the
 * server sends has a limit, and so has every wait. A server can end its connection, never the
 * probe.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import type {
  ProbeAsk,
  ProbeEnd,
  ProbeHeard,
  Probing,
  SeenCertificate,
  SeenReply,
  SeenTls,
} from '../../core/probe/dialogue.ts';
import { type Millis, secondMs } from '../../lib/time.ts';

export type ProbeWaits = {
  readonly greetingMs: number;
  readonly replyMs: number;
  readonly handshakeMs: number;
};
/** Some servers let a client wait before the greeting: postscreen for 6 seconds. */
const usualWaits: ProbeWaits = {
  greetingMs: 15 * secondMs,
  replyMs: 10 * secondMs,
  handshakeMs: 8 * secondMs,
};
/** A reply to EHLO has about 20 lines (RFC 5321 section 4.5.3.1.5: 512 octets each). */
const replyLinesMax = 100;
/** What may wait unread. */
const octetsMax = 64 * 1024;
/** The first record of a TLS answer, with enough for the cipher in it. */
const helloOctets = 80;

export type ProbeConnectionOptions = {
  readonly address: string;
  /** The address to come from; undefined: the kernel's choice. */
  readonly source: string | undefined;
  /** The name for SNI. */
  readonly host: string;
  /** Authorities in PEM that are trusted besides those of Node. */
  readonly authorities: readonly string[];
  /** When the whole probe ends. */
  readonly deadline: AbortSignal;
  readonly waits?: ProbeWaits;
};

/** Runs `probing` to its end. */
export async function runProbe<Value>(
  probing: Probing<Value>,
  options: ProbeConnectionOptions,
): Promise<Value> {
  const connection = new ProbeConnection(options);
  try {
    let step = probing.next();
    while (step.done !== true) step = probing.next(await connection.carryOut(step.value));
    return step.value;
  } finally {
    connection.close();
  }
}

type Waiting = { wake(): void };

class ProbeConnection {
  readonly #options: ProbeConnectionOptions;
  #socket: Socket | undefined;
  #pending = '';
  #end: ProbeEnd | undefined;
  #waiting: Waiting | undefined;
  readonly #waits: ProbeWaits;

  constructor(options: ProbeConnectionOptions) {
    this.#options = options;
    this.#waits = options.waits ?? usualWaits;
  }

  async carryOut(ask: ProbeAsk): Promise<ProbeHeard> {
    switch (ask.do) {
      case 'open':
        return this.#open(ask);
      case 'send':
        this.#write(ask.octets);
        return this.#replies(ask.replies, this.#waits.replyMs);
      case 'finish':
        this.#write(ask.octets);
        this.#socket?.end();
        return this.#replies(ask.replies, this.#waits.replyMs);
      case 'start-tls':
        return heard({ tls: await this.#handshake(), end: this.#end });
      case 'hello':
        this.#write(ask.octets);
        await this.#until(() => this.#pending.length >= helloOctets || isAlert(this.#pending));
        return heard({ octets: this.#pending.slice(0, helloOctets), end: this.#end });
      default:
        this.close();
        return heard({});
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(ask: ProbeAsk & { readonly do: 'open' }): Promise<ProbeHeard> {
    this.close();
    this.#pending = '';
    this.#end = undefined;
    const { address, source, deadline } = this.#options;
    if (deadline.aborted) {
      this.#end = 'no-time';
      return heard({ end: 'no-time' });
    }
    const from = source === undefined ? {} : { localAddress: source };
    const socket = connectTcp({ host: address, port: ask.port, allowHalfOpen: true, ...from });
    this.#socket = socket;
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
      this.#waiting?.wake();
    });
    this.#listen(socket);
    await this.#until(() => isConnected, this.#waits.greetingMs);
    if (!isConnected)
      this.#end = this.#end === 'silent' || this.#end === 'no-time' ? this.#end : 'refused';
    if (this.#end !== undefined || !ask.greeting) return heard({ end: this.#end });
    const tls = ask.tls ? await this.#handshake() : undefined;
    if (this.#end !== undefined) return heard({ end: this.#end });
    if (ask.early !== '') this.#write(ask.early);
    const said = await this.#replies(1, this.#waits.greetingMs);
    return { ...said, tls };
  }

  #listen(socket: Socket): void {
    const end = (why: ProbeEnd): void => {
      if (this.#socket !== socket) return;
      this.#end ??= why;
      this.#waiting?.wake();
    };
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket !== socket) return;
      this.#pending += bytes.toString('latin1');
      if (this.#pending.length > octetsMax) {
        end('too-much');
        socket.destroy();
      }
      this.#waiting?.wake();
    });
    socket.on('error', () => end('closed'));
    socket.on('end', () => end('closed'));
    socket.on('close', () => end('closed'));
  }

  #write(octets: string): void {
    if (this.#end === undefined) this.#socket?.write(Buffer.from(octets, 'latin1'));
  }

  /** Up to `count` replies; fewer when the connection ends, or nothing more comes. */
  async #replies(count: number, msMax: number): Promise<ProbeHeard> {
    const replies: SeenReply[] = [];
    while (replies.length < count) {
      let cut = cutReply(this.#pending);
      if (cut === undefined) {
        await this.#until(() => {
          cut = cutReply(this.#pending);
          return cut !== undefined;
        }, msMax);
      }
      if (cut === undefined) break;
      if (typeof cut === 'string') {
        this.#end = cut;
        this.#socket?.destroy();
        break;
      }
      replies.push(cut.reply);
      this.#pending = cut.rest;
    }
    // Replies that are complete count, even if the connection has ended after them.
    return heard({ replies, end: replies.length === count ? undefined : this.#end });
  }

  /** Waits until `done`, the end of the connection, or the time limit. */
  async #until(done: () => boolean, msMax: number = this.#waits.replyMs): Promise<void> {
    const { deadline } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (done() || this.#end !== undefined) resolve();
    };
    const late = (): void => {
      this.#end ??= deadline.aborted ? 'no-time' : 'silent';
      resolve();
    };
    this.#waiting = { wake: check };
    const timer = setTimeout(late, msMax);
    deadline.addEventListener('abort', late, { once: true });
    check();
    if (deadline.aborted) late();
    await promise;
    clearTimeout(timer);
    deadline.removeEventListener('abort', late);
    this.#waiting = undefined;
  }

  async #handshake(): Promise<SeenTls | undefined> {
    const plain = this.#socket;
    if (plain === undefined || this.#end !== undefined) return undefined;
    const { host, authorities } = this.#options;
    plain.removeAllListeners('data');
    let isSecure = false;
    const secure = connectTls({
      socket: plain,
      rejectUnauthorized: false,
      // core/probe/tls.ts compares the names.
      checkServerIdentity: () => undefined,
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
      ...(host === '' ? {} : { servername: host }),
      ...(authorities.length === 0 ? {} : { ca: [...trusted(authorities)] }),
    });
    secure.once('secureConnect', () => {
      isSecure = true;
      this.#waiting?.wake();
    });
    this.#socket = secure;
    this.#pending = '';
    this.#listen(secure);
    await this.#until(() => isSecure, this.#waits.handshakeMs);
    if (!isSecure) {
      this.#end = this.#end === 'no-time' ? 'no-time' : 'tls-failed';
      plain.destroy();
      return undefined;
    }
    return seenTls(secure);
  }
}

function heard(some: Partial<ProbeHeard>): ProbeHeard {
  return { replies: [], end: undefined, tls: undefined, octets: '', ...some };
}

/** Whether this is a whole alert of TLS. */
const isAlert = (octets: string): boolean => octets.length >= 7 && octets.charCodeAt(0) === 0x15;

/** The first reply in the text, and what follows; undefined if it is not complete. */
export function cutReply(
  text: string,
): { readonly reply: SeenReply; readonly rest: string } | ProbeEnd | undefined {
  const lines: string[] = [];
  let from = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
    const [, code, more, line = ''] =
      /^(\d{3})(?:([ -])(.*))?$/s.exec(withoutEnd(text, from, end)) ?? [];
    if (code === undefined) return 'not-smtp';
    lines.push(line);
    from = end + 1;
    if (more !== '-') return { reply: { code: Number(code), lines }, rest: text.slice(from) };
    if (lines.length >= replyLinesMax) return 'too-much';
  }
  return undefined;
}

const withoutEnd = (text: string, from: number, end: number): string =>
  text.slice(from, text[end - 1] === '\r' && end > from ? end - 1 : end);

/** The authorities of Node, and some more. */
function trusted(more: readonly string[]): readonly string[] {
  return [...getCACertificates('default'), ...more];
}

function seenTls(socket: TLSSocket): SeenTls {
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    certificate: certificateOf(socket),
  };
}

function certificateOf(socket: TLSSocket): SeenCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    const nothing = 'it has no certificate';
    return { names: [], from: 0 as Millis, until: 0 as Millis, untrusted: nothing, rsaBits: 0 };
  }
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)];
  const names = alternatives.map(([, name = '']) => name);
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  return {
    names: names.length > 0 || common === undefined ? names : [common],
    from: Date.parse(certificate.validFrom) as Millis,
    until: Date.parse(certificate.validTo) as Millis,
    untrusted: socket.authorized ? '' : String(socket.authorizationError ?? 'unknown'),
    rsaBits: asymmetricKeyType === 'rsa' ? (asymmetricKeyDetails?.modulusLength ?? 0) : 0,
  };
}
