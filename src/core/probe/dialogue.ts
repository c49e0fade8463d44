/**
 * What a probe says to a mail server, as steps without sockets, and what comes back. A check is a
 * generator of such steps; partners/smtp/probe-connection.ts carries them out. Pure.
 */
import type { Millis } from '../../lib/time.ts';

/** The lines of the server's reply; each is without its code. */
export type SeenReply = { readonly code: number; readonly lines: readonly string[] };
/** Why a connection ended, or was never there. `too-much`: more than a mail server says. */
export type ProbeEnd =
  | 'refused'
  | 'closed'
  | 'silent'
  | 'too-much'
  | 'not-smtp'
  | 'tls-failed'
  | 'no-time';
export type SeenCertificate = {
  readonly names: readonly string[];
  readonly from: Millis;
  readonly until: Millis;
  /** Empty if the chain leads to an authority that this machine trusts. */
  readonly untrusted: string;
  /** 0 if the key is no RSA key. */
  readonly rsaBits: number;
};
export type SeenTls = { readonly protocol: string; readonly certificate: SeenCertificate };
export type ProbeHeard = {
  readonly replies: readonly SeenReply[];
  readonly end: ProbeEnd | undefined;
  readonly tls: SeenTls | undefined;
  /** What came after `hello`, one octet a character. */
  readonly octets: string;
};
type OpenOptions = {
  /** TLS from the start. */
  readonly tls: boolean;
  /** Sent before the greeting is read. */
  readonly early: string;
  /** False: connect, and read nothing. */
  readonly greeting: boolean;
};
export type ProbeAsk =
  | ({ readonly do: 'open'; readonly port: number } & OpenOptions)
  /** `octets`: one octet a character, with its line ends. */
  | { readonly do: 'send'; readonly octets: string; readonly replies: number }
  /** Sends, ends our half of the connection, and returns the replies until the server ends its. */
  | { readonly do: 'finish'; readonly octets: string; readonly replies: number }
  | { readonly do: 'start-tls' }
  /** Sends a TLS hello, and returns the octets of the first record that comes back. */
  | { readonly do: 'hello'; readonly octets: string }
  | { readonly do: 'close' };
export type Probing<Value> = Generator<ProbeAsk, Value, ProbeHeard>;

/** Ends a check that cannot go on; the message says why. */
export class ProbeStopError extends Error {}

const endTexts: Readonly<Record<ProbeEnd, string>> = {
  refused: 'no connection: nothing listens there, or a firewall is in between',
  closed: 'the server closed the connection',
  silent: 'the server did not answer in time',
  'too-much': 'the server sent more than a reply may be',
  'not-smtp': 'what came was no reply of a mail server',
  'tls-failed': 'the TLS handshake failed',
  'no-time': 'the time for the whole probe was up',
};

export function endText(end: ProbeEnd): string {
  return endTexts[end];
}

/** A transcript has at most this many lines of at most this many characters. */
const linesMax = 40;
const lineLengthMax = 160;

export type Hello = {
  /** The line of the greeting, without its code. */
  readonly greeting: string;
  /** The name with which the server answers EHLO. */
  readonly name: string;
  /** Upper case: `STARTTLS`, `AUTH PLAIN LOGIN`. */
  readonly extensions: readonly string[];
};

type GreetOptions = { readonly tls?: boolean /** The name in EHLO. */; readonly as?: string };

/** One connection at a time, and the transcript of the last one, or of its part since `forget`. */
export class Dialogue {
  readonly #helloName: string;
  #lines: string[] = [];

  constructor(helloName: string) {
    this.#helloName = helloName;
  }

  /** Lines with `>` in front were sent, lines with `<` came. */
  transcript(): readonly string[] {
    return [...this.#lines];
  }

  /** The transcript begins with what comes next. */
  forget(): void {
    this.#lines = [];
  }

  *open(port: number, options: Partial<OpenOptions> = {}): Probing<ProbeHeard> {
    const { tls = false, early = '', greeting = true } = options;
    this.forget();
    this.#note('*', `port ${port}${tls ? ', TLS from the start' : ''}`);
    if (early !== '') this.#said(early);
    return this.#heard(yield { do: 'open', port, tls, early, greeting });
  }

  /** Opens a connection and says EHLO. Throws ProbeStopError if the server does not take it. */
  *greet(port: number, options: GreetOptions = {}): Probing<Hello & { readonly tls?: SeenTls }> {
    const { tls = false, as = this.#helloName } = options;
    const heard = yield* this.open(port, { tls });
    const greeting = theReply(heard);
    if (greeting.code !== 220) throw new ProbeStopError(`the greeting is ${saidReply(greeting)}`);
    const hello = yield* this.hello(as);
    const more = { ...hello, greeting: greeting.lines[0] ?? '' };
    return heard.tls === undefined ? more : { ...more, tls: heard.tls };
  }

  *hello(as: string = this.#helloName): Probing<Hello> {
    const reply = yield* this.line(`EHLO ${as}`);
    if (reply.code !== 250) throw new ProbeStopError(`EHLO is answered ${saidReply(reply)}`);
    const [first = '', ...extensions] = reply.lines;
    const upper = extensions.map((word) => word.trim().toUpperCase());
    return { greeting: '', name: first.split(/\s/)[0] ?? '', extensions: upper };
  }

  /** Sends a line and returns its reply. */
  *line(text: string): Probing<SeenReply> {
    return theReply(yield* this.send(`${text}\r\n`, 1));
  }

  *send(octets: string, replies: number): Probing<ProbeHeard> {
    this.#said(octets);
    return this.#heard(yield { do: 'send', octets, replies });
  }

  /** Sends the last octets of a connection, and returns what the server says to its end. */
  *finish(octets: string, replies: number): Probing<ProbeHeard> {
    this.#said(octets);
    this.#note('>', '(end of the connection)');
    return this.#heard(yield { do: 'finish', octets, replies });
  }

  *startTls(): Probing<ProbeHeard> {
    const reply = yield* this.line('STARTTLS');
    if (reply.code !== 220) throw new ProbeStopError(`STARTTLS is answered ${saidReply(reply)}`);
    return yield* this.handshake();
  }

  *handshake(): Probing<ProbeHeard> {
    return this.#heard(yield { do: 'start-tls' });
  }

  /** A TLS hello; returns what the server answers, one octet a character. */
  *rawHello(octets: string, what: string): Probing<string> {
    this.#note('>', `(TLS hello: ${what})`);
    const heard = yield { do: 'hello', octets };
    this.#note('<', heard.octets === '' ? '(closed)' : `(${heard.octets.length} octets)`);
    return heard.octets;
  }

  *close(): Probing<void> {
    yield { do: 'close' };
  }

  #said(octets: string): void {
    const lines = octets.split('\r\n');
    const shown = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    if (shown.length <= 12) for (const line of shown) this.#note('>', line);
    else {
      for (const line of shown.slice(0, 3)) this.#note('>', line);
      this.#note('>', `(${shown.length - 9} more lines)`);
      for (const line of shown.slice(-6)) this.#note('>', line);
    }
  }

  #heard(heard: ProbeHeard): ProbeHeard {
    for (const { code, lines } of heard.replies) {
      lines.forEach((line, nth) => {
        this.#note('<', `${code}${nth < lines.length - 1 ? '-' : ' '}${line}`);
      });
    }
    if (heard.tls !== undefined) this.#note('*', `${heard.tls.protocol} from here`);
    if (heard.end !== undefined) this.#note('*', endText(heard.end));
    return heard;
  }

  #note(mark: '>' | '<' | '*', text: string): void {
    if (this.#lines.length === linesMax) this.#lines.push('* (more lines)');
    if (this.#lines.length > linesMax) return;
    const shown = text
      .replace(/\r/g, '<CR>')
      .replace(/\n/g, '<LF>')
      .replace(/[^ -~]/g, '?');
    this.#lines.push(`${mark} ${shown.slice(0, lineLengthMax)}`);
  }
}

/** The first reply. Throws ProbeStopError if none came. */
export function theReply({ replies: [reply], end }: ProbeHeard): SeenReply {
  if (reply === undefined) throw new ProbeStopError(endText(end ?? 'closed'));
  return reply;
}

/** `550 5.7.1 no`, on one line. */
export function saidReply({ code, lines }: SeenReply): string {
  return `${code} ${lines.join(' ').trim()}`.slice(0, lineLengthMax);
}

export const isAccepted = ({ code }: SeenReply): boolean => code >= 200 && code < 300;
export const isTemporary = ({ code }: SeenReply): boolean => code >= 400 && code < 500;
