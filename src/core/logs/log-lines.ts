/**
 * Turns the lines of an old mail log into events with their times.
 *
 * Each machine in a log has a clock of its own, and only lines that give facts move it. A time that
 * is far from those around it is not believed: the line gets the time of the line before it. So a
 * fact may wait for the next one of its machine; `end` gives what still waits.
 */
import { type Frame, frameOf } from '../../formats/logs/frame.ts';
import type { ZoneOffset } from '../../formats/logs/host-clock.ts';
import { JournalText } from '../../formats/logs/journal-text.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { DefaultDomain } from '../account-name.ts';
import type { LogEvent, LogFact } from '../event.ts';
import { type HeldFacts, type LogCounts, LogFacts, type LogHost } from './log-facts.ts';

export type LogLines = {
  /** Events of the line, and those that waited for it. */
  take(line: string): readonly LogEvent[];
  /** Events that still wait. The next line begins another log. `writtenAt`: see LogLinesOptions. */
  end(writtenAt?: Millis): readonly LogEvent[];
  counts(): LogCounts;
  /** Lines with facts and without a time: each got the time of the line before it. */
  untimed(): number;
  /** The most frequent shapes of lines that are of mail and were not understood. */
  strangest(count: number): readonly ShapeCount[];
};

export type LogLinesOptions = {
  readonly defaultDomain: DefaultDomain;
  /** When the log was last written to: stamps may have no year. */
  readonly writtenAt: Millis;
  /** Of the clocks whose stamps name none; by default this machine's. */
  readonly zone?: ZoneOffset;
};

/** A time this far from the line before is believed only if the next line agrees. */
const jumpMax: number = 90 * dayMs;
export function openLogLines(options: LogLinesOptions): LogLines {
  return new OldLines(options);
}

class OldLines implements LogLines {
  readonly #facts: LogFacts;
  readonly #defaultDomain: DefaultDomain;
  readonly #records = new JournalText((line, outer, host) => withOuter(frameOf(line), outer, host));
  #writtenAt: Millis;
  #untimed = 0;

  constructor({ defaultDomain, writtenAt, zone }: LogLinesOptions) {
    this.#facts = new LogFacts(zone);
    this.#defaultDomain = defaultDomain;
    this.#writtenAt = writtenAt;
  }

  counts(): LogCounts {
    return this.#facts.counts();
  }

  untimed(): number {
    return this.#untimed;
  }

  strangest(count: number): readonly ShapeCount[] {
    return this.#facts.strangest(count);
  }

  take(line: string): readonly LogEvent[] {
    const record = this.#records.take(line);
    if (record === 'part') {
      this.#facts.part(1);
      return none;
    }
    if (record === 'no-record') return this.#frame(frameOf(line));
    return this.#frame(record.record);
  }

  end(writtenAt?: Millis): readonly LogEvent[] {
    const last = this.#records.end();
    const events: LogEvent[] = [];
    if (last !== undefined) {
      this.#facts.part(-1);
      events.push(...this.#frame(last));
    }
    for (const host of this.#facts.hosts()) {
      if (host.held !== undefined) events.push(...this.#last(host, host.held));
      host.held = undefined;
      host.clock.last = Number.NaN;
    }
    if (writtenAt !== undefined) this.#writtenAt = writtenAt;
    return events;
  }

  #frame(frame: Frame | undefined): readonly LogEvent[] {
    const facts = this.#facts.read(frame, this.#defaultDomain);
    if (facts.length === 0 || frame === undefined) return none;
    if (frame.stamp === undefined) this.#untimed++;
    const host = this.#facts.host(frame.host);
    const at =
      frame.stamp === undefined
        ? this.#unstamped(host)
        : host.clock.place(frame.stamp, this.#writtenAt);
    return placed(host, at, facts);
  }

  #unstamped({ clock, held }: LogHost): number {
    if (held !== undefined) return held.at;
    return Number.isNaN(clock.last) ? this.#writtenAt : clock.last;
  }

  /** The last fact of a log. Nothing stands behind it that could agree. */
  #last({ clock, name }: LogHost, { at, facts }: HeldFacts): readonly LogEvent[] {
    const isFar = !Number.isNaN(clock.last) && at > this.#writtenAt + dayMs;
    return eventsOf(name, isFar ? clock.last : at, facts);
  }
}

const none: readonly LogEvent[] = [];

/** Sets the clock of the machine; a far jump waits for the next fact. */
function placed(host: LogHost, at: number, facts: readonly LogFact[]): readonly LogEvent[] {
  const { clock, held, name } = host;
  if (held === undefined) {
    if (isNear(clock.last, at)) {
      clock.last = at;
      return eventsOf(name, at, facts);
    }
    host.held = { at, facts };
    return none;
  }
  host.held = undefined;
  if (isNear(held.at, at)) {
    clock.last = at;
    return [...eventsOf(name, held.at, held.facts), ...eventsOf(name, at, facts)];
  }
  // The line between was alone with its time.
  const isFirst = Number.isNaN(clock.last);
  const before = eventsOf(name, isFirst ? at : clock.last, held.facts);
  if (isFirst) clock.last = at;
  return [...before, ...placed(host, at, facts)];
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= jumpMax;
}

function eventsOf(host: string, at: number, facts: readonly LogFact[]): readonly LogEvent[] {
  const when = Math.floor(at) as Millis;
  const events = facts as readonly (LogFact & { at: Millis; host: string })[];
  // In place: a copy of each fact would be a large part of the work.
  for (const event of events) {
    event.at = when;
    event.host = host;
  }
  return events;
}

function withOuter(
  frame: Frame | undefined,
  stamp: Frame['stamp'],
  host: string,
): Frame | undefined {
  if (frame === undefined) return undefined;
  return { ...frame, stamp: stamp ?? frame.stamp, host: frame.host === '' ? host : frame.host };
}
