/**
 * A scripted mail server for the milter door, without sockets. A test gives it packets one by one,
 * valid or not, cut into any chunks, and it records every answer of the session.
 */
import type { Submission } from '../../src/core/event.ts';
import { type MilterOptions, milterDefaults } from '../../src/doors/milter/options.ts';
import { MilterSession } from '../../src/doors/milter/session.ts';
import { openSessionRooms, type SessionRooms } from '../../src/doors/milter/session-room.ts';
import { packet, strings, words } from '../../src/formats/milter/packet.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { HandoverLookup } from '../../src/ports/handover.ts';
import type {
  Answer,
  AuthorsSource,
  EditSource,
  Finished,
  Gate,
  HeaderEdit,
  MessageReader,
  MessageStart,
  ScanSource,
  Submitter,
} from '../../src/ports/message.ts';
import { plainPath } from '../doubles/path.ts';

export const pass: Answer = { kind: 'pass' };
export const refuse: Answer = {
  kind: 'reply',
  code: 550,
  enhanced: '5.7.1',
  text: 'Account suspended',
};

/** The options that Postfix 3.7 offers. */
const postfixOffer: readonly number[] = [6, 0x1ff, 0x1fffff];
/** The options that an old Sendmail offers. */
export const oldOffer: readonly number[] = [2, 0x3f, 0x7f];

const code = (command: string): number => command.charCodeAt(0);

/** The mail server's packets. */
export const mta = {
  offer: (numbers: readonly number[] = postfixOffer): Buffer =>
    packet(code('O'), words(...numbers)),
  macros: (stage: string, values: Readonly<Record<string, string>>): Buffer =>
    packet(
      code('D'),
      Buffer.concat([
        Buffer.from(stage),
        ...Object.entries(values).map(([name, value]) => strings(name, value)),
      ]),
    ),
  connect: (address = '192.0.2.7', port = 40_001, host = 'client.example'): Buffer =>
    packet(
      code('C'),
      Buffer.concat([
        strings(host),
        Buffer.from(address.includes(':') ? '6' : '4'),
        Buffer.from([port >> 8, port & 0xff]),
        strings(address),
      ]),
    ),
  helo: (): Buffer => packet(code('H'), strings('client.example')),
  mail: (sender: string | Buffer, ...more: readonly string[]): Buffer =>
    packet(
      code('M'),
      typeof sender === 'string' ? strings(sender, ...more) : Buffer.concat([sender, Buffer.of(0)]),
    ),
  rcpt: (recipient: string, transport?: string, queueId?: string): Buffer =>
    Buffer.concat([
      mta.macros('R', {
        ...(queueId === undefined ? {} : { i: queueId }),
        ...(transport === undefined ? {} : { '{rcpt_mailer}': transport }),
      }),
      packet(code('R'), strings(recipient)),
    ]),
  header: (name: string, value: string): Buffer => packet(code('L'), strings(name, value)),
  endOfHeaders: (): Buffer => packet(code('N')),
  body: (text: string | Buffer): Buffer => packet(code('B'), text),
  end: (queueId?: string, rest = ''): Buffer =>
    Buffer.concat([
      queueId === undefined ? Buffer.alloc(0) : mta.macros('E', { i: queueId }),
      packet(code('E'), rest),
    ]),
  data: (): Buffer => packet(code('T')),
  abort: (): Buffer => packet(code('A')),
  quit: (): Buffer => packet(code('Q')),
  quitNew: (): Buffer => packet(code('K')),
  /** A whole message of a login to one outside recipient, from MAIL to the end. */
  message: (login: string, queueId = 'QUEUE1'): Buffer =>
    Buffer.concat([
      mta.macros('M', { '{auth_authen}': login, '{auth_type}': 'PLAIN' }),
      mta.mail('<joe@here.example>'),
      mta.rcpt('<ann@there.example>', 'smtp'),
      mta.macros('T', { i: queueId }),
      mta.header('From', 'Joe <joe@here.example>'),
      mta.header('Subject', 'Lunch'),
      mta.header('Message-ID', '<1@here.example>'),
      mta.body('Shall we have lunch today?\r\n'),
      mta.end(queueId),
    ]),
} as const;

/** One answer: its command character and its data. */
export type ReceivedPacket = { readonly command: string; readonly text: string };

/** Cuts a stream of answers into packets. */
export function answers(bytes: Buffer): readonly ReceivedPacket[] {
  const heard: ReceivedPacket[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    heard.push({
      command: String.fromCharCode(bytes[at + 4] ?? 0),
      text: bytes.toString('latin1', at + 5, end),
    });
    at = end;
  }
  return heard;
}

/** A gate that records each call. */
export class RecordingGate implements Gate {
  readonly begun: Submitter[] = [];
  readonly submitted: { readonly message: Submission; readonly by: Submitter['by'] }[] = [];
  readonly #begin: (submitter: Submitter) => Answer;
  readonly #submit: (message: Submission, answer: (answer: Answer) => void) => void;

  constructor(
    how: {
      readonly begin?: (submitter: Submitter) => Answer;
      readonly submit?: (message: Submission, answer: (answer: Answer) => void) => void;
    } = {},
  ) {
    this.#begin = how.begin ?? (() => pass);
    this.#submit = how.submit ?? ((_message, answer) => answer(pass));
  }

  mayBegin(submitter: Submitter): Answer {
    this.begun.push(submitter);
    return this.#begin(submitter);
  }

  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    this.submitted.push({ message, by });
    this.#submit(message, answer);
  }
}

/** A reader that writes down what it hears, and answers with `edits`, or when it is told to. */
export class RecordingReading implements EditSource {
  readonly phase = 'after-judgement';
  readonly started: MessageStart[] = [];
  readonly headers: (readonly [name: string, value: string])[] = [];
  body = '';
  /** Callbacks that wait for their edits. */
  readonly finishing: Finished[] = [];
  /** Why it refuses the message. */
  refused: string | undefined;
  readonly #edits: readonly HeaderEdit[] | 'later';
  readonly #wanted: (start: MessageStart) => boolean;

  constructor(
    edits: readonly HeaderEdit[] | 'later',
    wanted: (start: MessageStart) => boolean = () => true,
  ) {
    this.#edits = edits;
    this.#wanted = wanted;
  }

  open(start: MessageStart): MessageReader | undefined {
    this.started.push(start);
    if (!this.#wanted(start)) return undefined;
    this.headers.length = 0;
    this.body = '';
    return {
      header: (name, value) => this.headers.push([name, value]),
      body: (bytes, from, to) => {
        this.body += bytes.toString('latin1', from, to);
      },
      finish: (done) => {
        this.finishing.push(done);
        if (this.#edits !== 'later') done(this.#edits, this.refused);
      },
    };
  }
}

/** One milter connection without a socket. */
export class Conversation {
  readonly gate: RecordingGate;
  readonly session: MilterSession;
  readonly counted: string[] = [];
  ended = false;
  #sent: Buffer[] = [];

  constructor(
    gate: RecordingGate = new RecordingGate(),
    options: Partial<MilterOptions> = {},
    reading?: EditSource,
    scanning?: ScanSource,
    handovers?: HandoverLookup,
    memory: {
      readonly rooms?: SessionRooms;
      readonly trusted?: boolean;
      readonly authors?: AuthorsSource;
    } = {},
  ) {
    this.gate = gate;
    this.session = new MilterSession({
      path: plainPath(
        gate,
        [reading, scanning].filter((source) => source !== undefined),
        memory.authors,
      ),
      handovers,
      rooms: memory.rooms ?? openSessionRooms(),
      trusted: memory.trusted ?? true,
      options: { ...milterDefaults, ...options },
      clock: { now: () => 1_700_000_000_000 as Millis },
      log: () => {},
      count: (name, _by, label) =>
        this.counted.push(label === undefined ? name : `${name} ${label}`),
      write: (bytes) => this.#sent.push(bytes),
      end: () => {
        this.ended = true;
      },
      noEdits: () => this.counted.push('no-edits'),
      run: (step) => step(),
    });
  }

  /** Sends these packets at once; returns the answers since the last call. */
  say(packets: readonly Buffer[] | Buffer): readonly ReceivedPacket[] {
    this.session.take(Buffer.isBuffer(packets) ? packets : Buffer.concat(packets));
    return this.heard();
  }

  /** The answers since the last call. */
  heard(): readonly ReceivedPacket[] {
    const heard = answers(Buffer.concat(this.#sent));
    this.#sent = [];
    return heard;
  }

  /** Says these packets; returns only the command characters of the answers. */
  commands(packets: readonly Buffer[] | Buffer): string {
    return this.say(packets)
      .map(({ command }) => command)
      .join('');
  }

  /** Negotiates and connects a client. */
  greet(offer: readonly number[] = postfixOffer, connection: Buffer = mta.connect()): this {
    this.say([mta.offer(offer), connection]);
    return this;
  }
}
