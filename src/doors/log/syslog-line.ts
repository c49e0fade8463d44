/**
 * One line of a log file → when, which program, what it says. The forms that mail servers' logs
 * come in:
 *
 *   Nov 23 19:24:22 mail postfix/smtpd[123]: text           syslog as of old, and Postfix's own maillog_file
 *   2026-11-23T19:24:22.123456+01:00 mail dovecot: text     rsyslog and syslog-ng today (RFC 3339)
 *   Nov 23 19:24:22 imap-login: Info: text                  a log file that Dovecot writes itself
 *
 * Pure, never throws.
 */
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';

export type SyslogLine = {
  /** As it stands in the line; see timeOf. */
  readonly stamp: string;
  /** `postfix/submission/smtpd`, `dovecot`. */
  readonly tag: string;
  readonly text: string;
  /** So often was it said: syslog daemons may fold repetitions into one line. */
  readonly times: number;
};

const old = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? /;
const rfc3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)? /;
const byHost = /^\S+ ([^\s[\]:]{1,100})(?:\[\d+\])?: /;
const byDovecot =
  /^[\w-]{1,40}(?:\([^()]{0,300}\))?(?:<\d+>)?(?:<[^<>]{0,60}>)?: (Info|Warning|Error): /;
const repeated = /^message repeated (\d{1,6}) times: \[ ?/;

/** A line that claims more repetitions than this is not believed to the letter. */
const timesMax = 1_000;
/** A log that is further behind tells nothing about now. */
const behindMax: number = dayMs;
/** Clocks of one machine agree; what is further ahead has the wrong time zone. */
const aheadMax: number = minuteMs;

/** The parts of the line; undefined when it is in no form that is known. */
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
 * When it was logged. Old stamps have no year and no zone: this machine's zone, and the year that
 * comes nearest to now. NaN for what is no time.
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
 * The time an event is counted at: the log's where it can be right, else the clock's. Undefined:
 * too long ago.
 */
export function countedAt(logged: number, now: Millis): Millis | undefined {
  if (Number.isNaN(logged) || logged > now + aheadMax) return now;
  return logged < now - behindMax ? undefined : (Math.floor(logged) as Millis);
}
