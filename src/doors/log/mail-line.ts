/**
 * Turns lines of the live mail log, from a file or the systemd journal, into events. Most lines do
 * not matter to the guard and give none.
 */

import type { DefaultDomain } from '../../core/account-name.ts';
import type { LogEvent, LogFact } from '../../core/event.ts';
import { type LogCounts, LogFacts } from '../../core/logs/log-facts.ts';
import { frameOf } from '../../formats/logs/frame.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';

export type LineContext = {
  /** Appended to logins without a domain. */
  readonly defaultDomain: DefaultDomain;
  readonly now: Millis;
};

/** A record of the journal. `tag`: its SYSLOG_IDENTIFIER. `logged`: milliseconds since 1970. */
export type RecordLine = {
  readonly tag: string;
  readonly pid: string;
  readonly message: string;
  readonly logged: number;
};

export type MailLines = {
  /** The events of a line of a log file: one, several for a message that a login sent, or none. */
  readonly fileEvents: (line: string, context: LineContext) => readonly LogEvent[];
  readonly journalEvents: (record: RecordLine, context: LineContext) => readonly LogEvent[];
  /** Lines read, and as what. */
  readonly counts: () => LogCounts;
  readonly strangest: (count: number) => readonly ShapeCount[];
};

/** An older line says nothing about mail of which something is kept. */
const behindMax: number = 31 * dayMs;
/** A line further in the future has the wrong time zone, because one machine has one clock. */
const aheadMax: number = minuteMs;

const none: readonly LogEvent[] = [];

/** Reads the lines of one log. */
export function openMailLines(): MailLines {
  const facts = new LogFacts();
  return {
    fileEvents(line, { defaultDomain, now }) {
      const frame = frameOf(line);
      const found = facts.read(frame, defaultDomain);
      if (found.length === 0 || frame === undefined) return none;
      const { clock } = facts.host(frame.host);
      const logged = frame.stamp === undefined ? now : clock.place(frame.stamp, now);
      const when = countedAt(logged, now);
      if (when === undefined) return none;
      clock.last = when;
      return eventsAt(found, when, frame.host);
    },
    // One journal is of one machine, which its records do not have to name.
    journalEvents({ logged, message, pid, tag }, { defaultDomain, now }) {
      const found = facts.read({ host: '', tag, pid, text: message }, defaultDomain);
      const when = found.length === 0 ? undefined : countedAt(logged, now);
      return when === undefined ? none : eventsAt(found, when, '');
    },
    counts: () => facts.counts(),
    strangest: (count) => facts.strangest(count),
  };
}

function eventsAt(facts: readonly LogFact[], at: Millis, host: string): readonly LogEvent[] {
  return facts.map((fact) => ({ ...fact, at, ...(host === '' ? {} : { host }) }));
}

/**
 * The time at which an event is counted: the log's if it can be right, otherwise the clock's.
 * Undefined if the event is older than a month.
 */
export function countedAt(logged: number, now: Millis): Millis | undefined {
  if (Number.isNaN(logged) || logged > now + aheadMax) return now;
  return logged < now - behindMax ? undefined : (Math.floor(logged) as Millis);
}
