/**
 * Turns lines of mail logs into facts, and counts each line as one of five: it gave facts, it is of
 * mail and none is needed, it is of mail and not understood, it is not of mail, or it has no known
 * form. It keeps the clock of each machine for those who place the facts in time.
 */
import type { Frame } from '../../formats/logs/frame.ts';
import { HostClock, ZoneDays, type ZoneOffset } from '../../formats/logs/host-clock.ts';
import { mailProgram } from '../../formats/logs/mail-programs.ts';
import { type ShapeCount, Shapes } from '../../formats/logs/shapes.ts';
import { machineZone } from '../../lib/time.ts';
import type { DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { dovecotFact, pamFact } from './dovecot-line.ts';
import { eximFacts } from './exim-line.ts';
import { OpensmtpdLines } from './opensmtpd-line.ts';
import { type LineFacts, noFacts, PostfixLines } from './postfix-line.ts';

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
const repeated = /^message repeated (\d{1,6}) times: \[ ?/;

export type HeldFacts = { readonly at: number; readonly facts: readonly LogFact[] };

/** What is kept of one machine. */
export type LogHost = {
  readonly name: string;
  readonly clock: HostClock;
  held: HeldFacts | undefined;
};

type Counted = { -readonly [Name in Exclude<keyof LogCounts, 'lines'>]: number };

export class LogFacts {
  readonly #counted: Counted = { told: 0, known: 0, strange: 0, other: 0, formless: 0 };
  readonly #shapes = new Shapes();
  readonly #hosts = new Map<string, LogHost>();
  readonly #zone: ZoneDays;
  readonly #postfix = new PostfixLines();
  readonly #opensmtpd = new OpensmtpdLines();

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
    const counted = this.#counted;
    if (frame === undefined) {
      counted.formless++;
      return noFacts;
    }
    const program = mailProgram(frame.tag);
    if (program === 'other') {
      counted.other++;
      return noFacts;
    }
    if (program === 'around') {
      counted.known++;
      return noFacts;
    }
    const { text, times } = unfolded(frame.text);
    const facts = this.#facts(program, { ...frame, text, times }, defaultDomain);
    if (facts === undefined) {
      counted.strange++;
      this.#shapes.count(frame.tag, text);
      return noFacts;
    }
    if (facts.length === 0) counted.known++;
    else counted.told++;
    return facts;
  }

  #facts(
    program: 'postfix' | 'dovecot' | 'exim' | 'opensmtpd' | 'pam',
    { host, pid, tag, text, times }: Omit<Frame, 'stamp'> & { readonly times: number },
    defaultDomain: DefaultDomain,
  ): LineFacts {
    switch (program) {
      case 'postfix':
        return this.#postfix.read({ host, tag, pid, text, times }, defaultDomain);
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
    }
  }
}

/** A line about a failed login that gave no fact, and names a login, was not understood. */
const failedLogin = /^[a-z0-9]{2,20}-login: .{0,300}auth failed.{0,100}: user=<[^>]/;

function ofDovecot(text: string, times: number, defaultDomain: DefaultDomain): LineFacts {
  const fact = dovecotFact(text, times, defaultDomain);
  if (fact !== undefined) return [fact];
  return failedLogin.test(text) ? undefined : noFacts;
}

/** `message repeated 3 times: [ text]` → text, three times. */
function unfolded(text: string): { readonly text: string; readonly times: number } {
  const fold = text.startsWith('message repeated ') ? repeated.exec(text) : null;
  if (fold === null || !text.endsWith(']')) return { text, times: 1 };
  const times = Math.min(Math.max(Number(fold[1]), 1), timesMax);
  return { text: text.slice(fold[0].length, -1), times };
}
