/**
 * Splits a line of a log file into time, program and text. Pure, never throws. The known forms:
 *
 *   Nov 23 19:24:22 mail postfix/smtpd[123]: text          traditional syslog (RFC 3164), and
 *                                                          Postfix's own maillog_file
 *   2026-11-23T19:24:22.123456+01:00 mail dovecot: text    rsyslog and syslog-ng today (RFC 3339)
 *   Nov 23 19:24:22 imap-login: Info: text                 a log file that Dovecot writes
 */
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';

export type SyslogLine = {
  /** The time as written in the line; see timeOf. */
  readonly stamp: string;
  /** `postfix/submission/smtpd`, `dovecot`. */
  readonly tag: string;
  readonly text: string;
  /** How many times it was logged. Syslog daemons may fold repetitions into one line. */
  readonly times: number;
};

const old = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? /;
const rfc3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)? /;
const byHost = /^\S+ ([^\s[\]:]{1,100})(?:\[\d+\])?: /;
const byDovecot =
  /^[\w-]{1,40}(?:\([^()]{0,300}\))?(?:<\d+>)?(?:<[^<>]{0,60}>)?: (Info|Warning|Error): /;
const repeated = /^message repeated (\d{1,6}) times: \[ ?/;

/** More repetitions than this are not believed. */
const timesMax = 1_000;
/** An older line says nothing about the present. */
const behindMax: number = dayMs;
/** A line further in the future has the wrong time zone, because one machine has one clock. */
const aheadMax: number = minuteMs;

/** Returns the parts of the line; undefined if its form is unknown. */
export function parseSyslog(line: string): SyslogLine | undefined {
  const stamp = (old.exec(line) ?? rfc3339.exec(line))?.[0];
  if (stamp === undefined) return undefined;
  const rest = line.slice(stamp.length);
  const own = byDovecot.exec(rest);
  if (own !== null) {
    const text = rest.replace(`: ${own[1]}: `, ': ');
    return { stamp: stamp.trimEnd(), tag: 'dovecot', text, times: 1 };
  }
  const head = byHost.exec(rest);
  if (head === null) return undefined;
  return { stamp: stamp.trimEnd(), tag: head[1] ?? '', ...unfolded(rest.slice(head[0].length)) };
}

/** `message repeated 3 times: [ text]` → text, three times. */
export function unfolded(text: string): { readonly text: string; readonly times: number } {
  const fold = repeated.exec(text);
  if (fold === null || !text.endsWith(']')) return { text, times: 1 };
  const times = Math.min(Math.max(Number(fold[1]), 1), timesMax);
  return { text: text.slice(fold[0].length, -1), times };
}

/**
 * The time of a stamp. A traditional stamp has neither year nor zone; it gets this machine's zone
 * and the year that brings it nearest to `now`. NaN if the stamp is not a time.
 */
export function timeOf(stamp: string, now: Millis): number {
  if (/^\d/.test(stamp)) return Date.parse(stamp.replace(' ', 'T'));
  const year = new Date(now).getFullYear();
  const [month = '', day = '', time = ''] = stamp.split(/ +/);
  let nearest = Number.NaN;
  for (const one of [year - 1, year, year + 1]) {
    const at = Date.parse(`${month} ${day} ${one} ${time}`);
    const nearer = Number.isNaN(nearest) || Math.abs(at - now) < Math.abs(nearest - now);
    if (nearer) nearest = at;
  }
  return nearest;
}

/**
 * The time at which an event is counted: the log's if it can be right, otherwise the clock's.
 * Undefined if the event is older than a day.
 */
export function countedAt(logged: number, now: Millis): Millis | undefined {
  if (Number.isNaN(logged) || logged > now + aheadMax) return now;
  return logged < now - behindMax ? undefined : (Math.floor(logged) as Millis);
}
