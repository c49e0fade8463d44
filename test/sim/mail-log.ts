/**
 * Makes mail logs of any size from what real mail servers logged of single messages
 * (test/fixtures/logs): each message of the made log is one of these stories, with other names,
 * queue ids and times. Two Postfix hosts write into one stream, one of them with a slow clock; Exim
 * and OpenSMTPD have files of their own. Files are rotated, first attempts come late, servers are
 * restarted, short ids are used again, some messages share a Message-ID.
 *
 * Who sent a message can be read from its recipients: `to-7-12-0@…` is of account 7. Shares no code
 * with what reads logs.
 */
import { closeSync, openSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Dice, openDice } from './dice.ts';

export type LogStory = {
  readonly program: 'postfix' | 'exim' | 'opensmtpd';
  readonly name: string;
  /** Who handed the message over; absent: nobody of this server. */
  readonly account?: string | undefined;
  /** The address that the lines have for the account. */
  readonly login: string;
  readonly to: readonly string[];
  readonly lines: readonly string[];
};

export type LogPlan = {
  readonly stories: readonly LogStory[];
  readonly messages: number;
  readonly seed: number;
  readonly accounts: number;
  /** When the first line was written. */
  readonly start: number;
  readonly linesPerFile: number;
  /**
   * The mail of a usual server: stories by name and how frequent they are, and how many people an
   * account writes to. Absent: all stories are as frequent, and each message has new recipients.
   */
  readonly usual?: {
    readonly frequency: Readonly<Record<string, number>>;
    readonly friends: number;
  };
};

export type MadeLogs = {
  /** The oldest of each host first. */
  readonly files: readonly string[];
  readonly lines: number;
  readonly messages: number;
  /** Attempts to deliver, without those to a filter. */
  readonly deliveries: number;
};

/** The account that has handed over mail to this recipient; undefined: it came in. */
export function accountOfRecipient(recipient: string): string | undefined {
  const [, how, number] = /^(to-|local-|user)(\d+)[-@]/.exec(recipient) ?? [];
  if (number === undefined) return undefined;
  return `${how === 'local-' ? 'local:' : ''}user${number}@mail.test`;
}

/** The time between two messages. */
const everyMs = 400;
const sharedIdShare = 0.01;
const lateShare = 0.1;
const restartShare = 1 / 20_000;
const inodes = 4_000;
const longDigits = 'BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy0123456789';
const attempt = / status=(?:sent|deferred|bounced|SOFTBOUNCE) | (?:=>|->|==|\*\*) | mta delivery /;
/** Exim did not try; it says that it is too early. */
const notTried = / routing defer /;
const toFilter = / status=sent \((?:.*queued as |delivered via again service)/;
const idForms = {
  postfix: /(?<=: |as |orig_id=)(?:[0-9A-F]{9,12}|4[0-9A-Za-z]{14})(?=[:)\n]|$)/,
  exim: /\b[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}\b/,
  opensmtpd: /\b[0-9a-f]{8}(?:[0-9a-f]{8})?\b/,
} as const;

/** What stands in the place of a text that is different in each message. */
type Blank = { readonly kind: 'id' | 'to' | 'login' | 'name' | 'client'; readonly nth: number };
type Piece = string | Blank;
type Mark = readonly [text: string, blank: Blank];
type Line = { readonly afterMs: number; readonly pieces: readonly Piece[] };
type Template = {
  readonly story: LogStory;
  readonly lines: readonly Line[];
  readonly ids: readonly string[];
  /** From this line on, lines are late if the first attempt is. */
  readonly lateFrom: number;
  readonly deliveries: number;
};

export function makeMailLogs(dir: string, plan: LogPlan): MadeLogs {
  const dice = openDice(plan.seed);
  const templates = plan.stories.flatMap((story) => {
    const template = templateOf(story);
    return Array.from({ length: plan.usual?.frequency[story.name] ?? 1 }, () => template);
  });
  const streams = {
    postfix: new Stream(join(dir, 'mail.log'), plan.linesPerFile),
    exim: new Stream(join(dir, 'mainlog'), plan.linesPerFile),
    opensmtpd: new Stream(join(dir, 'maillog'), plan.linesPerFile),
  };
  let deliveries = 0;
  let sharedName = '';
  for (let nth = 0; nth < plan.messages; nth++) {
    const at = plan.start + nth * everyMs;
    const template = dice.pick(templates);
    const { program } = template.story;
    const stream = streams[program];
    stream.flush(at);
    const host = program === 'postfix' ? 1 + dice.below(2) : 0;
    const account = dice.below(plan.accounts);
    const isShared = sharedName !== '';
    const name = isShared ? sharedName : `${nth}.${plan.seed}@client.test`;
    sharedName = !isShared && dice.roll() < sharedIdShare ? name : '';
    // Half of the mail of a person goes to a few of the others.
    const to = plan.usual === undefined ? nth : Math.floor(plan.usual.friends * dice.roll() ** 2);
    const made = { to, account, name, ids: newIds(dice, template) };
    const lateMs = dice.roll() < lateShare ? 1_000_000 + dice.below(17_000_000) : 0;
    for (const [place, line] of template.lines.entries()) {
      const when = at + line.afterMs + (place >= template.lateFrom ? lateMs : 0);
      stream.add(when, printed(program, host, when, filled(line, template.story, made)));
    }
    deliveries += template.deliveries;
    if (dice.roll() > restartShare) continue;
    for (const text of restarted) streams.postfix.add(at, printed('postfix', host, at, text));
  }
  const all = Object.values(streams);
  for (const stream of all) stream.end();
  return {
    files: all.flatMap(({ files }) => files),
    lines: all.reduce((sum, { lines }) => sum + lines, 0),
    messages: plan.messages,
    deliveries,
  };
}

const restarted = [
  'postfix/master[1]: terminating on signal 15',
  'postfix/postfix-script[2]: starting the Postfix mail system',
  'postfix/master[3]: daemon started -- version 3.7.11, configuration /etc/postfix',
];

/** What is different in each message is cut out of the recorded lines. */
function templateOf(story: LogStory): Template {
  const form = idForms[story.program];
  const ids: string[] = [];
  for (const line of story.lines) {
    for (const [id] of line.matchAll(new RegExp(form, 'g'))) if (!ids.includes(id)) ids.push(id);
  }
  const marks: Mark[] = [
    ...ids.map((id, nth): Mark => [id, { kind: 'id', nth }]),
    ...[...story.to, 'archive@mail.test'].map((to, nth): Mark => [to, { kind: 'to', nth }]),
    [story.login, { kind: 'login', nth: 0 }],
    ['story@client.test', { kind: 'name', nth: 0 }],
    ['127.0.0.7', { kind: 'client', nth: 0 }],
  ];
  // A text may be part of another.
  marks.sort(([one], [other]) => other.length - one.length);
  const first = timeOf(story.lines[0] ?? '');
  const lines = story.lines.map((text) => ({
    afterMs: timeOf(text) - first,
    pieces: cut(withoutTime(text), marks),
  }));
  const isOutward = (text: string): boolean =>
    attempt.test(text) && !toFilter.test(text) && !notTried.test(text);
  return {
    story,
    lines,
    ids,
    lateFrom: story.lines.findIndex(isOutward),
    deliveries: story.lines.filter(isOutward).length,
  };
}

function cut(text: string, marks: readonly Mark[]): readonly Piece[] {
  let pieces: Piece[] = [text];
  for (const [mark, piece] of marks) {
    pieces = pieces.flatMap((one): Piece[] =>
      typeof one !== 'string'
        ? [one]
        : one.split(mark).flatMap((rest, nth): Piece[] => (nth === 0 ? [rest] : [piece, rest])),
    );
  }
  return pieces;
}

type Made = {
  /** Number of the first recipient. */
  readonly to: number;
  readonly account: number;
  readonly name: string;
  readonly ids: readonly string[];
};

function filled({ pieces }: Line, story: LogStory, { account, ids, name, to }: Made): string {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else if (piece.kind === 'id') text += ids[piece.nth] ?? '';
    else if (piece.kind === 'login') text += `user${account}@mail.test`;
    else if (piece.kind === 'name') text += name;
    else if (piece.kind === 'client') text += `198.51.100.${account % 250}`;
    else {
      const domain = story.to[piece.nth]?.split('@')[1] ?? 'mail.test';
      const way = story.account?.startsWith('local:') === true ? 'local' : 'to';
      const who = story.account === undefined ? 'in' : `${way}-${account}`;
      text += `${who}-${to}-${piece.nth}@${domain}`;
    }
  }
  return text;
}

function newIds(dice: Dice, { ids }: Template): readonly string[] {
  const made: string[] = [];
  for (const id of ids) {
    // An envelope of OpenSMTPD has the id of its message and more.
    const whole = ids.findIndex((one) => one !== id && id.startsWith(one));
    const known = made[whole] ?? '';
    made.push(known + newId(dice, id.slice(known.length)));
  }
  return made;
}

function newId(dice: Dice, id: string): string {
  if (/^[0-9A-F]{10,}$/.test(id)) {
    const micros = dice.below(0xfffff).toString(16).padStart(5, '0');
    return (micros + (0x412_000 + dice.below(inodes)).toString(16)).toUpperCase();
  }
  if (/^[0-9a-f]+$/.test(id)) return digits(dice, '0123456789abcdef', id.length);
  const [first = '', ...others] = id.split('-');
  if (others.length === 0) return `4${digits(dice, longDigits, 9)}z${digits(dice, longDigits, 4)}`;
  return [first, ...others.map((part) => digits(dice, longDigits, part.length))].join('-');
}

function digits(dice: Dice, alphabet: string, length: number): string {
  let text = '';
  for (let nth = 0; nth < length; nth++) text += alphabet[dice.below(alphabet.length)];
  return text;
}

const recordedTime = /^(?:[A-Z][a-z]{2} \d\d|\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d) /;

function timeOf(line: string): number {
  const [, hours, minutes, seconds] = recordedTime.exec(line) ?? [];
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

/** The text behind time and host. */
function withoutTime(line: string): string {
  return line.replace(recordedTime, '').replace(/^[a-z]+ (?=(?:postfix|smtpd)\b)/, '');
}

/** The slow clock of the second host, in milliseconds. */
const behindMs = 2_400_000;

function printed(program: LogStory['program'], host: number, at: number, text: string): string {
  if (program === 'exim') return `${iso(at).slice(0, 19).replace('T', ' ')} ${text}\n`;
  if (program === 'opensmtpd') return `${old(at)} os1 ${text}\n`;
  if (host === 1) return `${iso(at)}+00:00 mx1 ${text}\n`;
  return `${iso(at - behindMs)}+00:00 mx2 ${text}\n`;
}

const iso = (at: number): string => new Date(at).toISOString().slice(0, 23);

function old(at: number): string {
  const text = new Date(at).toUTCString(); // Sun, 29 Nov 2026 01:02:17 GMT
  return `${text.slice(8, 11)} ${text.slice(5, 7).replace(/^0/, ' ')} ${text.slice(17, 25)}`;
}

/** Writes lines in order of time into files, of which each but the last is full. */
class Stream {
  readonly files: string[] = [];
  lines = 0;
  readonly #path: string;
  readonly #linesMax: number;
  /** Second → its lines. */
  readonly #waiting = new Map<number, string[]>();
  #written = Number.NaN;
  #file: number | undefined;
  #inFile = 0;
  #text = '';

  constructor(path: string, linesMax: number) {
    this.#path = path;
    this.#linesMax = linesMax;
  }

  add(at: number, line: string): void {
    const second = Math.floor(at / 1_000);
    const known = this.#waiting.get(second);
    if (known === undefined) this.#waiting.set(second, [line]);
    else known.push(line);
  }

  /** Writes what is older. */
  flush(before: number): void {
    const end = Math.floor(before / 1_000);
    if (Number.isNaN(this.#written)) this.#written = end;
    for (; this.#written < end; this.#written++) this.#second(this.#written);
  }

  end(): void {
    for (const second of [...this.#waiting.keys()].sort((one, other) => one - other)) {
      this.#second(second);
      this.#written = second;
    }
    this.#close();
  }

  #second(second: number): void {
    const lines = this.#waiting.get(second);
    if (lines === undefined) return;
    this.#waiting.delete(second);
    for (const line of lines) this.#text += line;
    this.lines += lines.length;
    this.#inFile += lines.length;
    if (this.#text.length > 1 << 20) this.#write();
    if (this.#inFile < this.#linesMax) return;
    this.#close();
  }

  #write(): void {
    if (this.#file === undefined) {
      const path = `${this.#path}.${String(this.files.length).padStart(3, '0')}`;
      this.files.push(path);
      this.#file = openSync(path, 'w');
    }
    writeSync(this.#file, this.#text);
    this.#text = '';
  }

  #close(): void {
    if (this.#text !== '') this.#write();
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#inFile = 0;
    utimesSync(this.files.at(-1) ?? '', this.#written, this.#written);
  }
}
