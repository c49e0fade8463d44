/**
 * Turns lines of mail logs into facts, and counts each line as one of five: it gave facts, it is of
 * mail and none is needed, it is of mail and not understood, it is not of mail, or it has no known
 * form. It keeps the clock of each machine for those who place the facts in time.
 */
import type { Frame } from '../../formats/logs/frame.ts';
import { HostClock, ZoneDays, type ZoneOffset } from '../../formats/logs/host-clock.ts';
import { type MailProgram, mailProgram } from '../../formats/logs/mail-programs.ts';
import { type ShapeCount, Shapes } from '../../formats/logs/shapes.ts';
import { machineZone } from '../../lib/time.ts';
import type { DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { dovecotFact, pamFact } from './dovecot-line.ts';
import { eximFacts } from './exim-line.ts';
import { OpensmtpdReader } from './opensmtpd-line.ts';
import { type LineFacts, type LineParts, noFacts, PostfixReader } from './postfix-line.ts';

/** How many lines were read, and as what. `lines` is the sum of the others. */
export type LogCounts = {
  readonly lines: number;
  /** Gave facts. */
  readonly told: number;
  /** Of mail, and no fact is needed. */
  readonly known: number;
  /** Of mail, and not understood. */
  readonly strange: number;
  /** Not of mail. */
  readonly other: number;
  /** No time and no program could be found. */
  readonly formless: number;
};

/** Machines in one log. Lines of further ones share what is known of one. */
const hostsMax = 1_000;
/** More repetitions than this are not believed. */
const timesMax = 1_000;
const again = /^last message repeated (\d{1,6}) times?$/;
/** `[61B blob data]`: what journalctl prints instead of a text that is not UTF-8. */
const leftOut = /^\[[\d.]{1,9}[BKM] blob data\]$/;
const repeated = /^message repeated (\d{1,6}) times: \[ ?/;

export type HeldFacts = { readonly at: number; readonly facts: readonly LogFact[] };

/** What is kept of one machine. */
export type LogHost = {
  readonly name: string;
  readonly clock: HostClock;
  held: HeldFacts | undefined;
};

type MailServer = Exclude<MailProgram, 'around' | 'other' | 'syslogd'>;
type Counted = { -readonly [Name in Exclude<keyof LogCounts, 'lines'>]: number };

export class LogFacts {
  readonly #counted: Counted = { told: 0, known: 0, strange: 0, other: 0, formless: 0 };
  readonly #shapes = new Shapes();
  /** The line before, if it is about a failed login. */
  #last: { readonly program: MailServer; readonly parts: LineParts } | undefined;
  readonly #hosts = new Map<string, LogHost>();
  readonly #zone: ZoneDays;
  readonly #postfix = new PostfixReader();
  readonly #opensmtpd = new OpensmtpdReader();

  /** `zone`: of the clocks whose stamps name none. */
  constructor(zone: ZoneOffset = machineZone) {
    this.#zone = new ZoneDays(zone);
  }

  host(name: string): LogHost {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    if (this.#hosts.size >= hostsMax && name !== '') return this.host('');
    const host: LogHost = { name, clock: new HostClock(this.#zone), held: undefined };
    this.#hosts.set(name, host);
    return host;
  }

  hosts(): Iterable<LogHost> {
    return this.#hosts.values();
  }

  strangest(count: number): readonly ShapeCount[] {
    return this.#shapes.top(count);
  }

  counts(): LogCounts {
    const { told, known, strange, other, formless } = this.#counted;
    return { lines: told + known + strange + other + formless, ...this.#counted };
  }

  /** Counts lines that are parts of a record. */
  part(lines: number): void {
    this.#counted.known += lines;
  }

  /** Facts of a line; counts it. */
  read(frame: Omit<Frame, 'stamp'> | undefined, defaultDomain: DefaultDomain): readonly LogFact[] {
    if (frame === undefined) return this.#addTo('formless');
    const kind = mailProgram(frame.tag);
    if (kind === 'syslogd') return this.#again(frame.text, defaultDomain);
    this.#last = undefined;
    if (kind === 'other') return this.#addTo('other');
    if (kind === 'around') return this.#addTo('known');
    const isFolded = frame.text.startsWith('message repeated ');
    const { parts, times } = isFolded ? unfolded(frame) : { parts: frame, times: 1 };
    const facts = leftOut.test(parts.text)
      ? undefined
      : this.#facts(kind, parts, times, defaultDomain);
    if (facts === undefined) {
      this.#shapes.count(frame.tag, parts.text);
      return this.#addTo('strange');
    }
    if (facts.length === 0) return this.#addTo('known');
    if (facts.some(isFailedLogin)) this.#last = { program: kind, parts };
    return this.#addTo('told', facts);
  }

  #addTo(kind: keyof Counted, facts = noFacts): readonly LogFact[] {
    this.#counted[kind]++;
    return facts;
  }

  /** The line before, repeated. Only lines about a failed login can be the same again. */
  #again(text: string, defaultDomain: DefaultDomain): readonly LogFact[] {
    const times = Math.min(Number(again.exec(text)?.[1] ?? 0), timesMax);
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined || times === 0) return this.#addTo('other');
    const facts = this.#facts(last.program, last.parts, times, defaultDomain) ?? noFacts;
    return this.#addTo('told', facts);
  }

  #facts(
    program: MailServer,
    parts: LineParts,
    times: number,
    defaultDomain: DefaultDomain,
  ): LineFacts {
    const { text } = parts;
    switch (program) {
      case 'postfix':
        return this.#postfix.read(parts, times, defaultDomain);
      case 'dovecot':
        return ofDovecot(text, times, defaultDomain);
      case 'exim':
        return eximFacts(text, defaultDomain);
      case 'opensmtpd':
        return this.#opensmtpd.read(text, defaultDomain);
      case 'pam': {
        const fact = pamFact(text, defaultDomain);
        return fact === undefined ? noFacts : [fact];
      }
      case 'sendmail':
        return undefined; // its lines are not read
    }
  }
}

function isFailedLogin(fact: LogFact): boolean {
  return fact.kind === 'login' && !fact.ok;
}

/** A line about a failed login that gave no fact, and names a login, was not understood. */
const failureUnread = /^[a-z0-9]{2,20}-login: .{0,300}auth failed.{0,100}: user=<[^>]/;

function ofDovecot(text: string, times: number, defaultDomain: DefaultDomain): LineFacts {
  const fact = dovecotFact(text, times, defaultDomain) ?? pamFact(text, defaultDomain);
  if (fact !== undefined) return [fact];
  return failureUnread.test(text) ? undefined : noFacts;
}

/** `message repeated 3 times: [ text]` → text, three times. */
function unfolded(parts: LineParts): { readonly parts: LineParts; readonly times: number } {
  const { host, pid, tag, text } = parts;
  const fold = repeated.exec(text);
  if (fold === null || !text.endsWith(']')) return { parts, times: 1 };
  const times = Math.min(Math.max(Number(fold[1]), 1), timesMax);
  return { parts: { host, pid, tag, text: text.slice(fold[0].length, -1) }, times };
}
